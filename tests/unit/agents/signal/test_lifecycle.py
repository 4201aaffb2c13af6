"""A strategy's life: when it begins, how it is stopped, what becomes of its orders, and how it is let in again."""

import msgspec
import pytest

from agents.signal.agent import build
from agents.state.breaker import BreakerState
from mesh.agent import Outcome
from schemas.config import StrategyBreakerConfig
from schemas.messages import Ack, Approved, BreakerChanged, CancelAll
from schemas.orders import Reason
from schemas.streams import AGENT_STREAM, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.signal.signal_desk import Desk, S
from tests.unit.agents.trading_desk import ORDERS, config, filled, initialized, strategy

MS = 1_000_000
PROBES = "tests.unit.agents.probe_strategies"
TOLD = f"{PROBES}:Told"


def raiser(on="trade", **more):
    return strategy("bad", TOLD, raise_on=on, **more)


def changes(desk):
    return [(m.breaker, m.state) for m in desk.ctx.messages(AGENT_STREAM) if isinstance(m, BreakerChanged)]


def cancels(desk):
    return [asked for asked in desk.ctx.requests if isinstance(asked.message, CancelAll)]


def kinds(desk, name="bad"):
    return [kind for kind, _, _ in desk.strategy(name).calls if kind != "timer"]


# Beginning


def away_desk(*strategies, log=()):
    """A desk whose account is not known yet."""
    desk = Desk.__new__(Desk)
    desk.agent = build("signal", config(strategies=strategies))
    desk.ctx = FakeContext("signal", sender=2, epoch=2)
    desk.ctx.stream_states["exec", ORDERS] = StreamState.SYNCING
    desk.agent.bind(desk.ctx)
    for item in log:
        desk.agent.restore(item.header, item.message)
    desk.agent.start()
    return desk


def known(desk):
    desk.ctx.stream_states["exec", ORDERS] = StreamState.LIVE
    desk.agent.on_stream_state("exec", ORDERS, StreamState.LIVE)


def test_a_strategy_begins_when_its_account_is_known_and_after_its_fills():
    desk = away_desk(strategy("test", TOLD))
    desk.book()
    desk.trade()
    desk.event(initialized("a"))
    desk.event(filled("a", 1, 10_000))
    assert kinds(desk, "test") == ["fill"]
    assert desk.agent.figures().strategies["test"].state == "waiting"
    known(desk)
    assert kinds(desk, "test") == ["fill", "start", "feed"]
    known(desk)
    desk.trade()
    assert kinds(desk, "test") == ["fill", "start", "feed", "trade"]
    assert desk.agent.figures().strategies["test"].state == "running"


def test_nothing_is_asked_before_it_begins():
    desk = Desk(strategy("test", TOLD, sell_on_fill=True))
    runner = desk.agent._runners["test"]
    desk.book()
    runner.started = runner.strategy.ctx.started = False
    desk.event(filled("a", 1, 10_000))
    assert desk.strategy().asked == [0]
    assert desk.strategy().ctx.refusal == Reason.RECONCILING


def test_a_strategy_waits_until_it_is_warm():
    desk = away_desk(strategy("test", TOLD))
    desk.agent._runners["test"].warm = False
    known(desk)
    assert not kinds(desk, "test")
    desk.agent._runners["test"].warm = True
    known(desk)
    assert kinds(desk, "test")[0] == "start"


def test_a_strategy_is_told_of_an_orderly_end():
    desk = Desk(strategy("test", TOLD))
    desk.agent.stop()
    assert kinds(desk, "test")[-1] == "stop"


# Being stopped


def test_a_strategy_that_raises_is_logged_and_its_opening_orders_are_canceled():
    desk = Desk(raiser())
    desk.trade()
    assert changes(desk) == [("strategy:bad", BreakerState.OPEN)]
    assert "no trade, please" in desk.ctx.messages(AGENT_STREAM)[0].text
    (asked,) = cancels(desk)
    expected = CancelAll(reason=int(Reason.STRATEGY_GONE), strategy="bad", opening_only=True)
    assert (asked.peer, asked.message) == ("risk", expected)
    desk.ctx.finish(desk.agent, asked, Ack(accepted=True))
    desk.ctx.advance(desk.agent, 900 * MS)
    assert not cancels(desk)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(Ack(accepted=False, reason=Reason.EXECUTION_UNAVAILABLE), Outcome.ANSWERED), (None, Outcome.UNKNOWN)],
)
def test_cancels_are_repeated_until_they_are_taken(answer, outcome):
    patient = StrategyBreakerConfig(wait_ms=60_000)
    desk = stopped_desk(patient)
    desk.ctx.finish(desk.agent, cancels(desk)[0], answer, outcome)
    assert not cancels(desk)
    desk.ctx.advance(desk.agent, S)
    desk.ctx.finish(desk.agent, cancels(desk)[0], Ack(accepted=True))
    desk.ctx.advance(desk.agent, 10 * S)
    assert not cancels(desk)


