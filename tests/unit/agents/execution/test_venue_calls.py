"""Calls to the venue: what waits while its rate limiter asks to wait, and what does not."""

from schemas.messages import (
    CancelOrder,
    OrderFilled,
)
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import MS, OPEN, ORDER, SECOND, Desk, answer_all, submit, working


def limited(desk, retry_after):
    """Answer every call that is out with 429."""
    for number in list(desk.ctx.calls):
        desk.ctx.respond(
            desk.agent, number, venue.error_body(-1003), status=429, headers={"Retry-After": str(retry_after)}
        )


def test_after_a_429_nothing_is_asked_for_as_long_as_the_venue_says():
    desk = working()
    desk.agent.on_socket("user", False, "closed")
    desk.ctx.advance(desk.agent, SECOND)
    limited(desk, 60)
    for _ in range(59):
        desk.ctx.advance(desk.agent, SECOND)
        assert not desk.ctx.calls
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert [call.path for call in desk.ctx.calls.values()] == [OPEN]


def test_queries_and_fills_wait_while_the_venue_asks_to_wait_and_cancels_do_not():
    desk = working(reconcile_interval_ms=1_000_000)
    desk.ask(submit("T2"))
    desk.lose("POST", ORDER)
    desk.ask(submit("T3"))
    limited(desk, 30)
    desk.event(venue.report("T1", status="PARTIALLY_FILLED", cum="0.50000"))
    desk.ctx.advance(desk.agent, 20 * SECOND)
    assert not desk.ctx.calls
    desk.ask(CancelOrder("T1", 0))
    desk.ask(CancelOrder("T2", 0))
    assert len(desk.ctx.pending("DELETE", ORDER)) == 2
    desk.ctx.advance(desk.agent, 11 * SECOND)
    assert desk.ctx.pending("GET", ORDER) == []
    answer_all(desk, -2011, venue.trades_body((9, 1, "0.50000")))
    desk.ctx.advance(desk.agent, SECOND)
    answer_all(desk, -2013, venue.trades_body((9, 1, "0.50000")))
    desk.ctx.advance(desk.agent, SECOND)
    answer_all(desk, -2013, venue.trades_body((9, 1, "0.50000")))
    assert [m.trade_id for m in desk.events() if isinstance(m, OrderFilled)] == ["9"]


def test_a_cancel_that_the_rate_limiter_refused_is_sent_again_before_it_relents():
    desk = working(reconcile_interval_ms=1_000_000)
    desk.ask(CancelOrder("T1", 0))
    limited(desk, 600)
    desk.ctx.advance(desk.agent, 250 * MS)
    assert desk.only("DELETE", ORDER)
    assert len(desk.ctx.calls) == 1


def test_a_pass_fails_when_another_call_was_told_to_wait():
    desk = Desk()
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.ask(submit())
    create = desk.only("POST", ORDER)
    desk.ctx.respond(desk.agent, create, venue.error_body(-1015), status=429, headers={"Retry-After": "10"})
    desk.reconcile()
    desk.ctx.advance(desk.agent, 9 * SECOND)
    assert not desk.ctx.calls
    assert "rate limiter" in desk.agent.figures().trouble
    desk.pass_time(2 * SECOND)
    assert desk.agent.figures().trouble == ""
