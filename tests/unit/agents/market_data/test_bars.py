"""The venue's bars as its stream tells them: each once when it has ended, and what is missing told and filled."""

import json

import pytest

from agents.market_data.agent import build
from agents.market_data.rest_calls import TRIES_MAX, WAIT_NS
from core.frame import FLAG_STALE, Header
from mesh.agent import CallOutcome
from schemas.errors import ConfigError
from schemas.messages import FeedState, VenueBar
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.market_data.market_data_desk import Desk as AnyDesk
from tests.unit.agents.market_data.market_data_desk import config
from tests.unit.agents.venues.okx.okx_market import Desk as OkxDesk
from tests.unit.agents.venues.okx.okx_market import instrument, text

MS = 1_000_000
MINUTE_MS = 60_000
KLINES = "/api/v3/klines"
BARS = stream_id(Kind.BAR, 1, 1)


def frame(number, *, ended=True):
    """Return the frame of the bar that begins at `number` minutes."""
    begin = number * MINUTE_MS
    bar = {"t": begin, "T": begin + MINUTE_MS - 1, "s": "BTCUSDT", "i": "1m", "o": "100.00", "c": "101.00"}
    bar |= {"h": "102.00", "l": "99.00", "v": "2.5", "n": number, "x": ended}
    return json.dumps({"stream": "btcusdt@kline_1m", "data": {"e": "kline", "E": 7, "s": "BTCUSDT", "k": bar}}).encode()


def bar(number, wall_ns):
    return VenueBar(
        (number + 1) * MINUTE_MS * MS,
        wall_ns,
        MINUTE_MS,
        number * MINUTE_MS * MS,
        10000,
        10200,
        9900,
        10100,
        250000,
        number,
    )


class Desk(AnyDesk):
    """Market data that follows bars of a minute."""

    def __init__(self, **more):
        super().__init__(feeds=("kline_1m",), **more)

    def published(self):
        return [(m.trades, h.flags) for s, m, h in self.ctx.published if s == BARS and isinstance(m, VenueBar)]

    def answer(self, *numbers):
        (call_id,) = self.ctx.pending("GET", KLINES)
        call = self.ctx.calls[call_id]
        rows = [
            [
                n * MINUTE_MS,
                "100.00",
                "102.00",
                "99.00",
                "101.00",
                "2.5",
                (n + 1) * MINUTE_MS - 1,
                "0",
                n,
                "0",
                "0",
                "0",
            ]
            for n in numbers
        ]
        self.ctx.respond(self.agent, call_id, json.dumps(rows).encode())
        return call.params


def test_a_bar_is_published_when_it_has_ended():
    desk = Desk()
    assert desk.ctx.opened["market"].endswith("/stream?streams=btcusdt@kline_1m&timeUnit=MICROSECOND")
    desk.frame(frame(5, ended=False))
    assert desk.state(BARS) == StreamState.LIVE
    assert desk.published() == []
    desk.frame(frame(5))
    assert desk.ctx.messages(BARS)[-1] == bar(5, desk.ctx.wall_ns)
    desk.frame(frame(6))
    assert desk.published() == [(5, 0), (6, 0)]
    assert desk.agent.figures().ticks.published == desk.agent.figures().ticks.received == 0
    assert desk.ctx.counters == {}


def test_a_bar_that_comes_again_is_not_published():
    desk = Desk()
    for number in (5, 6, 6, 5, 7):
        desk.frame(frame(number))
    assert desk.published() == [(5, 0), (6, 0), (7, 0)]
    assert desk.ctx.counters == {"bars_repeated": 2}


def test_bars_that_were_passed_over_are_told_and_filled():
    desk = Desk()
    desk.frame(frame(5))
    desk.agent.on_socket("market", False, "closed: 1006")
    desk.agent.on_socket("market", True, "")
    desk.frame(frame(9))
    told = [m for m in desk.ctx.messages(BARS) if isinstance(m, FeedState)][-2:]
    assert [(m.state, m.reason) for m in told] == [
        (StreamState.GAP, "3 bars were missed"),
        (StreamState.LIVE, "3 bars were missed"),
    ]
    assert desk.answer(6, 7, 8) == {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "limit": "3",
        "endTime": str(9 * MINUTE_MS - 1),
    }
    assert desk.published() == [(5, 0), (9, 0), *((number, FLAG_STALE) for number in (6, 7, 8))]
    assert desk.ctx.counters == {"bars_missed": 3, "bars_filled": 3}


def test_an_answer_that_reaches_less_far_is_asked_on():
    desk = Desk()
    desk.frame(frame(5))
    desk.frame(frame(9))
    desk.answer(7, 8)
    assert desk.answer(6)["endTime"] == str(7 * MINUTE_MS - 1)
    assert [number for number, flags in desk.published() if flags] == [7, 8, 6]