def test_cancels_are_repeated_while_a_signal_may_become_an_order():
    desk = stopped_desk(StrategyBreakerConfig(wait_ms=60_000), buy_on="trade")
    signal = desk.signals()[0]
    desk.ctx.finish(desk.agent, cancels(desk)[0], Ack(accepted=True))
    terms = (signal.strategy, signal.instrument_id, signal.side, signal.qty_lots, signal.price_ticks, 2)
    asked = next(asked for asked in desk.ctx.requests if asked.message == signal)
    desk.ctx.finish(desk.agent, asked, Approved(signal.signal_id, "late", *terms))
    desk.event(initialized("late", name="bad"), corr=signal.signal_id)
    desk.ctx.advance(desk.agent, S)
    desk.ctx.finish(desk.agent, cancels(desk)[0], Ack(accepted=True))
    desk.ctx.advance(desk.agent, 10 * S)
    assert not cancels(desk)


def stopped_desk(breaker, **params):
    table = config(strategies=(raiser(**params),))
    agents = dict(table.agents)
    agents["signal"] = msgspec.structs.replace(agents["signal"], breaker=breaker)
    desk = Desk.__new__(Desk)
    desk.agent = build("signal", msgspec.structs.replace(table, agents=agents))
    desk.ctx = FakeContext("signal", sender=2)
    desk.agent.bind(desk.ctx)
    desk.agent.start()
    desk.book()
    desk.trade()
    return desk


def test_orders_may_be_kept():
    desk = Desk(msgspec.structs.replace(raiser(), on_error="keep"))
    desk.trade()
    assert changes(desk) == [("strategy:bad", BreakerState.OPEN)]
    assert not cancels(desk)


def test_a_lenient_breaker_lets_the_strategy_go_on():
    desk = stopped_desk(StrategyBreakerConfig(failures_max=3))
    desk.trade()
    assert not changes(desk)
    assert len(desk.strategy("bad").of("trade")) == 2
    desk.trade()
    assert changes(desk) == [("strategy:bad", BreakerState.OPEN)]


# Being let in again


def test_after_the_wait_it_is_built_anew_with_its_state_and_fills():
    desk = Desk(raiser())
    desk.strategy("bad").ctx.save(b"mine")
    desk.event(filled("a", 1, 10_000, name="bad"))
    first = desk.strategy("bad")
    desk.trade()
    desk.ctx.advance(desk.agent, S)
    again = desk.strategy("bad")
    assert again is not first
    assert kinds(desk)[:3] == ["restore", "fill", "start"]
    assert again.of("restore") == [b"mine"]
    assert again.ctx.position(again.market.instruments[0]) == 10_000
    assert changes(desk)[-1] == ("strategy:bad", BreakerState.HALF_OPEN)
    assert desk.agent.figures().strategies["bad"].state == "on probation"


def test_it_is_trusted_again_after_a_window_without_failure():
    desk = Desk(raiser())
    desk.trade()
    desk.ctx.advance(desk.agent, S + 59 * S)
    assert changes(desk)[-1] == ("strategy:bad", BreakerState.HALF_OPEN)
    desk.ctx.advance(desk.agent, S)
    assert changes(desk)[-1] == ("strategy:bad", BreakerState.CLOSED)
    assert desk.agent.figures().strategies["bad"].state == "running"


def test_one_that_raises_on_probation_waits_twice_as_long():
    desk = Desk(raiser())
    waits = []
    for _ in range(4):
        desk.trade()
        stopped_ns = desk.ctx.now_ns
        while desk.agent.figures().strategies["bad"].state == "stopped":
            desk.ctx.advance(desk.agent, 100 * MS)
        waits.append((desk.ctx.now_ns - stopped_ns) / S)
    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("on", ["restore", "fill", "start"])
def test_one_that_raises_while_it_is_built_anew_stays_stopped(on):
    desk = Desk(raiser())
    desk.strategy("bad").ctx.save(b"mine")
    desk.event(filled("a", 1, 10_000, name="bad"))
    desk.trade()
    desk.agent._runners["bad"].config.params["raise_on"] = on
    desk.ctx.advance(desk.agent, S)
    assert desk.agent.figures().strategies["bad"].state == "stopped"
    assert desk.agent.figures().strategies["bad"].error.endswith(f"no {on}, please")
    assert [state for _, state in changes(desk)] == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.OPEN]


def test_a_stop_outlives_a_restart_and_ends_with_its_wait():
    desk = Desk(raiser())
    desk.event(filled("a", 1, 10_000, name="bad"))
    desk.trade()
    again = away_desk(raiser(on=""), log=desk.ctx.published)
    again.event(filled("a", 1, 10_000, name="bad"))
    known(again)
    assert kinds(again) == ["fill"]
    figures = again.agent.figures().strategies["bad"]
    assert figures.state == "stopped"
    assert "no trade, please" in figures.error
    again.ctx.advance(again.agent, S)
    assert kinds(again) == ["fill", "start", "feed"]
    assert again.agent.figures().strategies["bad"].state == "on probation"
