"""Trades across a break, where the venue does not number them: had from its latest trades, or told as missing."""

import json

from agents.market_data.agent import build
from agents.market_data.rest_calls import TRIES_MAX, WAIT_NS
from core.frame import FLAG_STALE, Header
from mesh.agent import CallOutcome
from schemas.figures import TickFigures
from schemas.messages import FeedState, Trade
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.venues.bybit.bybit_market import config_of, instrument

TRADES = stream_id(Kind.TRADE, 1, 1)
RECENT = "/v5/market/recent-trade"


class Desk:
    """Market data of one contract of Bybit, the socket up."""

    def __init__(self, *, before=None):
        self.ctx = FakeContext("md")
        self.agent = build("md", config_of(instrument(1, "BTCUSDT", "linear", "0.1", "0.001", ("trade",))))
        self.agent.bind(self.ctx)
        if before is not None:
            trade = Trade(before * 1_000_000, 0, 1, 1, 1, f"t{before}")
            self.agent.restore(Header(stream=TRADES, type=1, sender=1, epoch=1, seq=1), trade)
        self.agent.start()
        self.ctx.calls.clear()
        self.up()

    def up(self):
        self.agent.on_socket("linear", True, "")
        self.ctx.receive(self.agent, "linear", b'{"success":true,"ret_msg":"","req_id":"linear:1","op":"subscribe"}')

    def down(self):
        self.agent.on_socket("linear", False, "closed: 1006")

    def trade(self, number):
        row = {"T": number, "s": "BTCUSDT", "S": "Buy", "v": "0.001", "p": "0.1", "i": f"t{number}", "BT": False}
        frame = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": number, "data": [row]}
        self.ctx.receive(self.agent, "linear", json.dumps(frame, separators=(",", ":")).encode())

    def answer(self, *numbers, call_id=None):
        if call_id is None:
            (call_id,) = self.ctx.pending("GET", RECENT)
        rows = [
            {
                "execId": f"t{each}",
                "symbol": "BTCUSDT",
                "price": "0.1",
                "size": "0.001",
                "side": "Buy",
                "time": str(each),
            }
            for each in reversed(numbers)
        ]
        body = {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": rows}}
        self.ctx.respond(self.agent, call_id, json.dumps(body).encode())

    def trades(self):
        return [(m.trade_id, h.flags) for s, m, h in self.ctx.published if s == TRADES and isinstance(m, Trade)]

    def told(self):
        return [m.reason for m in self.ctx.messages(TRADES) if isinstance(m, FeedState) and m.state == StreamState.GAP]


def test_what_was_missed_while_the_connection_was_gone_is_had_from_the_venue():
    desk = Desk()
    desk.trade(1)
    assert desk.ctx.pending("GET", RECENT) == []
    desk.down()
    desk.up()
    desk.trade(4)
    desk.trade(5)
    desk.answer(0, 1, 2, 3, 4)
    assert desk.trades() == [("t1", 0), ("t4", 0), ("t5", 0), ("t2", FLAG_STALE), ("t3", FLAG_STALE)]
    assert desk.told() == []
    assert desk.ctx.counters == {"trade_gaps": 1, "trades_missed": 2, "trades_filled": 2}
    assert desk.agent.figures().ticks == TickFigures(received=5, published=5, filled=2)
    assert desk.agent.figures().trade_holes == {}


def test_a_break_in_which_nothing_was_traded_is_not_told():
    desk = Desk()
    desk.trade(1)
    desk.down()
    desk.up()
    desk.trade(2)
    desk.answer(1, 2)
    assert desk.trades() == [("t1", 0), ("t2", 0)]
    assert desk.ctx.counters == {}


def test_what_was_missed_before_this_process_began_is_had_too():
    desk = Desk(before=7)
    desk.trade(9)
    desk.answer(6, 7, 8, 9, 10)
    assert desk.trades() == [("t9", 0), ("t8", FLAG_STALE)]


def test_a_first_life_asks_for_nothing():
    desk = Desk()
    desk.trade(9)
    assert desk.ctx.pending("GET", RECENT) == []


def test_a_break_that_is_longer_than_what_the_venue_gives_is_told():
    desk = Desk()
    desk.trade(1)
    desk.down()
    desk.up()
    desk.trade(9)
    desk.answer(7, 8, 9, 10)
    assert desk.trades() == [("t1", 0), ("t9", 0), ("t7", FLAG_STALE), ("t8", FLAG_STALE)]
    text = "trades are missing between t1 and t9, nobody knows how many"
    assert desk.told() == [text]
    assert desk.agent.figures().trade_holes == {"BTCUSDT": text}
    states = [m.state for m in desk.ctx.messages(TRADES) if isinstance(m, FeedState)]
    assert states[-2:] == [StreamState.GAP, StreamState.LIVE]
    assert desk.ctx.counters == {"trade_gaps": 1, "trade_holes": 1, "trades_missed": 2, "trades_filled": 2}


def test_an_answer_that_is_all_later_holds_nothing_of_the_break():
    desk = Desk()
    desk.trade(1)
    desk.down()
    desk.up()
    desk.trade(9)
    desk.answer(12, 13, 14)
    assert desk.trades() == [("t1", 0), ("t9", 0)]
    assert len(desk.told()) == 1


def test_an_answer_that_lags_is_asked_for_again():
    desk = Desk()
    desk.trade(1)
    desk.down()
    desk.up()
    desk.trade(4)
    desk.answer(1, 2)
    assert desk.ctx.pending("GET", RECENT) == []
    desk.ctx.advance(desk.agent, WAIT_NS)
    desk.answer(1, 2, 3, 4)
    assert desk.trades()[2:] == [("t2", FLAG_STALE), ("t3", FLAG_STALE)]
    assert desk.told() == []


def test_a_venue_that_never_answers_leaves_a_hole_that_is_told():
    desk = Desk()
    desk.trade(1)
    desk.down()
    desk.up()
    desk.trade(4)
    for attempt in range(TRIES_MAX):
        desk.ctx.advance(desk.agent, WAIT_NS << attempt)
        (call_id,) = desk.ctx.pending("GET", RECENT)
        desk.ctx.respond(desk.agent, call_id, b"", outcome=CallOutcome.UNKNOWN, status=0)
    assert desk.ctx.counters["trade_holes"] == 1
    assert "between t1 and t4" in desk.agent.figures().trade_holes["BTCUSDT"]
    desk.ctx.advance(desk.agent, 100 * WAIT_NS)
    assert desk.ctx.pending("GET", RECENT) == []


def test_of_two_breaks_soon_after_one_another_each_is_filled_and_nothing_twice():
    desk = Desk()
    desk.trade(1)
    desk.down()
    desk.up()
    desk.trade(3)
    desk.down()
    desk.up()
    desk.trade(6)
    for call_id in desk.ctx.pending("GET", RECENT):
        desk.answer(1, 2, 3, 4, 5, 6, call_id=call_id)
    assert [name for name, flags in desk.trades() if flags] == ["t2", "t4", "t5"]
