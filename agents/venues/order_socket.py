"""Orders over the venue's websocket: which calls are out on it, and how each of them ends. No I/O.

A venue that takes orders over a websocket saves the whole HTTP request. Nobody above needs to know which way a call went:
its end is a `VenueReply` with status, body and headers either way. What differs between venues is an `OrderWire`: how one
logs in, how a call is written as one message, and how the answer to it is told from other frames.

`OrderSocket` holds what is out on one connection. A call is handed to the connection once, or not at all: `call` says
which, and what was not handed over may go over REST. When the connection ends, whatever was handed to it and has no answer
yet is UNKNOWN at once: it may have been carried out, and the answer will never come. A call that is not answered in its
time is UNKNOWN too; should the answer come later, it is nobody's any more.

The connection is the venue's socket for orders alone, which is logged in here; or it is the one of the private stream,
where whoever keeps that logs in, and this one sees it by the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from agents.venues.base import Heartbeat, StreamRequest
from agents.venues.reports import StreamEnded, SubscriptionReply
from mesh.context import CallOutcome, VenueCall, VenueReply
from schemas.units import MS, SECOND

ORDERS = "orders"
"""Name of the connection that carries nothing but orders."""
ORDER_CONNECTIONS = (ORDERS, f"{ORDERS}+")
"""There may be two: they take over from one another."""
LOGIN_NS_MAX = 5 * SECOND
NEVER_NS = 1 << 62

_encode = msgspec.json.Encoder().encode


class OrderAnswer:
    """What the venue answers to one call, as REST would have told it."""

    def __init__(self, call_id: int, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Take the answer to the message that was written for `call_id`; names of headers are in title case."""
        self.call_id = call_id
        self.status = status
        self.body = body
        self.headers = headers


class OrderWire:
    """How one venue takes orders over a websocket; made with the account's signer, and plain functions of bytes else."""

    def __init__(self, *, shares_private_stream: bool = False, heartbeat: Heartbeat | None = None) -> None:
        """Say whether orders go over the private stream's connection.

        `heartbeat` is that of a connection of its own; without one the websocket's own ping says whether it is there.
        """
        self.shares_private_stream = shares_private_stream
        self.heartbeat = heartbeat

    def login(self, number: int) -> Sequence[StreamRequest]:
        """Return what logs in a connection of its own, for the `number`th time; each is sent when the last was answered.

        None are needed where every message is signed. A shared connection is logged in by the private stream.
        """
        return ()

    def message(self, call_id: int, call: VenueCall) -> bytes | None:
        """Return a call as the one message that asks for it, signed; None if it does not go over the socket.

        The answer must lead back to `call_id`.
        """
        raise NotImplementedError

    def read(self, frame: bytes) -> OrderAnswer | SubscriptionReply | StreamEnded | None:
        """Return what a frame answers; None if it is nothing of this socket.

        Of a shared connection, a `SubscriptionReply` is the answer to the login and to nothing else. `StreamEnded` says
        that the venue will close the connection: what is out is still answered, and whoever listens has another one opened.

        Never raises: what cannot be read is None.
        """
        raise NotImplementedError