def test_a_bar_that_an_answer_leaves_out_is_asked_for_by_itself():
    desk = Desk()
    desk.frame(frame(5))
    desk.frame(frame(11))
    desk.answer(8, 10)
    # What is before the answer is asked for at once, what is in it a little later.
    assert desk.answer(6, 7)["limit"] == "2"
    assert not desk.ctx.pending("GET", KLINES)
    desk.ctx.advance(desk.agent, WAIT_NS)
    assert desk.answer(9) == {
        "symbol": "BTCUSDT",
        "interval": "1m",
        "limit": "1",
        "endTime": str(10 * MINUTE_MS - 1),
    }
    assert [number for number, flags in desk.published() if flags] == [8, 10, 6, 7, 9]
    assert desk.ctx.counters == {"bars_missed": 5, "bars_filled": 5}


def test_bars_that_the_venue_leaves_out_for_ever_are_lost_and_told():
    desk = Desk()
    desk.frame(frame(5))
    desk.frame(frame(9))
    desk.answer(6, 8)
    for attempt in range(TRIES_MAX - 1):
        desk.ctx.advance(desk.agent, WAIT_NS << attempt)
        desk.answer(6, 8)
    assert desk.agent.figures().bars_lost == {"BTCUSDT": 1}
    assert [number for number, flags in desk.published() if flags] == [6, 8]
    desk.ctx.advance(desk.agent, 1_000 * WAIT_NS)
    assert desk.ctx.pending("GET", KLINES) == []


def test_what_the_venue_never_gives_is_lost_and_told():
    desk = Desk()
    desk.frame(frame(5))
    desk.frame(frame(8))
    for attempt in range(TRIES_MAX):
        desk.ctx.advance(desk.agent, WAIT_NS << attempt)
        (call_id,) = desk.ctx.pending("GET", KLINES)
        desk.ctx.respond(desk.agent, call_id, b"[]" if attempt % 2 else b"?", outcome=CallOutcome.ANSWERED)
    assert desk.agent.figures().bars_lost == {"BTCUSDT": 2}
    assert desk.ctx.counters["bars_lost"] == 2
    desk.ctx.advance(desk.agent, 1_000 * WAIT_NS)
    assert desk.ctx.pending("GET", KLINES) == []


def test_what_was_missed_between_two_lives_is_filled():
    header = Header(stream=BARS, type=9, sender=1, epoch=1, seq=1)
    desk = Desk(restore=[(header, bar(5, 0))])
    desk.frame(frame(7))
    desk.answer(6)
    assert desk.published() == [(7, 0), (6, FLAG_STALE)]


def test_a_length_that_the_venue_does_not_have_is_refused():
    for feeds in (("kline_7m",), ("kline_1s",)):
        with pytest.raises(ConfigError, match="is not a feed of binance_usdm"):
            build("md", config("binance_usdm", feeds=feeds))
    with pytest.raises(ConfigError, match="tell the same"):
        build("md", config(feeds=("kline_1m", "kline_5m")))


def test_bars_of_okx_come_over_a_connection_of_their_own(monkeypatch):
    sent = []
    monkeypatch.setattr(OkxDesk, "answer", lambda desk: sent.extend(desk.ctx.sent))
    desk = OkxDesk(instrument("BTC-USDT", feeds=("trade", "kline_1m")))
    assert {name: url.rpartition("/")[2] for name, url in desk.ctx.opened.items()} == {
        "public": "public",
        "business": "business",
    }
    (message,) = [message for name, message, _ in sent if name == "business"]
    assert message == {"id": "sub2", "op": "subscribe", "args": [{"channel": "candle1m", "instId": "BTC-USDT"}]}
    row = ["60000", "2.5", "3", "2", "2.5", "7", "0", "0", "1"]
    frame = text({"arg": {"channel": "candle1m", "instId": "BTC-USDT"}, "data": [row]})
    desk.ctx.receive(desk.agent, "business", frame)
    (found,) = [m for m in desk.ctx.messages(BARS) if isinstance(m, VenueBar)]
    assert (found.open_ns, found.close_ticks, found.volume_lots) == (60_000 * MS, 25, 700_000_000)


def test_bars_go_over_to_another_connection_once():
    desk = Desk()
    desk.frame(frame(5))
    desk.frame(b'{"e":"serverShutdown","E":7}')
    assert "market+" in desk.ctx.opened
    desk.agent.on_socket("market+", True, "")
    desk.frame(frame(6))
    desk.frame(frame(6), "market+")
    desk.frame(frame(7), "market+")
    desk.frame(frame(8), "market+")
    assert desk.published() == [(5, 0), (6, 0), (7, 0), (8, 0)]
    assert "bars_repeated" not in desk.ctx.counters
    assert "handovers_unproven" not in desk.ctx.counters
