"""The private stream: subscribed request by request, and asked for again when the venue refuses or is late."""

from schemas.messages import (
    Ack,
)
from schemas.orders import Reason
from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import (
    ORDER,
    SECOND,
    Desk,
    submit,
)


def test_a_private_frame_that_does_not_decode_is_counted_and_leads_to_a_reconciliation():
    desk = Desk()
    desk.event(b'{"subscriptionId":0,"event":{"e":"executionReport","s":"BTCUSDT"}}')
    assert desk.ctx.counters["venue_frame_bad"] == 1
    assert desk.ask(submit()).reason == Reason.RECONCILING
    desk.ctx.advance(desk.agent, SECOND)
    desk.reconcile()
    assert desk.ask(submit("T2")) == Ack(True)


def test_a_refused_subscription_is_tried_again():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", b'{"id":"user-1","status":400,"error":{"code":-1022,"msg":"Signature invalid."}}')
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert [(c, m["method"], signed) for c, m, signed in desk.ctx.sent] == [
        ("user", "userDataStream.subscribe.signature", True)
    ] * 2


def test_a_subscription_that_is_refused_after_an_earlier_was_late_is_asked_for_again():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.ctx.advance(desk.agent, 5 * SECOND)
    desk.agent.on_frame("user", venue.subscribed(1))
    assert desk.ctx.counters["subscription_replies_old"] == 1
    desk.agent.on_frame("user", b'{"id":"user-2","status":500,"error":{"code":-1000,"msg":"unknown"}}')
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert [message["id"] for _, message, _ in desk.ctx.sent] == ["user-1", "user-2", "user-3"]
    desk.agent.on_frame("user", venue.subscribed(3))
    desk.reconcile()
    assert desk.agent.figures().reconciled


def test_a_connection_that_has_the_subscription_already_is_subscribed():
    desk = Desk(up=False)
    desk.agent.on_socket("user", True, "")
    desk.ctx.advance(desk.agent, 5 * SECOND)
    error = b'{"code":-2035,"msg":"User Data Stream subscription already active."}'
    desk.agent.on_frame("user", b'{"id":"user-2","status":400,"error":' + error + b"}")
    desk.reconcile()
    assert desk.agent.figures().reconciled


def test_connection_that_is_lost_during_a_ban_is_asked_for_after_its_end():
    desk = Desk()
    desk.ask(submit())
    body = venue.error_body(-1003, "banned")
    desk.answer("POST", ORDER, body, status=418, headers={"Retry-After": "60"})
    desk.agent.on_socket("user", False, "closed")
    assert desk.ctx.opened == {}
    desk.ctx.advance(desk.agent, 59 * SECOND)
    assert desk.ctx.opened == {}
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert list(desk.ctx.opened) == ["user"]
    sent = len(desk.ctx.sent)
    desk.agent.on_socket("user", True, "")
    assert len(desk.ctx.sent) == sent + 1
