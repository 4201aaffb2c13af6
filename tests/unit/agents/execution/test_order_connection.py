"""The connection for orders: asked for where the venue has one, told to people, and left alone during a ban."""

from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import ORDER, SECOND, Desk, submit


def test_the_connection_is_asked_for_and_its_state_is_told():
    desk = Desk()
    assert desk.ctx.opened["orders"].startswith("wss://ws-api.binance.com")
    assert desk.agent.figures().orders_over == "REST: the order socket is not open yet"
    desk.agent.on_socket("orders", True, "")
    assert desk.agent.figures().orders_over == "socket"
    desk.agent.on_socket("orders", False, "reset by peer")
    assert desk.agent.figures().orders_over == "REST: reset by peer"
    assert desk.ctx.counters["order_socket_lost"] == 1


def test_an_account_that_is_to_use_rest_never_asks_for_it():
    desk = Desk(orders_over="rest")
    assert "orders" not in desk.ctx.opened
    assert desk.agent.figures().orders_over == "REST"


def test_its_state_is_not_that_of_the_private_stream():
    desk = Desk()
    desk.agent.on_socket("orders", False, "refused")
    assert desk.agent.figures().reconciled
    assert "order_socket_lost" not in desk.ctx.counters


def test_an_answer_that_nobody_waits_for_is_counted():
    desk = Desk()
    desk.agent.on_frame("orders", b'{"id":1,"status":200,"result":{}}')
    assert desk.ctx.counters["order_answers_late"] == 1
    assert desk.agent.figures().reconciled


def test_a_connection_that_is_lost_during_a_ban_is_asked_for_after_its_end():
    desk = Desk()
    desk.agent.on_socket("orders", True, "")
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.error_body(-1003, "banned"), status=418, headers={"Retry-After": "60"})
    assert "orders" in desk.ctx.opened
    desk.agent.on_socket("orders", False, "closed")
    assert "orders" not in desk.ctx.opened
    desk.ctx.advance(desk.agent, 59 * SECOND)
    assert "orders" not in desk.ctx.opened
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert "orders" in desk.ctx.opened
