"""The connection for orders: asked for where the venue has one, told to people, replaced in time, left alone in a ban."""

from tests.unit.agents import venue_replies as venue
from tests.unit.agents.execution.execution_desk import ORDER, SECOND, Desk, submit

DAY = 24 * 3_600 * SECOND
LEAD = 600 * SECOND
SHUTDOWN = b'{"event":{"e":"serverShutdown","E":1}}'


def reachable(**more):
    """A desk whose orders go over the socket."""
    desk = Desk(**more)
    desk.agent.on_socket("orders", True, "")
    return desk


def ban(desk):
    desk.ask(submit())
    desk.answer("POST", ORDER, venue.error_body(-1003, "banned"), status=418, headers={"Retry-After": "60"})


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


def test_another_connection_is_opened_before_the_venue_ends_the_first_and_takes_over_when_it_is_ready():
    desk = reachable()
    desk.ctx.advance(desk.agent, DAY - LEAD - SECOND)
    assert "orders+" not in desk.ctx.opened
    desk.ctx.advance(desk.agent, 2 * SECOND)
    assert desk.ctx.opened["orders+"] == desk.ctx.opened["orders"]
    assert desk.agent.figures().orders_over == "socket"
    replaced = desk.ctx.counters.get("connections_replaced", 0)
    desk.agent.on_socket("orders+", True, "")
    assert desk.agent.figures().orders_over == "socket"
    assert desk.ctx.counters["connections_replaced"] == replaced + 1
    del desk.ctx.opened["orders"]
    desk.ctx.advance(desk.agent, DAY - LEAD + SECOND)
    assert "orders" in desk.ctx.opened, "and so on"
    assert "order_socket_lost" not in desk.ctx.counters


def test_one_that_cannot_be_opened_yet_leaves_the_orders_to_the_first():
    desk = reachable()
    desk.ctx.advance(desk.agent, DAY - LEAD + SECOND)
    desk.agent.on_socket("orders+", False, "refused")
    assert desk.agent.figures().orders_over == "socket"
    assert "orders+" in desk.ctx.opened
    desk.agent.on_socket("orders", False, "closed by the venue")
    assert desk.agent.figures().orders_over == "REST: closed by the venue"
    desk.agent.on_socket("orders+", True, "")
    assert desk.agent.figures().orders_over == "socket"


def test_an_announced_end_has_another_connection_opened_at_once_and_rest_has_the_orders_until_then():
    desk = reachable()
    desk.agent.on_frame("orders", SHUTDOWN)
    assert desk.agent.figures().orders_over == "REST: the venue ends the order socket"
    assert "orders+" in desk.ctx.opened
    desk.agent.on_socket("orders+", True, "")
    assert desk.agent.figures().orders_over == "socket"
    assert desk.ctx.counters["connection_ends_announced"] == 1
    assert not {"order_socket_lost", "order_answers_late"} & desk.ctx.counters.keys()


def test_an_announced_end_of_the_one_that_is_to_take_over_has_it_opened_anew():
    desk = reachable()
    desk.agent.on_frame("orders", SHUTDOWN)
    desk.ctx.opened.clear()
    desk.agent.on_frame("orders+", SHUTDOWN)
    assert list(desk.ctx.opened) == ["orders+"]


def test_no_other_connection_is_asked_for_during_a_ban():
    desk = reachable()
    ban(desk)
    desk.agent.on_frame("orders", SHUTDOWN)
    assert "orders+" not in desk.ctx.opened
    desk.ctx.advance(desk.agent, 61 * SECOND)
    assert "orders+" in desk.ctx.opened


def test_one_that_is_refused_during_a_ban_is_asked_for_after_its_end():
    desk = reachable()
    desk.agent.on_frame("orders", SHUTDOWN)
    ban(desk)
    assert "orders+" in desk.ctx.opened
    desk.agent.on_socket("orders+", False, "refused")
    assert "orders+" not in desk.ctx.opened
    desk.ctx.advance(desk.agent, 61 * SECOND)
    assert "orders+" in desk.ctx.opened
