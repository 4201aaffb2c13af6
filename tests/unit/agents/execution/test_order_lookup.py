"""Looking up: orders whose outcome is not proven are never sent again, and end only by proof."""

import pytest

from mesh.agent import CallOutcome
from schemas.messages import (
    CancelOrder,
    OrderFilled,
)
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    MS,
    ORDER,
    SECOND,
    TRADES,
    Desk,
    S,
    answer_all,
    assert_legal,
    submit,
    working,
)

SETTLE = (5 + 10 + 1) * SECOND  # receive window, the venue's engine timeout, a second for the clocks
QUERY_LAG = 30 * SECOND  # how long queries and lists may lack an order that stands at the venue


UNPROVEN = [
    (0, b"", CallOutcome.UNKNOWN),
    (500, venue.error_body(-1000, "unknown"), CallOutcome.ANSWERED),
    (504, b"<html>", CallOutcome.ANSWERED),
    (408, b"", CallOutcome.ANSWERED),
    (403, b"<html>", CallOutcome.ANSWERED),
    (400, venue.error_body(-1007, "Timeout waiting for response from backend server."), CallOutcome.ANSWERED),
    (400, venue.error_body(-1006, "An unexpected response was received."), CallOutcome.ANSWERED),
    (400, venue.error_body(-2010, "Duplicate order sent."), CallOutcome.ANSWERED),
    (200, b'{"symbol":"BTCUSDT","orderId":1,"cl', CallOutcome.ANSWERED),
    (200, b"{}", CallOutcome.ANSWERED),
]


@pytest.mark.parametrize(("status", "body", "outcome"), UNPROVEN)
def test_whatever_proves_nothing_makes_the_order_unknown_and_is_never_sent_again(status, body, outcome):
    desk = Desk()
    desk.ask(submit())
    desk.ctx.respond(desk.agent, desk.only("POST", ORDER), body, status=status, outcome=outcome)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN]
    assert desk.orders.unknown == 1
    desk.ctx.advance(desk.agent, 250 * MS)
    query = desk.ctx.calls[desk.only("GET", ORDER)]
    assert query.params == {"symbol": "BTCUSDT", "origClientOrderId": "T1"}
    desk.answer("GET", ORDER, venue.order_body("T1", 5, status="NEW"))
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.NEW]
    assert len(desk.creates()) == 1


def test_unknown_order_that_filled_is_found_with_its_fills():
    desk = Desk()
    desk.ask(submit())
    desk.lose("POST", ORDER)
    desk.ctx.advance(desk.agent, 250 * MS)
    desk.answer("GET", ORDER, venue.order_body("T1", 5, status="FILLED", cum="1.00000"))
    assert desk.statuses()[-1] == S.UNKNOWN
    desk.answer("GET", TRADES, venue.trades_body((70, 5, "0.30000"), (71, 5, "0.70000")))
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.PARTIALLY_FILLED, S.FILLED]
    assert all(m.reconciled for m in desk.events() if isinstance(m, OrderFilled))


