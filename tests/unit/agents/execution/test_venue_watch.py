"""The breaker on creates and the ban: what opens it, what passes meanwhile, what closes it, what a restart finds."""

import pytest

from mesh.agent import CallOutcome
from schemas.config import BreakerConfig
from schemas.messages import Ack, BreakerChanged, CancelOrder
from schemas.orders import ExecInst, Reason
from schemas.streams import AGENT_STREAM
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    MS,
    OPEN,
    ORDER,
    SECOND,
    Desk,
    S,
    VenueContext,
    closing,
    submit,
    working,
)

BREAKER = BreakerConfig(failures_max=3, window_ms=10_000, wait_ms=1_000, wait_ms_max=4_000, probes=2)
CLOSED, OPENED, HALF_OPEN = 0, 1, 2


def changes(desk, breaker="create"):
    told = [m for m in desk.ctx.messages(AGENT_STREAM) if isinstance(m, BreakerChanged)]
    return [m.state for m in told if m.breaker == breaker]


def fail(desk, *client_ids):
    """Let creates end without proof."""
    for client_id in client_ids:
        desk.ask(submit(client_id))
        desk.lose("POST", ORDER)


def opened(**more):
    desk = working(reconcile_interval_ms=1_000_000, breaker=BREAKER, **more)
    fail(desk, "F1", "F2", "F3")
    return desk


def probe(desk):
    """Return the id of the probe that is out."""
    (number,) = desk.ctx.pending("GET", OPEN)
    return number


def half_open(desk):
    desk.ctx.advance(desk.agent, desk.ctx.timers["breaker"] - desk.ctx.now_ns)
    return probe(desk)


def test_creates_that_prove_nothing_open_it_and_nothing_is_opened_any_more():
    desk = opened()
    assert changes(desk) == [OPENED]
    ack = desk.ask(submit("T2"))
    assert (ack.accepted, ack.reason) == (False, Reason.BREAKER_OPEN)
    assert ack.text.startswith("breaker create: 3 failures: ")
    figures = desk.agent.figures()
    assert figures.breakers["create"].startswith("OPEN 3 failures")
    assert figures.trouble == ack.text


@pytest.mark.parametrize("exec_inst", [ExecInst.REDUCE_ONLY, ExecInst.CLOSE])
def test_what_is_open_stays_watched_and_can_be_canceled_and_closed(exec_inst):
    desk = opened()
    assert desk.ask(closing("C1", exec_inst)) == Ack(True)
    assert desk.only("POST", ORDER)
    desk.ask(CancelOrder("T1", 0))
    assert desk.only("DELETE", ORDER)
    desk.event(venue.fill_report("T1", 9, "0.50000", "0.50000"))
    assert desk.statuses()[-1] == S.PARTIALLY_FILLED
    desk.ctx.advance(desk.agent, 250 * MS)
    assert len(desk.ctx.pending("GET", ORDER)) == 3, "UNKNOWN orders are looked up"


def test_failures_that_are_far_apart_leave_it_closed():
    desk = working(reconcile_interval_ms=1_000_000, breaker=BREAKER)
    for n in range(5):
        fail(desk, f"F{n}")
        desk.ctx.advance(desk.agent, SECOND)
        desk.answer("GET", ORDER, venue.order_body(f"F{n}", 2 + n, status="CANCELED"))
        desk.ctx.advance(desk.agent, 10 * SECOND)
    assert changes(desk) == []


@pytest.mark.parametrize(
    "end",
    [
        {"outcome": CallOutcome.NOT_SENT},
        {"outcome": CallOutcome.UNKNOWN},
        {"body": b"{}", "status": 502},
        {"body": venue.error_body(-1021, "Timestamp for this request is outside of the recvWindow."), "status": 400},
    ],
)
def test_every_kind_of_failure_counts(end):
    desk = Desk(reconcile_interval_ms=1_000_000, breaker=BREAKER)
    for n in range(3):
        assert changes(desk) == []
        desk.ask(submit(f"T{n}"))
        desk.ctx.respond(desk.agent, desk.only("POST", ORDER), **end)
    assert changes(desk) == [OPENED]


def test_answers_that_take_too_long_count():
    desk = Desk(reconcile_interval_ms=1_000_000, breaker=BREAKER)
    for n in range(3):
        desk.ask(submit(f"T{n}"))
        desk.ctx.advance(desk.agent, 2_001 * MS)
        desk.answer("POST", ORDER, venue.order_body(f"T{n}", n + 1))
    assert changes(desk) == [OPENED]
    assert "took 2001 ms" in desk.agent.figures().breakers["create"]


def test_refusals_of_an_order_are_no_failures():
    desk = Desk(reconcile_interval_ms=1_000_000, breaker=BREAKER)
    for n in range(9):
        desk.ask(submit(f"T{n}"))
        desk.answer("POST", ORDER, venue.error_body(-2010, "Account has insufficient balance"), status=400)
    assert changes(desk) == []