class OrderSocket:
    """The calls that are out on one connection, and whether it takes more."""

    def __init__(
        self,
        wire: OrderWire,
        complete: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        send: Callable[[bytes], bool],
        replied: Callable[[VenueReply], None],
        changed: Callable[[bool, str], None],
    ) -> None:
        """Begin without a connection.

        `complete` signs a login. `send` hands one text message to the connection; False is proof that nothing of it
        left, and it calls nothing here. `replied` is given the end of each call that was handed over, `changed` whether
        calls can be, and why not.
        """
        self.ready = False
        """Whether calls can be handed over."""
        self.finished = ""
        """Why the connection is to be closed once nothing is out; empty while it is of use."""
        self.over = False
        """Whether it is not to be opened again then."""
        self.due_ns = NEVER_NS
        """When `expire` has something to do."""
        self._wire = wire
        self._complete = complete
        self._send = send
        self._replied = replied
        self._changed = changed
        self._out: dict[int, tuple[VenueCall, int]] = {}
        self._number = 0
        self._login: list[StreamRequest] = []
        self._login_by_ns = NEVER_NS

    @property
    def outstanding(self) -> int:
        """How many calls have no answer yet."""
        return len(self._out)

    def begin(self) -> None:
        """Take that a connection is asked for, whatever became of the last."""
        self.over, self.finished = False, ""

    def opened(self, now_ns: int) -> None:
        """Take that the connection is there: log in, or wait for the private stream's login; nothing if it is over."""
        if self.over:
            return
        self.finished = ""
        if self._wire.shares_private_stream:
            return
        self._number += 1
        self._login = list(self._wire.login(self._number))
        if self._login:
            self._login_by_ns = self.due_ns = now_ns + LOGIN_NS_MAX
            self._send_login()
        else:
            self._be_ready()

    def closed(self, reason: str) -> None:
        """Take that the connection has ended: what was out is UNKNOWN, all of it and at once."""
        self._login = []
        self._login_by_ns = self.due_ns = NEVER_NS
        out, self._out = self._out, {}
        self._be_unready(reason)
        for call_id, (call, _) in out.items():
            self._replied(VenueReply(call_id, call, CallOutcome.UNKNOWN, text=f"order socket: {reason}"))

    def call(self, call_id: int, call: VenueCall, now_ns: int) -> bool:
        """Hand a call over; False says that nothing of it has left and nothing will."""
        if not self.ready:
            return False
        message = self._wire.message(call_id, call)
        if message is None or not self._send(message):
            return False
        due_ns = now_ns + call.timeout_ms * MS
        self._out[call_id] = (call, due_ns)
        if due_ns < self.due_ns:
            self.due_ns = due_ns
        return True

    def retire(self, reason: str) -> None:
        """Hand nothing more over: the connection is over when everything that is out has ended, and for good."""
        self.over = True
        self._finish(reason)

    def take(self, frame: bytes) -> bool:
        """Take a frame of the connection; False if it is for whoever else listens too, or for them alone."""
        found = self._wire.read(frame)
        if type(found) is OrderAnswer:
            out = self._out.pop(found.call_id, None)
            if out is None:
                return False
            self._replied(
                VenueReply(found.call_id, out[0], CallOutcome.ANSWERED, found.status, found.body, found.headers)
            )
            return True
        if found is None:
            return False
        if isinstance(found, StreamEnded):
            self.retire(found.text)
            return False
        if isinstance(found, SubscriptionReply):
            self._on_login(found)
        return not self._wire.shares_private_stream

    def expire(self, now_ns: int) -> None:
        """Take that `due_ns` has come: what had its time is UNKNOWN, and a login that is not answered is refused."""
        if now_ns >= self._login_by_ns:
            self._login_by_ns = NEVER_NS
            self._finish(f"no answer to the login for {LOGIN_NS_MAX // SECOND} s")
        late = [(call_id, call) for call_id, (call, due_ns) in self._out.items() if due_ns <= now_ns]
        for call_id, _ in late:
            del self._out[call_id]
        self.due_ns = min((due_ns for _, due_ns in self._out.values()), default=NEVER_NS)
        self.due_ns = min(self.due_ns, self._login_by_ns)
        for call_id, call in late:
            text = f"order socket: no answer within {call.timeout_ms} ms"
            self._replied(VenueReply(call_id, call, CallOutcome.UNKNOWN, text=text))

    def _on_login(self, reply: SubscriptionReply) -> None:
        if self._wire.shares_private_stream:
            if reply.accepted:
                self._be_ready()
            return
        if not self._login or reply.request != self._login[0].id:
            return
        if not reply.accepted:
            self._finish(f"login refused: {reply.text}")
            return
        del self._login[0]
        if self._login:
            self._send_login()
        else:
            self._login_by_ns = NEVER_NS
            self._be_ready()

    def _send_login(self) -> None:
        request = self._login[0]
        self._send(_encode(self._complete(request.message) if request.signed else request.message))

    def _finish(self, reason: str) -> None:
        """Hand nothing more over; the connection is to be closed once everything that is out has ended."""
        self.finished = reason
        self._be_unready(reason)

    def _be_ready(self) -> None:
        if not (self.ready or self.finished):
            self.ready = True
            self._changed(True, "")

    def _be_unready(self, reason: str) -> None:
        if self.ready or not self._wire.shares_private_stream:
            self.ready = False
            self._changed(False, reason)
