"""Canceling many orders: which of them each scope has, with what reason, and that it is followed to its end."""

from schemas.messages import Ack, CancelAll
from schemas.orders import OrderStatus, Reason
from tests.unit.agents.execution.execution_desk import ORDER
from tests.unit.agents.execution.resting_orders import canceled, confirm, desk_with_all_kinds


def test_all_takes_every_order_those_that_are_not_ours_too():
    desk = desk_with_all_kinds()
    assert desk.ask(CancelAll(0, Reason.CANCELED_BY_OPERATOR)) == Ack(True)
    assert canceled(desk) == {"close", "open", "other", "by-hand"}


def test_a_strategys_scope_has_its_orders_only():
    desk = desk_with_all_kinds()
    desk.ask(CancelAll(0, Reason.CANCELED_BY_OPERATOR, strategy="taker"))
    assert canceled(desk) == {"other"}


def test_an_instruments_scope_has_its_orders_only():
    desk = desk_with_all_kinds()
    desk.ask(CancelAll(2, Reason.CANCELED_BY_OPERATOR))
    assert canceled(desk) == set()
    desk.ask(CancelAll(1, Reason.CANCELED_BY_OPERATOR, strategy="maker"))
    assert canceled(desk) == {"close", "open"}


def test_opening_only_leaves_what_reduces_the_position_and_what_is_not_ours():
    desk = desk_with_all_kinds()
    desk.ask(CancelAll(0, Reason.CANCELED_BY_LIMIT, opening_only=True))
    assert canceled(desk) == {"open", "other"}


def test_the_reason_stays_until_the_order_has_ended_and_over_a_restart():
    desk = desk_with_all_kinds()
    desk.ask(CancelAll(0, Reason.CANCELED_BY_LIMIT, opening_only=True))
    again = desk.restarted()
    assert again.agent.figures().orders.pending_cancel == 2
    again.ctx.advance(again.agent, 250_000_000)
    assert canceled(again) == {"open", "other"}
    confirm(again)
    ends = [message for message in again.ctx.messages() if getattr(message, "status", 0) == OrderStatus.CANCELED]
    assert {message.reason for message in ends} == {Reason.CANCELED_BY_LIMIT}


def test_a_reason_that_is_none_to_cancel_for_counts_as_the_strategys_own():
    desk = desk_with_all_kinds()
    desk.ask(CancelAll(0, 4711, strategy="taker"))
    assert desk.events("other")[-1].reason == Reason.CANCELED_BY_STRATEGY


def test_what_is_being_canceled_is_canceled_again_if_it_is_asked_for_again():
    desk = desk_with_all_kinds()
    desk.ask(CancelAll(0, Reason.CANCELED_BY_STRATEGY, strategy="taker"))
    desk.lose("DELETE", ORDER)
    desk.ask(CancelAll(0, Reason.CANCELED_BY_OPERATOR, strategy="taker"))
    assert canceled(desk) == {"other"}
