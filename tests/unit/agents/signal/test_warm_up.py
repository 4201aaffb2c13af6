"""Warm-up: strategies begin with the bars of before; what cannot be had is asked again, then done without and told."""

import msgspec
import pytest

from agents.signal.runner import MEMORY
from agents.signal.warm_up import WAIT_NS_MAX
from mesh.agent import Outcome
from schemas.messages import Ack, Kline, KlinesAnswer, KlinesRequest
from tests.unit.agents.signal.signal_desk import RECORDER, Desk, S
from tests.unit.agents.trading_desk import BTC, strategy

TOLD = "tests.unit.agents.probe_strategies:Told"
EMA = "agents.strategies.ema_cross:EmaCross"
WARM = "tests.unit.agents.probe_strategies:Warm"


def wants(count, path=WARM, **more):
    return msgspec.structs.replace(strategy("test", path), warm_up_bars=count, **more)


def kline(second, price=100):
    return Kline(second * S, price, price, price, price, 1, 1)


def klines(desk):
    return [asked for asked in desk.ctx.requests if isinstance(asked.message, KlinesRequest)]


def answer(desk, *seconds, trouble="", lasting=False, bar_ms=1_000):
    asked = klines(desk)[0]
    desk.ctx.finish(
        desk.agent, asked, KlinesAnswer(BTC, bar_ms, tuple(kline(each) for each in seconds), trouble, lasting)
    )
    return asked.message


def state(desk):
    figures = desk.agent.figures().strategies["test"]
    return figures.state, figures.warm


def test_the_strategy_begins_when_it_has_the_bars_of_before():
    desk = Desk(wants(3))
    assert state(desk) == ("waiting", "BTCUSDT 1000 ms: asked for")
    (asked,) = klines(desk)
    assert (asked.peer, asked.message) == ("md", KlinesRequest(BTC, 1_000, 3))
    assert "start" not in desk.strategy().names()
    answer(desk, 5, 6, 7)
    assert desk.strategy().told == [("past", 5, 1), ("past", 6, 2), ("past", 7, 3), ("start", 0, 3)]
    assert state(desk) == ("running", "")


def test_bars_that_close_meanwhile_join_without_gap_or_double():
    desk = Desk(wants(3))
    for second in (8, 9, 10):
        desk.trade(event_ns=second * S)
    answer(desk, 6, 7, 8)
    for second in (11, 12):
        desk.trade(event_ns=second * S)
    told = [(name, second) for name, second, _ in desk.strategy().told]
    assert told == [("past", 6), ("past", 7), ("past", 8), ("past", 9), ("start", 0), ("bar", 10), ("bar", 11)]
    assert desk.agent.figures().bars_left_out == 0


