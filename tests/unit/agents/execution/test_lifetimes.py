"""Lifetimes: an order that nobody takes back ends of itself, in a later life of execution too."""

import msgspec

from agents.execution.lifetimes import LIFETIME, Lifetimes
from agents.execution.order_table import Order, OrderTable
from schemas.messages import OrderInitialized
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import MS, ORDER, SECOND, Desk, S, VenueContext, working
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.submissions import approved, submission

HOUR = 3600 * SECOND


def resting(client_id="T1", lifetime_ms=0, **more):
    """A desk with one order that the venue has accepted, and whose strategy chose its lifetime."""
    desk = Desk(**more)
    rest(desk, client_id, lifetime_ms)
    return desk


def rest(desk, client_id, lifetime_ms, venue_id=1):
    desk.ask(submission(msgspec.structs.replace(approved(client_id), lifetime_ms=lifetime_ms)))
    desk.answer("POST", ORDER, venue.order_body(client_id, venue_id))


def canceled(desk):
    return [call.params["orderId"] for call in desk.ctx.calls.values() if call.method == "DELETE"]


def test_an_order_that_has_rested_for_the_configured_time_is_canceled():
    desk = working()
    desk.ctx.advance(desk.agent, HOUR - SECOND)
    assert desk.ctx.pending("DELETE", ORDER) == []
    desk.ctx.advance(desk.agent, SECOND)
    assert len(desk.ctx.pending("DELETE", ORDER)) == 1
    assert desk.events()[-1].reason == Reason.LIFETIME_EXPIRED
    desk.answer("DELETE", ORDER, venue.order_body("T1", status="CANCELED"))
    assert desk.statuses()[-1] == S.CANCELED
    assert desk.events()[-1].reason == Reason.LIFETIME_EXPIRED


def test_the_lifetime_that_a_strategy_chose_goes_before_that_of_the_configuration():
    desk = resting(lifetime_ms=500)
    desk.ctx.advance(desk.agent, 499 * MS)
    assert desk.ctx.pending("DELETE", ORDER) == []
    desk.ctx.advance(desk.agent, MS)
    assert len(desk.ctx.pending("DELETE", ORDER)) == 1


def test_without_a_lifetime_an_order_rests_for_ever():
    desk = working(order_lifetime_ms=0)
    desk.ctx.advance(desk.agent, 48 * HOUR)
    assert desk.statuses()[-1] == S.NEW


def test_one_timer_stands_for_the_order_that_ends_first():
    desk = Desk()
    rest(desk, "T1", 3_000, 1)
    rest(desk, "T2", 1_000, 2)
    rest(desk, "T3", 2_000, 3)
    assert desk.ctx.timers[LIFETIME] == desk.ctx.now_ns + 1_000 * MS
    desk.ctx.advance(desk.agent, 1_000 * MS)
    assert canceled(desk) == ["2"]
    desk.ctx.advance(desk.agent, 1_000 * MS)
    assert canceled(desk) == ["2", "3"]
    desk.ctx.advance(desk.agent, 1_000 * MS)
    assert canceled(desk) == ["2", "3", "1"]


def test_the_lifetime_goes_on_over_a_restart():
    desk = working()
    desk.ctx.advance(desk.agent, HOUR // 2)
    later = VenueContext(now_ns=desk.ctx.now_ns)
    again = Desk(log=desk.record, up=False, ctx=later)
    later.advance(again.agent, HOUR // 2 - SECOND)
    assert later.pending("DELETE", ORDER) == []
    later.advance(again.agent, SECOND)
    assert len(later.pending("DELETE", ORDER)) == 1


def test_an_order_of_before_the_hosts_start_has_rested_since_then_at_least():
    table = OrderTable()
    lifetimes = Lifetimes(table, 1_000)
    ctx = lifetimes.ctx = FakeContext(now_ns=300 * MS)
    order = Order(OrderInitialized("T1", "maker", 1, 1, 1, 1, 1), 0)
    table.add(order)
    lifetimes.begin(order, 5 * HOUR)
    assert order.expires_ns == ctx.timers[LIFETIME] == 1_000 * MS


def test_an_order_that_is_not_ours_is_left_alone():
    desk = Desk()
    desk.event(venue.report("by-hand", 7))
    desk.ctx.advance(desk.agent, 2 * HOUR)
    assert desk.statuses("by-hand")[-1] == S.NEW
    assert desk.ctx.pending("DELETE", ORDER) == []
