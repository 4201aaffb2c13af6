"""Runners: what a strategy raises stops it and nobody else, and is told by the place in its own file."""

import pytest

from agents.signal.runner import HISTORY_MAX
from schemas.streams import Kind
from tests.unit.agents.signal.signal_desk import RECORDER, Desk, S
from tests.unit.agents.trading_desk import filled, quote, strategy

PROBES = "tests.unit.agents.probe_strategies"
TOLD = f"{PROBES}:Told"


def desk_of(raise_on):
    """A strategy that raises before and one that does not after it."""
    return Desk(strategy("bad", TOLD, raise_on=raise_on), strategy("good", TOLD))


def happen(desk, wait_ns=S // 2):
    """Everything happens once."""
    desk.book()
    desk.market(quote(desk.ctx), Kind.QUOTE)
    for second in (4, 5, 6):
        desk.trade(event_ns=second * S)
    desk.ctx.advance(desk.agent, wait_ns)
    for name in ("bad", "good"):
        desk.event(filled(f"o-{name}", 1, 10, name=name))


@pytest.mark.parametrize("raise_on", ["start", "quote", "trade", "bar", "timer", "fill", "feed"])
def test_a_strategy_that_raises_stops_alone(raise_on):
    desk = desk_of(raise_on)
    happen(desk)
    figures = desk.agent.figures().strategies
    assert figures["bad"].state == "stopped"
    assert figures["bad"].error.startswith("probe_strategies.py:")
    assert figures["bad"].error.endswith(f"RuntimeError: no {raise_on}, please")
    calls = len(desk.strategy("bad").calls)
    assert figures["good"].state == "running"
    good = desk.strategy("good")
    kinds = {name for name, _, _ in good.calls}
    assert kinds == {"start", "feed", "book", "quote", "trade", "bar", "timer", "fill"}
    assert desk.ctx.counters["strategy_errors"] == 1
    happen(desk, wait_ns=S // 4)
    assert len(desk.strategy("bad").calls) == calls
    assert figures["bad"].fills == figures["good"].fills == 1


def test_in_one_batch_the_others_are_told_the_rest():
    desk = Desk(strategy("bad", TOLD, raise_on="trade"), strategy("good", RECORDER))
    for _ in range(3):
        desk.trade()
    assert len(desk.strategy("bad").of("trade")) == 1
    assert len(desk.strategy("good").of("trade")) == 3


def test_indicators_go_on_while_a_strategy_is_stopped():
    desk = desk_of("bar")
    for second in range(4, 9):
        desk.trade(event_ns=second * S)
    bad, good = (desk.agent._runners[name] for name in ("bad", "good"))
    assert bad.strategy.ctx.indicators(bad.market.instruments[0]).count == 3
    assert bad.bars == good.bars == 3
    assert len(bad.strategy.of("bar")) == 1


def test_a_call_that_does_not_fit_is_told_too():
    desk = desk_of("")
    desk.agent._runners["bad"].tell("on_timer")
    assert "TypeError" in desk.agent.figures().strategies["bad"].error


def test_positions_are_booked_while_a_strategy_is_stopped():
    desk = desk_of("trade")
    desk.trade()
    desk.event(filled("a", 1, 10_000, name="bad"))
    assert desk.agent.figures().strategies["bad"].positions == {"BTCUSDT": "0.1"}


def test_fills_beyond_what_is_kept_ask_for_a_restart():
    desk = desk_of("")
    runner = desk.agent._runners["bad"]
    for number in range(HISTORY_MAX + 1):
        desk.event(filled("a", number + 1, 1, name="bad"))
    assert runner.history is None
    assert not runner.rebuild()
