"""The connections for orders: which one has the next call, and what becomes of the one before."""

import json

from agents.venues.order_lines import TAKEN_OVER, OrderLines
from mesh.context import CallOutcome
from tests.unit.agents.venues.test_order_socket import CREATE, SECOND, Wire


class Socket:
    """A websocket that keeps what is written, and why it was ended."""

    def __init__(self):
        self.written, self.ended = [], []

    def write(self, message):
        self.written.append(message)
        return True

    def end(self, reason):
        self.ended.append(reason)


class Lines(OrderLines):
    """Lines on a clock and with connections of the test's own."""

    def __init__(self, wire=None):
        self.replies, self.changes, self.timers = [], [], []
        self.time_ns = 0
        super().__init__(wire or Wire(), dict, self.replies.append, lambda *told: self.changes.append(told))

    def now_ns(self):
        return self.time_ns

    def set_timer(self, due_ns):
        self.timers.append(due_ns)

    def connect(self, name):
        self.wanted(name)
        return self.open(name)

    def open(self, name):
        socket = Socket()
        self.opened(name, socket)
        return socket


def frame(**fields):
    return json.dumps(fields).encode()


def test_the_second_connection_takes_over_and_the_first_is_closed_when_its_answers_have_come():
    lines = Lines()
    first = lines.connect("orders")
    assert lines.call(1, CREATE)
    second = lines.connect("orders+")
    assert lines.call(2, CREATE)
    assert (len(first.written), len(second.written)) == (1, 1)
    assert lines.is_over("orders")
    assert first.ended == []
    assert lines.take("orders", frame(answers=1, status=200))
    assert first.ended == [TAKEN_OVER]
    lines.closed("orders", "gone")
    assert [(each.call_id, each.outcome) for each in lines.replies] == [(1, CallOutcome.ANSWERED)]
    assert lines.changes == [("orders", True, ""), ("orders+", True, "")]


def test_the_first_has_the_orders_while_the_second_is_not_logged_in():
    lines = Lines(Wire(logins=("a",)))
    first = lines.connect("orders")
    lines.take("orders", frame(login="a-1", ok=True))
    second = lines.connect("orders+")
    assert lines.call(1, CREATE)
    assert (len(first.written), len(second.written)) == (2, 1)
    lines.take("orders+", frame(login="a-1", ok=True))
    assert lines.call(2, CREATE)
    assert (len(first.written), len(second.written)) == (2, 2)


def test_a_first_that_is_lost_while_the_second_comes_is_opened_again_and_is_over_when_the_second_is_there():
    lines = Lines()
    lines.connect("orders")
    lines.wanted("orders+")
    lines.closed("orders", "reset")
    assert not lines.is_over("orders")
    again = lines.open("orders")
    assert lines.call(1, CREATE)
    lines.open("orders+")
    assert lines.is_over("orders")
    assert not lines.is_over("orders+")
    assert (len(again.written), again.ended) == (1, [])
    lines.closed("orders", "reset")
    assert [each.outcome for each in lines.replies] == [CallOutcome.UNKNOWN]
    assert lines.changes[-1] == ("orders+", True, "")


def test_one_that_is_made_when_it_is_over_already_is_closed_at_once():
    lines = Lines()
    lines.wanted("orders")
    lines.connect("orders+")
    late = lines.open("orders")
    assert late.ended == [TAKEN_OVER]
    assert lines.changes == [("orders+", True, "")]


def test_an_announced_end_takes_no_more_calls_and_is_told_by_its_frame():
    lines = Lines()
    socket = lines.connect("orders")
    assert lines.call(1, CREATE)
    assert not lines.take("orders", frame(ends=True)), "the agent sees it"
    assert not lines.call(2, CREATE)
    assert lines.is_over("orders")
    assert socket.ended == []
    lines.take("orders", frame(answers=1, status=200))
    assert socket.ended == ["shutdown"]
    assert lines.changes == [("orders", True, "")]


def test_a_connection_that_is_asked_for_again_is_of_use_again():
    lines = Lines()
    lines.connect("orders")
    lines.connect("orders+")
    lines.closed("orders", "gone")
    socket = lines.connect("orders")
    assert not lines.is_over("orders")
    assert lines.is_over("orders+")
    assert lines.call(1, CREATE)
    assert len(socket.written) == 1


def test_an_answer_that_never_comes_does_not_keep_the_first_for_ever():
    lines = Lines()
    first = lines.connect("orders")
    assert lines.call(1, CREATE)
    lines.connect("orders+")
    assert lines.timers == [2 * SECOND]
    lines.time_ns = 2 * SECOND
    lines.due()
    assert [each.outcome for each in lines.replies] == [CallOutcome.UNKNOWN]
    assert first.ended == [TAKEN_OVER]


def test_the_private_streams_connections_are_told_as_one_and_are_closed_by_whoever_keeps_that():
    lines = Lines(Wire(shares_private_stream=True))
    first = lines.connect("user")
    lines.take("user", frame(login="l", ok=True))
    second = lines.connect("user+")
    lines.take("user+", frame(login="l", ok=True))
    assert lines.call(1, CREATE)
    assert (len(first.written), len(second.written)) == (0, 1)
    assert first.ended == []
    lines.closed("user", "closed here")
    assert lines.changes == [("orders", True, "")]
    lines.closed("user+", "reset")
    assert lines.changes == [("orders", True, ""), ("orders", False, "reset")]
