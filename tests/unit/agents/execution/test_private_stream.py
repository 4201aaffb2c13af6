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
    assert "user" not in desk.ctx.opened
    desk.ctx.advance(desk.agent, 59 * SECOND)
    assert "user" not in desk.ctx.opened
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert "user" in desk.ctx.opened
    sent = len(desk.ctx.sent)
    desk.agent.on_socket("user", True, "")
    assert len(desk.ctx.sent) == sent + 1


SHUTDOWN = b'{"event":{"e":"serverShutdown","E":1770123456789}}'


def private(desk):
    """Return the connections of the private stream that are open."""
    return [connection for connection in desk.ctx.opened if connection.startswith("user")]


def balance(free):
    body = f'{{"e":"outboundAccountPosition","B":[{{"a":"BTC","f":"{free}","l":"0"}}]}}'
    return f'{{"subscriptionId":0,"event":{body}}}'.encode()


def replacing():
    """Return a desk whose second connection is subscribed, but has not taken over."""
    desk = Desk()
    desk.event(SHUTDOWN)
    desk.agent.on_socket("user+", True, "")
    desk.agent.on_frame("user+", venue.subscribed(2))
    return desk


def btc(desk):
    return desk.agent.figures().balances.get("BTC")


def test_an_announced_end_has_another_connection_take_over_while_orders_go_on():
    desk = Desk()
    desk.event(SHUTDOWN)
    assert private(desk) == ["user", "user+"]
    desk.agent.on_socket("user+", True, "")
    assert desk.ctx.sent[-1][:2] == (
        "user+",
        {"id": "user-2", "method": "userDataStream.subscribe.signature", "params": {}},
    )
    desk.agent.on_frame("user+", venue.subscribed(2))
    assert desk.ask(submit()) == Ack(True)
    desk.ctx.advance(desk.agent, SECOND)
    assert private(desk) == ["user+"]
    assert desk.agent.healthy
    assert desk.ctx.counters == {"connection_ends_announced": 1, "connections_replaced": 1}
    assert desk.ask(submit("T2")) == Ack(True)


def test_what_both_connections_told_is_taken_once_and_what_only_the_second_told_when_it_takes_over():
    desk = replacing()
    desk.event(balance("1"))
    desk.agent.on_frame("user+", balance("1"))
    desk.agent.on_frame("user+", balance("2"))
    desk.event(balance("5"))
    assert btc(desk) == 500_000_000
    desk.ctx.advance(desk.agent, SECOND)
    assert btc(desk) == 200_000_000
    desk.agent.on_frame("user+", balance("3"))
    assert btc(desk) == 300_000_000


def test_a_first_connection_that_ends_early_is_taken_over_from_at_once():
    desk = replacing()
    desk.agent.on_frame("user+", balance("2"))
    desk.agent.on_socket("user", False, "closed: 1001")
    assert btc(desk) == 200_000_000
    assert private(desk) == ["user+"]
    assert desk.ask(submit()) == Ack(True)
    desk.agent.on_socket("user+", False, "closed: 1006")
    assert desk.ask(submit("T2")).reason == Reason.RECONCILING


def test_a_first_connection_that_ends_before_the_second_is_subscribed_is_lost_as_ever():
    desk = Desk()
    desk.event(SHUTDOWN)
    desk.agent.on_socket("user+", True, "")
    desk.agent.on_socket("user", False, "closed: 1001")
    assert private(desk) == ["user"]
    assert desk.ask(submit()).reason == Reason.RECONCILING
    desk.agent.on_socket("user", True, "")
    desk.agent.on_frame("user", venue.subscribed(3))
    desk.reconcile()
    assert desk.ask(submit("T2")) == Ack(True)


def test_a_second_connection_that_is_not_subscribed_in_time_is_opened_anew():
    desk = Desk()
    desk.event(SHUTDOWN)
    desk.agent.on_socket("user+", True, "")
    desk.ctx.advance(desk.agent, 5 * SECOND)
    assert private(desk) == ["user", "user+"]
    desk.agent.on_socket("user+", True, "")
    desk.agent.on_frame("user+", venue.subscribed(3))
    desk.ctx.advance(desk.agent, SECOND)
    assert private(desk) == ["user+"]


def test_a_private_stream_is_replaced_before_it_is_a_day_old_and_the_next_in_its_turn():
    desk = Desk()
    young = 23 * 3600 + 50 * 60
    assert desk.ctx.timers["private:replace"] - desk.ctx.now_ns == young * SECOND
    desk.agent.on_timer("private:replace")
    desk.agent.on_socket("user+", True, "")
    since_ns = desk.ctx.now_ns
    desk.agent.on_frame("user+", venue.subscribed(2))
    desk.ctx.advance(desk.agent, SECOND)
    assert desk.ctx.timers["private:replace"] == since_ns + young * SECOND


def test_no_connection_is_opened_beside_another_during_a_ban():
    desk = Desk()
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.error_body(-1003, "banned"), status=418, headers={"Retry-After": "60"})
    desk.event(SHUTDOWN)
    assert private(desk) == ["user"]
    desk.ctx.advance(desk.agent, 61 * SECOND)
    assert private(desk) == ["user", "user+"]