def test_bar_that_was_joined_in_the_middle_is_asked_for_until_the_venue_has_closed_it():
    desk = Desk(wants(2))
    answer(desk, 6, 7)
    assert not klines(desk)
    desk.trade(event_ns=8 * S)
    desk.trade(event_ns=9 * S)
    assert answer(desk, 7) == KlinesRequest(BTC, 1_000, 1, 9 * S)
    assert not klines(desk)
    desk.ctx.advance(desk.agent, S // 4)
    answer(desk, 8)
    assert desk.strategy().told[-1] == ("bar", 8, 3)
    assert desk.agent.figures().bars_left_out == 0


def test_more_than_one_answer_holds_are_asked_for_from_the_newest_back():
    desk = Desk(wants(2_500))
    first = 1_000_000
    assert answer(desk, *range(first + 1_500, first + 2_500)).count == 1_000
    second = answer(desk, *range(first + 500, first + 1_500))
    assert (second.count, second.end_ns) == (1_000, (first + 1_500) * S)
    last = answer(desk, *range(first, first + 500))
    assert (last.count, last.end_ns) == (500, (first + 500) * S)
    assert desk.strategy().told[0] == ("past", first, 1)
    assert desk.strategy().told[-1] == ("start", 0, 2_500)


def test_a_new_instrument_gives_what_there_is():
    desk = Desk(wants(100))
    answer(desk, 6, 7)
    assert answer(desk).end_ns == 6 * S
    assert desk.strategy().names() == ["past", "past", "start"]
    assert state(desk) == ("running", "")


@pytest.mark.parametrize(
    ("outcome", "message", "why"),
    [
        (Outcome.UNKNOWN, None, "md did not answer"),
        (Outcome.ANSWERED, KlinesAnswer(BTC, 1_000, (), "klines: 503"), "klines: 503"),
        (Outcome.ANSWERED, Ack(False), "md did not answer"),
    ],
)
def test_without_an_answer_it_is_asked_again_and_begins_cold_after_a_while(outcome, message, why):
    desk = Desk(wants(3))
    start_ns, asked = desk.ctx.now_ns, 0
    while klines(desk):
        assert desk.ctx.now_ns - start_ns < WAIT_NS_MAX
        assert state(desk)[0] == "waiting"
        asked += 1
        desk.ctx.finish(desk.agent, klines(desk)[0], message, outcome)
        desk.ctx.advance(desk.agent, 2 * S)
    assert 5 < asked < 20
    assert state(desk) == ("running", f"BTCUSDT 1000 ms: {why}")
    assert desk.strategy().names() == ["start"]


def test_a_length_that_no_bars_can_be_had_of_is_not_asked_for_again():
    desk = Desk(wants(3, bar_ms=500))
    answer(desk, trouble="no bars of 500 ms", lasting=True, bar_ms=500)
    assert state(desk) == ("running", "BTCUSDT 500 ms: no bars of 500 ms")
    for second in (8, 9, 10):
        desk.trade(event_ns=second * S)
    assert not klines(desk)
    assert desk.agent.figures().bars_left_out == 1
    # It has as many of its own now.
    assert state(desk) == ("running", "")


def test_bars_on_another_grid_are_of_no_use():
    desk = Desk(wants(3, bar_ms=7_000))
    answer(desk, 8, 15, bar_ms=7_000)
    assert state(desk) == ("running", "BTCUSDT 7000 ms: the venue's bars begin at other times")


def test_without_a_number_it_is_what_the_indicators_remember():
    (asked,) = klines(Desk(wants(-1, EMA)))
    assert asked.message.count == MEMORY * 9
    everything = klines(Desk(wants(-1)))[0].message.count
    assert everything == MEMORY * (26 + 9)
    no_bars = klines(Desk(wants(-1, "agents.strategies.book_imbalance:BookImbalance")))
    assert no_bars == []


def test_nothing_is_asked_for_where_nothing_is_wanted():
    desk = Desk(strategy("test", RECORDER))
    assert not klines(desk)
    assert state(desk) == ("running", "")


def test_what_is_asked_for_late_is_still_the_bars_that_are_missing():
    desk = Desk(wants(5))
    answer(desk, 3, 4, 5, 6, 7)
    desk.trade(event_ns=8 * S)
    desk.trade(event_ns=9 * S)
    (asked,) = klines(desk)
    desk.trade(event_ns=10 * S)
    desk.trade(event_ns=11 * S)
    desk.ctx.finish(desk.agent, asked, None, Outcome.UNKNOWN)
    desk.ctx.advance(desk.agent, S // 4)
    assert answer(desk, 8, 9, 10) == KlinesRequest(BTC, 1_000, 3, 11 * S)
    assert [second for _, second, _ in desk.strategy().told][-3:] == [8, 9, 10]
    assert desk.agent.figures().bars_left_out == 0


def test_the_venues_bars_begin_behind_those_of_before_and_a_hole_in_them_is_asked_for():
    minute = 60
    desk = Desk(wants(3, bar_ms=60_000, venue_bar_ms=60_000), feeds=("trade", "depth", "bookTicker", "kline_1m"))
    desk.venue_bar(4 * minute)
    answer(desk, *(each * minute for each in (2, 3, 4)), bar_ms=60_000)
    told = [(name, second // minute) for name, second, _ in desk.strategy().told]
    assert told == [("past", 2), ("past", 3), ("past", 4), ("start", 0)]
    desk.venue_bar(5 * minute)
    desk.venue_bar(8 * minute)
    assert answer(desk, *(each * minute for each in (6, 7, 8)), bar_ms=60_000) == KlinesRequest(
        BTC, 60_000, 3, 9 * minute * S
    )
    told = [(name, second // minute) for name, second, _ in desk.strategy().told[4:]]
    assert told == [("bar", 5), ("past", 6), ("past", 7), ("bar", 8)]
    assert desk.agent.figures().bars_left_out == 0


def test_bars_that_the_venue_leaves_out_are_counted_and_told_until_there_are_as_many_again():
    desk = Desk(wants(4))
    (asked,) = klines(desk)
    bars = tuple(kline(second) for second in (5, 6, 9))
    desk.ctx.finish(desk.agent, asked, KlinesAnswer(BTC, 1_000, bars, missing=2))
    answer(desk)
    assert [second for name, second, _ in desk.strategy().told if name == "past"] == [5, 6, 9]
    assert state(desk) == ("running", "BTCUSDT 1000 ms: the venue left out 2 bars")
    assert desk.agent.figures().bars_left_out == 2
    desk.trade(event_ns=9 * S)
    for second in (10, 11):
        desk.trade(event_ns=second * S)
    assert state(desk) == ("running", "")