def test_queries_of_an_unknown_order_back_off_to_eight_seconds_and_one_comes_when_the_create_cannot_be_in_flight():
    desk = Desk(reconcile_interval_ms=1_000_000)
    desk.ask(submit())
    desk.lose("POST", ORDER)
    times = []
    lost_ns = desk.ctx.now_ns
    while len(times) < 8:
        desk.ctx.advance(desk.agent, 50 * MS)
        for number in desk.ctx.pending("GET", ORDER):
            times.append((desk.ctx.now_ns - lost_ns) // MS)
            desk.ctx.respond(desk.agent, number, outcome=CallOutcome.UNKNOWN)
    assert times == [250, 750, 1750, 3750, 7750, 15750, 16000, 24000]


def unknown_and_not_found(duration_ns):
    """An order whose create was lost, and that the venue says it does not know, for so long."""
    desk = Desk()
    desk.ask(submit())
    desk.lose("POST", ORDER)
    end_ns = desk.ctx.now_ns + duration_ns
    while desk.ctx.now_ns < end_ns:
        desk.ctx.advance(desk.agent, 250 * MS)
        for number in desk.ctx.pending("GET", ORDER):
            desk.ctx.respond(desk.agent, number, venue.error_body(-2013, "Order does not exist."), status=400)
        desk.reconcile()
    return desk


def test_not_found_proves_nothing_while_the_create_may_be_on_its_way():
    desk = unknown_and_not_found(SETTLE - SECOND)
    assert desk.statuses()[-1] == S.UNKNOWN


def test_never_reached_the_venue_after_two_late_queries_and_a_look_at_the_fills():
    desk = unknown_and_not_found(SETTLE + 12 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.UNKNOWN, S.REJECTED]
    assert desk.events()[-1].reason == Reason.NEVER_REACHED_VENUE
    assert len(desk.creates()) == 1


def test_later_evidence_wins_over_never_reached():
    desk = unknown_and_not_found(SETTLE + 12 * SECOND)
    desk.event(venue.fill_report("T1", 80, "0.25000", "0.25000"))
    assert desk.statuses()[-1] == S.PARTIALLY_FILLED
    assert_legal(desk)


def test_a_lost_reply_changes_nothing_when_the_private_stream_told_of_the_order_already():
    desk = Desk()
    desk.ask(submit())
    desk.event(venue.report("T1", 5))
    desk.lose("POST", ORDER)
    assert desk.statuses() == [S.SUBMITTED, S.NEW]


def forget(desk, duration_ns):
    """Let time pass in which no list and no query finds an order."""
    for _ in range(duration_ns // (250 * MS)):
        desk.ctx.advance(desk.agent, 250 * MS)
        answer_all(desk)


def forgotten(duration_ns, **more):
    """An order that was working, and that from now on no list and no query finds."""
    desk = working(**more)
    forget(desk, duration_ns)
    return desk


def test_an_acknowledged_order_that_queries_do_not_show_stays_unknown():
    desk = forgotten(QUERY_LAG + 5 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN]
    assert len(desk.agent.figures().open) == 1
    shown = venue.order_body("T1")
    for _ in range(4 * 8):
        desk.ctx.advance(desk.agent, 250 * MS)
        answer_all(desk, shown, orders=venue.orders_body(shown))
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN, S.NEW]


def test_a_canceled_order_that_queries_do_not_show_stays_unknown_too():
    desk = working()
    desk.ask(CancelOrder("T1", Reason.CANCELED_BY_STRATEGY))
    desk.answer("DELETE", ORDER, venue.error_body(-2011), status=400)
    forget(desk, QUERY_LAG)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.UNKNOWN]


def test_whatever_the_venue_tells_of_the_order_begins_the_wait_anew():
    desk = forgotten(QUERY_LAG)
    desk.event(venue.fill_report("T1", 9, "0.25000", "0.25000"))
    forget(desk, QUERY_LAG)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN, S.PARTIALLY_FILLED, S.UNKNOWN]


def test_a_proven_order_that_the_venue_does_not_know_any_more_ends_canceled():
    desk = forgotten(60 * SECOND)
    assert desk.statuses() == [S.SUBMITTED, S.NEW, S.UNKNOWN, S.CANCELED]
    last = desk.events()[-1]
    assert (last.reason, last.reconciled) == (Reason.ORDER_NOT_FOUND, True)
    assert desk.agent.figures().open == []
    assert desk.agent.figures().reconciled


def test_it_stays_unknown_until_a_later_list_of_open_orders_lacks_it_too():
    """The passes at 20 and 40 s begin less than `QUERY_LAG` after the order was missed, the one at 60 s more."""
    desk = forgotten(59 * SECOND, reconcile_interval_ms=20_000)
    assert desk.statuses()[-1] == S.UNKNOWN
    forget(desk, 15 * SECOND)
    assert desk.statuses()[-1] == S.CANCELED


def test_it_stays_unknown_while_its_fills_cannot_be_asked_for():
    desk, looks = working(), 0
    for _ in range(4 * 120):
        desk.ctx.advance(desk.agent, 250 * MS)
        for number in desk.ctx.pending("GET", ORDER):
            desk.ctx.respond(desk.agent, number, venue.error_body(-2013), status=400)
        for number in desk.ctx.pending("GET", TRADES):
            desk.ctx.respond(desk.agent, number, b"{}", status=502)
            looks += 1
        desk.reconcile()
    assert looks > 1
    assert desk.statuses()[-1] == S.UNKNOWN


def test_later_evidence_wins_over_a_cancel_that_was_concluded():
    desk = forgotten(60 * SECOND)
    assert desk.statuses()[-1] == S.CANCELED
    restarted = desk.restarted()
    for later in (desk, restarted):
        later.event(venue.fill_report("T1", 80, "0.25000", "0.25000"))
        later.event(venue.report("T1", status="PARTIALLY_FILLED", cum="0.25000"))
        assert later.statuses()[-1] == S.PARTIALLY_FILLED
        assert len(later.agent.figures().open) == 1
    assert_legal(desk)
