"""The guards together: what comes to the agent reaches the one that it is for."""

from agents.execution.lifetimes import LIFETIME
from agents.execution.trading_modes import MODES
from schemas.messages import Flatten, SetTradingMode
from schemas.orders import TradingMode
from schemas.streams import AGENT_STREAM, StreamState
from tests.unit.agents.execution.execution_desk import SECOND, Desk, working


def test_timers_of_the_guards_and_of_the_desk_do_not_meet():
    desk = working(market_data=("md",))
    desk.ask(SetTradingMode(TradingMode.REDUCING, "x", strategy="other"), client="operator", sender=0)
    desk.ctx.stream_states["risk", AGENT_STREAM] = StreamState.DOWN
    desk.agent.on_stream_state("risk", AGENT_STREAM, StreamState.DOWN)
    assert desk.ask(Flatten("x"), client="operator", sender=0).accepted
    assert {LIFETIME, MODES, "peer:risk", "flatten"} <= desk.ctx.timers.keys()
    desk.ctx.advance(desk.agent, 3 * SECOND)
    assert {LIFETIME, MODES, "peer:risk", "flatten"} <= desk.ctx.timers.keys()


def test_a_timer_that_nobody_set_does_nothing():
    desk = Desk()
    before = len(desk.ctx.published), len(desk.ctx.calls)
    desk.agent.on_timer("no such")
    assert (len(desk.ctx.published), len(desk.ctx.calls)) == before