def test_probes_that_succeed_close_it_and_none_creates_anything():
    desk = opened()
    creates = len(desk.creates())
    desk.ctx.respond(desk.agent, half_open(desk), b"[]")
    assert changes(desk) == [OPENED, HALF_OPEN]
    assert desk.ask(submit("T2")).reason == Reason.BREAKER_OPEN
    desk.ctx.respond(desk.agent, probe(desk), b"[]")
    assert changes(desk) == [OPENED, HALF_OPEN, CLOSED]
    assert len(desk.creates()) == creates
    assert not desk.ctx.pending("GET", OPEN)
    assert desk.ask(submit("T3")) == Ack(True)
    assert desk.agent.figures().breakers == {"create": "CLOSED"}


@pytest.mark.parametrize("end", [{"outcome": CallOutcome.UNKNOWN}, {"body": venue.error_body(-2015), "status": 401}])
def test_probe_that_fails_opens_it_for_twice_as_long(end):
    desk = opened()
    waits = []
    for _ in range(4):
        desk.ctx.respond(desk.agent, half_open(desk), **end)
        waits.append(desk.ctx.timers["breaker"] - desk.ctx.now_ns)
    assert waits == [2 * SECOND, 4 * SECOND, 4 * SECOND, 4 * SECOND]
    assert changes(desk) == [OPENED] + [HALF_OPEN, OPENED] * 4


def test_breaker_that_was_open_is_open_after_a_restart():
    desk = Desk(reconcile_interval_ms=1_000_000, breaker=BREAKER)
    fail(desk, "F1", "F2", "F3")
    again = Desk(desk.record, reconcile_interval_ms=1_000_000, breaker=BREAKER)
    for number in again.ctx.pending("GET", ORDER):
        client_id = again.ctx.calls[number].params["origClientOrderId"]
        again.ctx.respond(again.agent, number, venue.order_body(client_id, int(client_id[1:]), status="CANCELED"))
    again.reconcile()
    assert again.ask(submit("T9")).reason == Reason.BREAKER_OPEN
    again.ctx.respond(again.agent, half_open(again), b"[]")
    again.ctx.respond(again.agent, probe(again), b"[]")
    assert again.ask(submit("T8")) == Ack(True)
    assert Desk(again.record, breaker=BREAKER).ask(submit("T7")) == Ack(True)


def banned(desk, seconds=120):
    desk.ask(submit("B1"))
    text = venue.error_body(-1003, "Way too much request weight used; IP banned until 1.")
    desk.answer("POST", ORDER, text, status=418, headers={"Retry-After": str(seconds)})


def test_ban_stops_everything_that_would_prolong_it():
    desk = working()
    desk.ask(submit("U1"))
    desk.lose("POST", ORDER)
    banned(desk)
    desk.ask(CancelOrder("T1", 0))
    assert desk.statuses("T1")[-1] == S.PENDING_CANCEL
    assert desk.ask(submit("T2")).reason == Reason.VENUE_RATE_LIMIT
    assert desk.ask(closing("T3")).reason == Reason.VENUE_RATE_LIMIT
    desk.event(venue.report("U1", 2, status="PARTIALLY_FILLED", cum="0.50000"))
    sent = len(desk.ctx.sent)
    desk.event(b'{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1}}')
    for _ in range(119):
        desk.ctx.advance(desk.agent, SECOND)
        assert not desk.ctx.calls
        assert not desk.ctx.asked_time
    assert len(desk.ctx.sent) == sent
    figures = desk.agent.figures()
    assert figures.breakers["create"].startswith("OPEN banned: -1003 Way too much")
    assert figures.breakers["ban"] == "for another 2 s"
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert desk.only("DELETE", ORDER)
    assert desk.ctx.pending("GET", OPEN)
    assert len(desk.ctx.sent) == sent + 1
    assert "ban" not in desk.agent.figures().breakers


def test_ban_is_logged_and_a_restart_waits_for_its_end():
    desk = working()
    banned(desk)
    assert changes(desk, "ban") == [OPENED]
    assert changes(desk) == [OPENED]
    later = VenueContext(now_ns=desk.ctx.now_ns)
    later._move_to(desk.ctx.now_ns + 20 * SECOND)
    again = Desk(desk.record, up=False, ctx=later)
    for _ in range(99):
        again.ctx.advance(again.agent, SECOND)
        assert not again.ctx.calls
        assert not again.ctx.asked_time
        assert not again.ctx.opened
    again.ctx.advance(again.agent, 2 * SECOND)
    assert again.ctx.pending("GET", OPEN)
    assert again.ctx.opened


def test_ban_that_is_over_leaves_a_restart_alone():
    desk = working()
    banned(desk, seconds=1)
    later = VenueContext(now_ns=desk.ctx.now_ns)
    later._move_to(desk.ctx.now_ns + 60 * SECOND)
    assert Desk(desk.record, up=False, ctx=later).ctx.pending("GET", OPEN)
