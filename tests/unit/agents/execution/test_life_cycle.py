"""Stop and start: what becomes of the orders that rest then, and that a stop waits for the venue's word."""

import pytest

from schemas.messages import CancelAll
from schemas.orders import OrderStatus, Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import ORDER, SECOND, Desk, submit
from tests.unit.agents.execution.resting_orders import canceled, confirm, desk_with_all_kinds, listed


def test_a_stop_cancels_every_order_of_ours_and_is_done_when_the_venue_has_confirmed_the_last():
    desk = desk_with_all_kinds()
    assert desk.agent.stopping() is False
    assert canceled(desk) == {"close", "open", "other"}
    assert {desk.events(name)[-1].reason for name in ("close", "open", "other")} == {Reason.CANCELED_AT_STOP}
    assert desk.agent.stopping() is False
    assert len(desk.ctx.pending("DELETE", ORDER)) == 3, "each is sent once"
    confirm(desk)
    assert desk.agent.stopping() is True
    assert desk.statuses("by-hand")[-1] == OrderStatus.NEW


def test_a_cancel_without_an_end_holds_the_stop_up():
    desk = desk_with_all_kinds()
    desk.agent.stopping()
    desk.ctx.calls.clear()
    assert desk.agent.stopping() is False


def test_nothing_is_taken_on_while_it_stops():
    desk = Desk()
    assert desk.agent.stopping() is True
    answer = desk.ask(submit())
    assert (answer.accepted, answer.reason, answer.text) == (False, Reason.EXECUTION_UNAVAILABLE, "execution stops")


def test_orders_may_be_left_at_a_stop():
    desk = desk_with_all_kinds(at_stop="leave")
    assert desk.agent.stopping() is True
    assert canceled(desk) == set()
    assert desk.ask(submit("T9")).reason == Reason.EXECUTION_UNAVAILABLE


@pytest.mark.parametrize("at_stop", ["cancel", "leave"])
def test_at_the_end_of_a_run_every_order_of_ours_goes_and_none_is_taken_on(at_stop):
    desk = desk_with_all_kinds(at_stop=at_stop)
    assert desk.ask(CancelAll(reason=Reason.CANCELED_AT_STOP), client="operator", sender=0).accepted
    assert canceled(desk) == {"close", "open", "other"}
    answer = desk.ask(submit("T9"))
    assert (answer.accepted, answer.reason, answer.text) == (False, Reason.EXECUTION_UNAVAILABLE, "the run ends")


def test_only_an_operator_ends_a_run():
    desk = Desk()
    desk.ask(CancelAll(reason=Reason.CANCELED_AT_STOP))
    assert desk.ask(submit()).accepted


@pytest.mark.parametrize(("at_start", "expected"), [("keep", set()), ("cancel", {"close", "open", "other"})])
def test_what_rests_at_the_start_is_treated_as_configured(at_start, expected):
    log = desk_with_all_kinds().record
    again = Desk(log=log, up=False, at_start=at_start)
    again.agent.on_socket("user", True, "")
    again.agent.on_frame("user", venue.SUBSCRIBED)
    assert canceled(again) == set(), "what rests is known when the account agrees"
    again.reconcile(listed())
    assert canceled(again) == expected
    for name in expected:
        assert again.events(name)[-1].reason == Reason.CANCELED_AT_START


def test_an_order_in_flight_at_a_crash_is_canceled_at_the_start_too():
    desk = Desk()
    desk.ask(submit())
    again = Desk(log=desk.record, up=False, at_start="cancel")
    again.connect(venue.orders_body(venue.order_body("T1", 1)))
    assert len(again.ctx.pending("DELETE", ORDER)) == 1


def test_only_the_first_agreement_is_the_start():
    desk = Desk(at_start="cancel")
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.order_body("T1"))
    desk.lists = (venue.orders_body(venue.order_body("T1")),)
    desk.pass_time(20 * SECOND)
    assert desk.statuses()[-1] == OrderStatus.NEW


def test_a_cancel_of_all_at_a_stop_is_no_hindrance():
    desk = desk_with_all_kinds()
    desk.ask(CancelAll(0, Reason.CANCELED_BY_OPERATOR))
    desk.agent.stopping()
    assert desk.events("open")[-1].reason == Reason.CANCELED_BY_OPERATOR
    confirm(desk)
    assert desk.agent.stopping() is True
