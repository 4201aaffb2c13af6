"""Orders whose owners are gone: canceled if they open a position, after a time that is long enough to be sure."""

from agents.execution.peer_watch import START_TIMES
from schemas.orders import OrderStatus, Reason
from schemas.streams import AGENT_STREAM, StreamState
from tests.unit.agents.execution.execution_desk import MS, SECOND, Desk, VenueContext
from tests.unit.agents.execution.resting_orders import canceled, confirm, desk_with_all_kinds, rest

DOWN, GAP, LIVE = StreamState.DOWN, StreamState.GAP, StreamState.LIVE
TIMEOUT = 2 * SECOND


def tell(desk, peer, state):
    desk.ctx.stream_states[peer, AGENT_STREAM] = state
    desk.agent.on_stream_state(peer, AGENT_STREAM, state)


def test_the_streams_of_risk_and_of_the_signal_agents_are_followed():
    desk = Desk()
    assert [(s.publisher, s.stream) for s in desk.agent.subscriptions()] == [
        ("risk", AGENT_STREAM),
        ("signal", AGENT_STREAM),
        ("signal2", AGENT_STREAM),
    ]


def test_with_risk_gone_what_opens_a_position_is_canceled_and_what_closes_one_rests():
    desk = desk_with_all_kinds()
    tell(desk, "risk", DOWN)
    desk.ctx.advance(desk.agent, TIMEOUT - MS)
    assert canceled(desk) == set()
    desk.ctx.advance(desk.agent, MS)
    assert canceled(desk) == {"open", "other"}
    assert desk.events("open")[-1].reason == Reason.RISK_GONE
    confirm(desk)
    assert desk.statuses("open")[-1] == desk.statuses("other")[-1] == OrderStatus.CANCELED
    assert desk.statuses("close")[-1] == OrderStatus.NEW


def test_with_a_signal_agent_gone_what_its_strategies_open_is_canceled():
    desk = desk_with_all_kinds()
    tell(desk, "signal", GAP)
    tell(desk, "signal2", GAP)
    desk.ctx.advance(desk.agent, TIMEOUT)
    assert canceled(desk) == {"open", "other"}
    assert desk.events("open")[-1].reason == Reason.STRATEGY_GONE


def test_a_peer_that_is_back_in_time_keeps_its_orders():
    desk = desk_with_all_kinds()
    tell(desk, "risk", GAP)
    desk.ctx.advance(desk.agent, TIMEOUT - MS)
    tell(desk, "risk", LIVE)
    desk.ctx.advance(desk.agent, 10 * SECOND)
    assert canceled(desk) == set()


def test_one_silence_is_counted_from_its_beginning():
    desk = desk_with_all_kinds()
    tell(desk, "risk", GAP)
    desk.ctx.advance(desk.agent, TIMEOUT // 2)
    tell(desk, "risk", DOWN)
    desk.ctx.advance(desk.agent, TIMEOUT // 2)
    assert canceled(desk) == {"open", "other"}


def test_a_peer_that_never_came_counts_from_the_start_and_is_waited_for_longer():
    log = desk_with_all_kinds().record
    ctx = VenueContext()
    for peer in ("signal", "signal2"):
        ctx.stream_states[peer, AGENT_STREAM] = LIVE
    ctx.stream_states["risk", AGENT_STREAM] = DOWN
    again = Desk(log=log, up=False, ctx=ctx)
    ctx.advance(again.agent, START_TIMES * TIMEOUT - MS)
    assert canceled(again) == set()
    ctx.advance(again.agent, MS)
    assert canceled(again) == {"open", "other"}


def test_an_order_that_came_late_is_canceled_too():
    desk = desk_with_all_kinds()
    tell(desk, "signal", DOWN)
    tell(desk, "signal2", DOWN)
    desk.ctx.advance(desk.agent, TIMEOUT)
    confirm(desk)
    rest(desk, "late", 5)
    desk.ctx.advance(desk.agent, TIMEOUT)
    assert [call.params["orderId"] for call in desk.ctx.calls.values() if call.method == "DELETE"] == ["5"]


def test_a_strategy_that_another_signal_agent_runs_too_is_not_gone():
    desk = desk_with_all_kinds()
    tell(desk, "signal2", DOWN)
    desk.ctx.advance(desk.agent, TIMEOUT)
    assert canceled(desk) == {"other"}, "`maker` is run by `signal` in this instrument too"
    tell(desk, "signal", DOWN)
    desk.ctx.advance(desk.agent, TIMEOUT)
    assert canceled(desk) == {"open", "other"}
