"""Cancels go to the account that is concerned, or to all, and come back with one answer."""

import pytest

from schemas.messages import Ack, CancelAll, CancelOrder
from schemas.orders import Reason
from tests.unit.agents.risk.several_desk import BTC_TWO, SeveralDesk

NOT_FOUND = Ack(accepted=False, reason=int(Reason.ORDER_NOT_FOUND))
GONE = Ack(accepted=False, reason=int(Reason.ALREADY_TERMINAL))
TAKEN = Ack(accepted=True)


def answer(desk, cls, *answers):
    """Have each account that was asked answer, in their order, and return what comes back."""
    asked = desk.asked(cls)
    assert len(asked) == len(answers)
    for each, message in zip(asked, answers, strict=True):
        assert len(desk.ctx.replies) == 0
        desk.ctx.finish(desk.agent, each, message)
    return desk.ctx.replies[-1][1]


def test_an_orders_cancel_goes_to_the_account_that_has_it():
    desk = SeveralDesk()
    desk.work_at("x", BTC_TWO)
    desk.ask(CancelOrder("x", Reason.CANCELED_BY_STRATEGY))
    assert [each.peer for each in desk.asked(CancelOrder)] == ["two"]
    assert answer(desk, CancelOrder, TAKEN) == TAKEN


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((NOT_FOUND, NOT_FOUND, NOT_FOUND), NOT_FOUND),
        ((NOT_FOUND, TAKEN, NOT_FOUND), TAKEN),
        ((NOT_FOUND, GONE, NOT_FOUND), GONE),
        ((GONE, TAKEN, NOT_FOUND), TAKEN),
    ],
)
def test_an_order_that_nobody_is_known_to_have_is_asked_of_all(answers, told):
    desk = SeveralDesk()
    desk.ask(CancelOrder("x", Reason.CANCELED_BY_STRATEGY))
    assert [each.peer for each in desk.asked(CancelOrder)] == ["one", "two", "three"]
    assert answer(desk, CancelOrder, *answers) == told


def test_what_is_canceled_everywhere_was_taken_on_when_all_took_it_on():
    desk = SeveralDesk()
    desk.ask(CancelAll())
    assert answer(desk, CancelAll, TAKEN, GONE, TAKEN) == GONE
    desk.ctx.replies.clear()
    desk.ask(CancelAll())
    assert answer(desk, CancelAll, TAKEN, TAKEN, TAKEN) == TAKEN


def test_an_instruments_cancel_goes_to_its_account():
    desk = SeveralDesk()
    desk.ask(CancelAll(BTC_TWO))
    assert [each.peer for each in desk.asked(CancelAll)] == ["two"]
    assert desk.ask(CancelAll(77)).reason == Reason.INSTRUMENT_NOT_FOUND
