"""The order socket: what is handed over, and how everything that was handed over ends."""

import json

from agents.venues.base import StreamRequest
from agents.venues.order_socket import LOGIN_NS_MAX, NEVER_NS, OrderAnswer, OrderSocket, OrderWire
from agents.venues.reports import StreamEnded, SubscriptionReply
from mesh.context import CallOutcome, VenueCall

SECOND = 10**9
CREATE = VenueCall("POST", "/order", {"id": "T1"}, signed=True, timeout_ms=2_000)
QUERY = VenueCall("GET", "/order", {"id": "T1"}, signed=True)


class Wire(OrderWire):
    """A venue whose frames are JSON of the test's own, with one login request after another."""

    def __init__(self, logins=(), **more):
        super().__init__(**more)
        self._logins = logins

    def login(self, number):
        return [StreamRequest(f"{each}-{number}", {"login": f"{each}-{number}"}, signed=True) for each in self._logins]

    def message(self, call_id, call):
        return None if call.method == "GET" else json.dumps({"order": call_id, **call.params}).encode()

    def read(self, frame):
        data = json.loads(frame)
        if "answers" in data:
            return OrderAnswer(data["answers"], data["status"], b"{}", {"Used": "1"})
        if "login" in data:
            return SubscriptionReply(data["login"], data["ok"], "no")
        return StreamEnded("shutdown") if "ends" in data else None


class Line:
    """An order socket, and what it sent and told."""

    def __init__(self, wire=None, *, up=True):
        self.sent, self.replies, self.changes = [], [], []
        self.takes = True
        self.orders = OrderSocket(wire or Wire(), self.complete, self.send, self.replies.append, self.changed)
        if up:
            self.orders.opened(0)

    def complete(self, message):
        return {**message, "signed": True}

    def send(self, message):
        if self.takes:
            self.sent.append(json.loads(message))
        return self.takes

    def changed(self, up, reason):
        self.changes.append((up, reason))

    def take(self, **frame):
        return self.orders.take(json.dumps(frame).encode())


def test_a_call_is_sent_once_and_ends_with_its_answer():
    line = Line()
    assert line.orders.call(7, CREATE, 0)
    assert line.sent == [{"order": 7, "id": "T1"}]
    assert line.take(answers=7, status=400)
    (reply,) = line.replies
    assert (reply.call_id, reply.call, reply.outcome, reply.status) == (7, CREATE, CallOutcome.ANSWERED, 400)
    assert reply.headers == {"Used": "1"}
    assert line.orders.outstanding == 0


def test_what_the_socket_does_not_carry_is_left_to_rest():
    line = Line()
    assert not line.orders.call(7, QUERY, 0)
    assert (line.sent, line.replies, line.orders.outstanding) == ([], [], 0)


def test_nothing_is_handed_over_before_the_connection_and_after_it():
    line = Line(up=False)
    assert not line.orders.call(1, CREATE, 0)
    line.orders.opened(0)
    line.orders.closed("reset")
    assert not line.orders.call(2, CREATE, 0)
    assert line.sent == []


def test_what_could_not_be_written_is_left_to_rest_and_is_not_out():
    line = Line()
    line.takes = False
    assert not line.orders.call(1, CREATE, 0)
    line.orders.closed("reset")
    assert line.replies == []


def test_a_connection_that_breaks_leaves_all_that_is_out_unknown_at_once():
    line = Line()
    for number in (1, 2):
        assert line.orders.call(number, CREATE, 0)
    line.take(answers=1, status=200)
    line.orders.closed("reset by peer")
    assert [(each.call_id, each.outcome) for each in line.replies] == [
        (1, CallOutcome.ANSWERED),
        (2, CallOutcome.UNKNOWN),
    ]
    assert "reset by peer" in line.replies[1].text
    assert line.changes == [(True, ""), (False, "reset by peer")]


def test_a_call_without_an_answer_in_its_time_is_unknown_and_the_late_answer_is_nobodys():
    line = Line()
    line.orders.call(1, CREATE, 0)
    line.orders.call(2, CREATE, SECOND)
    assert line.orders.due_ns == 2 * SECOND
    line.orders.expire(2 * SECOND)
    assert [(each.call_id, each.outcome) for each in line.replies] == [(1, CallOutcome.UNKNOWN)]
    assert line.orders.due_ns == 3 * SECOND
    assert not line.take(answers=1, status=200)
    assert len(line.replies) == 1
    line.take(answers=2, status=200)
    line.orders.expire(3 * SECOND)
    assert line.orders.due_ns == NEVER_NS


def test_an_answer_of_an_earlier_connection_is_nobodys():
    line = Line()
    line.orders.call(1, CREATE, 0)
    line.orders.closed("reset")
    line.orders.opened(SECOND)
    assert not line.take(answers=1, status=200)
    assert len(line.replies) == 1


def test_the_login_is_sent_request_by_request_and_orders_wait_for_the_last():
    line = Line(Wire(("key", "word")))
    assert line.sent == [{"login": "key-1", "signed": True}]
    assert not line.orders.call(1, CREATE, 0)
    line.take(login="key-1", ok=True)
    assert line.sent[1:] == [{"login": "word-1", "signed": True}]
    line.take(login="key-1", ok=True)
    assert not line.orders.ready
    line.take(login="word-1", ok=True)
    assert line.orders.ready
    assert line.changes == [(True, "")]


def test_a_refused_login_is_an_end_of_the_connection():
    line = Line(Wire(("key",)))
    line.take(login="key-1", ok=False)
    assert line.orders.finished == "login refused: no"
    assert not line.orders.ready
    line.orders.closed("closed")
    line.orders.opened(SECOND)
    assert line.orders.finished == ""
    assert line.sent[-1]["login"] == "key-2"


def test_a_login_without_an_answer_is_an_end_of_the_connection():
    line = Line(Wire(("key",)))
    assert line.orders.due_ns == LOGIN_NS_MAX
    line.orders.expire(LOGIN_NS_MAX - 1)
    assert line.orders.finished == ""
    line.orders.expire(LOGIN_NS_MAX)
    assert "no answer to the login" in line.orders.finished
    assert line.orders.due_ns == NEVER_NS


def test_a_connection_that_is_to_end_takes_nothing_new_and_still_answers():
    line = Line()
    line.orders.call(1, CREATE, 0)
    line.take(ends=1)
    assert line.orders.finished == "shutdown"
    assert not line.orders.call(2, CREATE, 0)
    assert line.orders.outstanding == 1
    assert line.take(answers=1, status=200)
    assert line.orders.outstanding == 0
    assert line.changes == [(True, ""), (False, "shutdown")]


def test_a_shared_connection_is_ready_when_the_private_stream_is_logged_in():
    line = Line(Wire(shares_private_stream=True))
    assert (line.sent, line.changes) == ([], [])
    assert not line.orders.call(1, CREATE, 0)
    assert not line.take(login="login-1", ok=False)
    assert not line.orders.ready
    assert not line.take(login="login-2", ok=True)
    assert line.orders.call(1, CREATE, 0)
    assert not line.take(news=1)
    assert line.take(answers=1, status=200)
    line.orders.closed("reset")
    assert line.changes == [(True, ""), (False, "reset")]
    line.orders.closed("refused")
    assert len(line.changes) == 2
