"""Calls to the venue: what waits while its rate limiter asks to wait, and what does not."""

from schemas.messages import Ack, CancelOrder, OrderFilled
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    MS,
    OPEN,
    ORDER,
    SECOND,
    Desk,
    answer_all,
    closing,
    submit,
    working,
)


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


def test_a_create_beyond_the_venues_limit_is_refused_before_anything_is_sent():
    desk = Desk()
    acks = [desk.ask(submit(f"T{n}")) for n in range(150)]
    assert sum(ack.accepted for ack in acks) == len(desk.creates()) == 90
    assert acks[-1] == Ack(
        False,
        Reason.VENUE_RATE_LIMIT,
        "new orders in 10 seconds: 90 used of 100, 10 of them for cancels and closing",
    )
    assert [desk.ask(closing(f"C{n}")).accepted for n in range(11)] == [True] * 10 + [False]
    assert desk.agent.figures().venue_budget["new orders in 10 seconds"] == "100 of 100"


def test_what_the_venue_says_is_used_keeps_creates_back():
    desk = working()
    desk.ask(submit("T2"))
    headers = {"X-Mbx-Used-Weight-1M": "5999", "X-Mbx-Order-Count-10S": "99", "X-Mbx-Order-Count-1D": "99"}
    desk.answer("POST", ORDER, venue.order_body("T2", 2), headers=headers)
    ack = desk.ask(submit("T3"))
    assert (ack.accepted, ack.reason) == (False, Reason.VENUE_RATE_LIMIT)
    assert ack.text == "request weight in 1 minute: 5999 used of 6000, 600 of them for cancels and closing"


def test_nothing_is_sent_when_not_even_a_cancel_is_left():
    desk = working(reconcile_interval_ms=1_000_000)
    desk.ask(submit("T2"))
    desk.answer("POST", ORDER, venue.order_body("T2", 2), headers={"X-Mbx-Used-Weight-1M": "6000"})
    desk.ask(CancelOrder("T1", 0))
    left_ns = 60 * SECOND - desk.ctx.wall_ns % (60 * SECOND)
    desk.ctx.advance(desk.agent, left_ns - MS)
    assert not desk.ctx.calls
    assert not desk.ctx.asked_time
    desk.ctx.advance(desk.agent, 10 * MS)
    assert desk.only("DELETE", ORDER)


def test_passes_leave_the_reserve_alone_and_pay_from_the_same_budget():
    desk = working()
    desk.ask(submit("T2"))
    desk.answer("POST", ORDER, venue.order_body("T2", 2), headers={"X-Mbx-Used-Weight-1M": "5300"})
    desk.ctx.advance(desk.agent, 6 * SECOND)
    assert not desk.ctx.pending("GET", OPEN)
    desk.ask(CancelOrder("T1", 0))
    assert desk.only("DELETE", ORDER)
    desk.ctx.advance(desk.agent, 60 * SECOND)
    assert desk.only("GET", OPEN)


def test_no_call_that_would_lengthen_a_ban_is_made():
    desk = working()
    desk.ask(submit("T2"))
    desk.answer("POST", ORDER, venue.error_body(-1003, "banned"), status=418, headers={"Retry-After": "120"})
    desk.ask(CancelOrder("T1", 0))
    for _ in range(119):
        desk.ctx.advance(desk.agent, SECOND)
    assert not desk.ctx.calls
    assert not desk.ctx.asked_time
