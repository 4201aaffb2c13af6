"""Reservations: what was approved is held until it is proven that no order came of it."""

import pytest

from mesh.agent import Outcome
from schemas.messages import (
    Ack,
    CancelOrder,
    Released,
    SubmitOrder,
)
from schemas.orders import OrderStatus, Reason
from tests.unit.agents.risk.risk_desk import Desk, S
from tests.unit.agents.trading_desk import (
    filled,
    initialized,
    signal,
)

# Reservations


def test_refused_submission_is_released():
    desk = Desk()
    order_id = desk.approve(signal(4))
    assert desk.open() == {"orders": 1, "reserved": 1, "unknown": 0}
    refusal = Ack(accepted=False, reason=Reason.RECONCILING)
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], refusal)
    assert desk.ctx.published[-1].message == Released(order_id, Reason.RECONCILING)
    assert desk.ctx.published[-1].header.corr == 4
    assert desk.open() == {"orders": 0, "reserved": 0, "unknown": 0}


def test_submission_that_was_not_sent_is_released():
    desk = Desk()
    order_id = desk.approve(signal())
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], None, Outcome.NOT_SENT)
    assert desk.ctx.published[-1].message == Released(order_id, Reason.EXECUTION_UNAVAILABLE)


def test_accepted_submission_is_held_until_its_order_ends():
    desk = Desk()
    order_id = desk.approve(signal())
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], Ack(accepted=True))
    desk.event(initialized(order_id))
    assert desk.open() == {"orders": 1, "reserved": 0, "unknown": 0}
    desk.event(filled(order_id, 1, 10_000, status=OrderStatus.FILLED))
    assert desk.open() == {"orders": 0, "reserved": 0, "unknown": 0}
    assert not [m for m in desk.ctx.messages() if isinstance(m, Released)]


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [(Outcome.UNKNOWN, None), (Outcome.ANSWERED, Ack(accepted=False, reason=Reason.DEADLINE_EXPIRED))],
)
def test_unanswered_submission_is_held_until_execution_proves_that_it_has_no_such_order(outcome, answer):
    desk = Desk()
    order_id = desk.approve(signal(1))
    desk.ctx.advance(desk.agent, S)
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], answer, outcome)
    desk.market()
    assert desk.open() == {"orders": 1, "reserved": 1, "unknown": 1}
    assert desk.deny(signal(2))[0] is Reason.UNKNOWN_ORDERS_OUTSTANDING
    desk.ctx.advance(desk.agent, 2 * S)
    probe = desk.asked(CancelOrder)[0]
    assert (probe.peer, probe.message.client_order_id) == ("exec", order_id)
    desk.ctx.finish(desk.agent, probe, None, Outcome.UNKNOWN)
    assert desk.open()["unknown"] == 1
    desk.ctx.advance(desk.agent, S)
    probe = desk.asked(CancelOrder)[0]
    desk.ctx.finish(desk.agent, probe, Ack(accepted=False, reason=Reason.ORDER_NOT_FOUND))
    assert desk.ctx.published[-1].message == Released(order_id, Reason.NEVER_REACHED_VENUE)
    desk.market()
    desk.equity(1_000_000)
    desk.approve(signal(3))
    assert len(desk.asked(SubmitOrder)) == 1


def test_unanswered_submission_is_settled_by_the_order_stream():
    desk = Desk()
    order_id = desk.approve(signal(1))
    desk.ctx.finish(desk.agent, desk.asked(SubmitOrder)[0], None, Outcome.UNKNOWN)
    desk.event(initialized(order_id))
    assert desk.open() == {"orders": 1, "reserved": 0, "unknown": 0}
    desk.ctx.advance(desk.agent, 5 * S)
    assert not desk.asked(CancelOrder)


def test_strategys_cancel_is_no_proof_while_the_submission_may_still_be_acted_on():
    desk = Desk()
    order_id = desk.approve(signal(1))
    desk.ask(CancelOrder(order_id, Reason.CANCELED_BY_STRATEGY))
    desk.ctx.finish(desk.agent, desk.asked(CancelOrder)[0], Ack(accepted=False, reason=Reason.ORDER_NOT_FOUND))
    assert desk.open()["reserved"] == 1


# Halt and restart


def test_reservation_of_a_crashed_risk_is_probed_and_released():
    desk = Desk()
    order_id = desk.approve(signal(1))
    again = Desk(epoch=2, log=desk.ctx.published)
    again.ctx.advance(again.agent, 2 * S)
    probe = again.asked(CancelOrder)[0]
    assert probe.message.client_order_id == order_id
    again.ctx.finish(again.agent, probe, Ack(accepted=False, reason=Reason.ORDER_NOT_FOUND))
    assert again.open() == {"orders": 0, "reserved": 0, "unknown": 0}
