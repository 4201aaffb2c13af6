"""Bars of the venue for whoever asks: only those that have ended, and a reason where there are none."""

import json

from schemas.messages import Ack, Kline, KlinesAnswer, KlinesRequest, StatusRequest
from tests.unit.agents.market_data.market_data_desk import MS, SECOND, Desk

KLINES = "/api/v3/klines"
MINUTE = 60 * SECOND


def row(open_ns, close="101.00"):
    return [open_ns // MS, "100.00", "102.00", "99.00", close, "3.5", open_ns // MS + 59_999, "350", 7, "1", "2", "0"]


def kline(open_ns, close=10_100):
    return Kline(open_ns, 10_000, 10_200, 9_900, close, 350_000, 7)


def asked(desk, **more):
    """Ask for three bars of a minute; return the request, once the answer to it is there, and the call."""
    message = KlinesRequest(**{"instrument_id": 1, "interval_ms": 60_000, "count": 3, **more})
    desk.ctx.ask(desk.agent, message, client="signal")
    return [desk.ctx.calls[number] for number in desk.ctx.pending("GET", KLINES)]


def answer(desk, body, **more):
    (number,) = desk.ctx.pending("GET", KLINES)
    desk.ctx.respond(desk.agent, number, body if isinstance(body, bytes) else json.dumps(body).encode(), **more)
    return desk.ctx.replies[-1][1] if desk.ctx.replies else None


def test_the_last_bars_that_have_ended_are_answered():
    desk = Desk()
    now_ns = desk.ctx.wall_ns
    (call,) = asked(desk)
    assert call.params == {"symbol": "BTCUSDT", "interval": "1m", "limit": "4"}
    opens = [now_ns // MINUTE * MINUTE - n * MINUTE for n in (3, 2, 1, 0)]
    found = answer(desk, [row(each) for each in opens])
    assert found == KlinesAnswer(1, 60_000, tuple(kline(each) for each in opens[:3]))


def test_whether_a_bar_has_ended_is_told_by_the_venues_clock():
    desk = Desk()
    then_ns = 1_600_000_000 * SECOND // MINUTE * MINUTE
    desk.tell_time(then_ns)
    asked(desk)
    opens = [then_ns - n * MINUTE for n in (3, 2, 1, 0)]
    assert len(answer(desk, [row(each) for each in opens]).klines) == 2
    desk.ctx.advance(desk.agent, 100 * MS)
    asked(desk)
    assert len(answer(desk, [row(each) for each in opens]).klines) == 3


def test_bars_before_a_time_are_asked_for_so():
    desk = Desk()
    (call,) = asked(desk, end_ns=1_600_000_020 * SECOND)
    assert call.params["endTime"] == "1600000019999"
    opens = [1_600_000_020 * SECOND - n * MINUTE for n in (4, 3, 2, 1)]
    found = answer(desk, [row(each) for each in opens])
    assert [each.open_ns for each in found.klines] == opens[1:]


def test_a_bar_that_an_answer_leaves_out_is_asked_for_again():
    desk = Desk()
    (call,) = asked(desk, end_ns=1_600_000_020 * SECOND)
    opens = [1_600_000_020 * SECOND - n * MINUTE for n in (4, 3, 2, 1)]
    answer(desk, [row(each) for each in opens if each != opens[2]])
    (again,) = [desk.ctx.calls[number] for number in desk.ctx.pending("GET", KLINES)]
    assert again == call
    found = answer(desk, [row(each) for each in opens])
    assert ([each.open_ns for each in found.klines], found.missing) == (opens[1:], 0)
    assert "klines_missing" not in desk.ctx.counters


def test_two_answers_with_holes_are_put_together():
    desk = Desk()
    asked(desk, end_ns=1_600_000_020 * SECOND)
    opens = [1_600_000_020 * SECOND - n * MINUTE for n in (4, 3, 2, 1)]
    answer(desk, [row(each) for each in opens if each != opens[2]])
    found = answer(desk, [row(each) for each in opens if each != opens[1]])
    assert ([each.open_ns for each in found.klines], found.missing) == (opens[1:], 0)


def test_a_bar_that_the_venue_never_gives_is_told_with_those_that_it_does():
    desk = Desk()
    asked(desk, end_ns=1_600_000_020 * SECOND)
    opens = [1_600_000_020 * SECOND - n * MINUTE for n in (5, 4, 3, 2, 1)]
    rows = [row(each) for each in opens if each not in opens[2:4]]
    answer(desk, rows)
    found = answer(desk, rows)
    assert ([each.open_ns for each in found.klines], found.missing) == ([*opens[:2], opens[4]], 2)
    assert desk.ctx.counters["klines_missing"] == 2
    assert not desk.ctx.pending("GET", KLINES)


def test_a_venue_that_wants_no_calls_is_not_asked_for_a_hole():
    desk = Desk()
    asked(desk, end_ns=1_600_000_020 * SECOND)
    asked(desk, end_ns=1_600_000_020 * SECOND)
    whole, other = desk.ctx.pending("GET", KLINES)
    desk.ctx.respond(desk.agent, other, b"", status=429, headers={"Retry-After": "9"})
    opens = [1_600_000_020 * SECOND - n * MINUTE for n in (3, 1)]
    desk.ctx.respond(desk.agent, whole, json.dumps([row(each) for each in opens]).encode())
    assert desk.ctx.replies[-1][1].missing == 1
    assert not desk.ctx.pending("GET", KLINES)


def test_what_cannot_be_had_is_answered_with_the_reason():
    desk = Desk()
    assert asked(desk, instrument_id=9) == []
    assert desk.ctx.replies[-1][1].trouble == "instrument 9 is not published here"
    assert desk.ctx.replies[-1][1].lasting
    assert asked(desk, interval_ms=1_500) == []
    assert desk.ctx.replies[-1][1].trouble == "binance_spot has no bars of 1500 ms"
    assert desk.ctx.replies[-1][1].lasting
    asked(desk)
    assert answer(desk, b"", status=503).trouble == "klines: ANSWERED 503"
    asked(desk)
    assert answer(desk, b"[[1]]").trouble.startswith("klines of BTCUSDT")
    asked(desk)
    answer(desk, b"", status=429, headers={"Retry-After": "9"})
    assert asked(desk) == []
    assert desk.ctx.replies[-1][1].trouble == "the venue wants no calls for 9000 ms"


def test_other_requests_are_refused():
    desk = Desk()
    assert desk.ctx.ask(desk.agent, StatusRequest()) == Ack(False, text="market data does not take StatusRequest")


def test_bars_of_a_length_that_the_venue_lacks_are_made_of_shorter_ones():
    desk = Desk()
    (call,) = asked(desk, interval_ms=120_000, count=2, end_ns=1_600_000_080 * SECOND)
    assert call.params == {"symbol": "BTCUSDT", "interval": "1m", "limit": "6", "endTime": "1600000079999"}
    opens = [1_600_000_080 * SECOND - n * MINUTE for n in range(5, 0, -1)]
    assert opens[1] % (2 * MINUTE) == 0
    found = answer(desk, [row(each, f"{100 + n}.00") for n, each in enumerate(opens)])
    assert found.klines == tuple(
        Kline(each, 10_000, 10_200, 9_900, close, 700_000, 14)
        for each, close in ((opens[1], 10_200), (opens[3], 10_400))
    )
