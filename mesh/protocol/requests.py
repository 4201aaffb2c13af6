"""Requests and their answers: deadlines, safe repeats, and outcomes that claim no more than is proven.

Requests that only read (`READS`: a replay, a snapshot, a status) are answered afresh each time: nothing is kept of them,
and no deadline stops them, because a late answer still serves and repair is needed most when all is late.

The client numbers its requests to each peer from 1 and repeats the same bytes until an answer or the deadline; the
server acts on a number once and answers every repeat with the same frame. A request that no transport took is NOT_SENT;
one that was taken and not answered in time is UNKNOWN, which is not an answer: its sender needs other evidence.

A server that has heard a client in a higher epoch does not act for the lower one any more: it tells it that it is fenced.
A client that is told so is an instance that was replaced while it still runs, and must end.

Times are monotonic nanoseconds of one host. Between hosts monotonic clocks do not compare, so there a server counts the
time to live from receipt.
"""

from collections.abc import Callable

from core.frame import Header
from mesh.context import Outcome, Reply, Request
from mesh.protocol.codec import Packer
from mesh.protocol.link import NEVER_NS
from schemas.errors import FencedError
from schemas.messages import Ack, Message, ReplayRequest, SnapshotRequest, StatusRequest
from schemas.orders import Reason
from schemas.streams import REPLY_STREAM, REQUEST_STREAM
from schemas.units import MS

RETRY_FIRST_NS = 50_000_000
RETRY_LATER_NS = 100_000_000
RETRY_NS_MAX = 300_000_000
"""What has not left is tried again after 50 ms and then every 100. What has is repeated after 50, 150, 300, 600 and then
every 300: whoever is given it again and again has no more time to answer."""

REPLIES_KEPT = 4096
OPERATORS_KEPT = 64
FENCED = Ack(False, Reason.FENCED, "a newer instance of this agent has asked before")
"""What the server itself answers; an agent's own refusal with that reason says something else."""

ANSWERED = Outcome.ANSWERED
GRID_NS = 10_000_000
"""Repeats are due at multiples of this, so that many that wait are looked through together (deadlines are kept exactly)."""

READS: frozenset[type[Message]] = frozenset({ReplayRequest, SnapshotRequest, StatusRequest})


class _Pending:
    message: Message
    frame: bytes
    asked_ns: int
    deadline_ns: int
    retry_ns: int
    sent: bool


class RequestClient:
    """Requests of one agent to one peer."""

    def __init__(self, peer: str, packer: Packer, epoch: int, send: Callable[[str, bytes], bool]) -> None:
        """Number requests from 1 in `epoch`; `send(peer, frame)` is False when the frame is proven not to have left.

        `due_ns` tells when `on_timer` must next be called: `NEVER_NS` if nothing is pending.
        """
        self.due_ns = NEVER_NS
        self._peer = peer
        self._epoch = epoch
        self._packer = packer
        self._send = send
        self._last = 0
        self._pending: dict[int, _Pending] = {}

    def ask(
        self,
        message: Message,
        ttl_ms: int,
        corr: int,
        origin_ns: int,
        decided_ns: int,
        recv_ns: int = 0,
    ) -> int:
        """Send a request that may live `ttl_ms` from its `send_ns` on, and return its id."""
        self._last += 1
        frame = self._packer.pack(
            message, REQUEST_STREAM, self._epoch, self._last, origin_ns, recv_ns, decided_ns, corr, 0, ttl_ms
        )
        send_ns, wait_ns, retry_ns, grid_ns = self._packer.send_ns, ttl_ms * MS, RETRY_FIRST_NS, GRID_NS
        pending = _Pending.__new__(_Pending)
        pending.message = message
        pending.frame = frame
        pending.asked_ns = send_ns
        pending.deadline_ns = send_ns + wait_ns
        pending.retry_ns = (send_ns + retry_ns + grid_ns - 1) // grid_ns * grid_ns
        self.due_ns = min(self.due_ns, pending.retry_ns, pending.deadline_ns)
        pending.sent = self._send(self._peer, frame)
        self._pending[self._last] = pending
        return self._last

    def on_reply(self, header: Header, message: Message) -> Reply | None:
        """Take a reply frame; return the ended request, or None if it was answered or given up before.

        Raises:
            FencedError: If the peer knows a newer instance of this agent.
        """
        if header.epoch != self._epoch:
            return None
        if type(message) is Ack and message == FENCED:
            raise FencedError(f"a newer instance of this agent runs: {self._peer} knows it; stop one of them")
        pending = self._pending.pop(header.seq, None)
        if pending is None:
            return None
        if not self._pending:
            self.due_ns = NEVER_NS
        return Reply(self._peer, header.seq, pending.message, ANSWERED, message)

    def on_timer(self, now_ns: int) -> list[Reply]:
        """Repeat what is unanswered; return the requests whose deadline has passed."""
        ended: list[Reply] = []
        due_ns = NEVER_NS
        for number, pending in self._pending.items():
            if now_ns >= pending.deadline_ns:
                outcome = Outcome.UNKNOWN if pending.sent else Outcome.NOT_SENT
                ended.append(Reply(self._peer, number, pending.message, outcome))
                continue
            if now_ns >= pending.retry_ns:
                self._repeat(pending, now_ns)
            due_ns = min(due_ns, pending.retry_ns, pending.deadline_ns)
        for reply in ended:
            del self._pending[reply.request_id]
        self.due_ns = due_ns
        return ended

    def _repeat(self, pending: _Pending, now_ns: int) -> None:
        if pending.sent and type(pending.message) in READS:
            pending.retry_ns = pending.deadline_ns
            return
        left = self._send(self._peer, pending.frame)
        pending.sent = left or pending.sent
        pause_ns, grid_ns = RETRY_LATER_NS, GRID_NS
        if left:
            pause_ns = min(max(pause_ns, now_ns - pending.asked_ns), RETRY_NS_MAX)
        pending.retry_ns = (now_ns + pause_ns + grid_ns - 1) // grid_ns * grid_ns


class _Client:
    """What is known of one life of a client: requests that are being worked on, and answers that it may ask again."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.last = 0
        self.waiting: dict[int, bytes] = {}
        self.replies: dict[int, bytes] = {}


class RequestServer:
    """Requests that peers ask of one agent: each number acted on once, every repeat answered alike."""

    def __init__(self, packer: Packer, send: Callable[[bytes, bytes], object]) -> None:
        """Answer through `send(token, frame)`; the token routes to the client."""
        self._packer = packer
        self._send = send
        self._clients: dict[int | bytes, _Client] = {}

    def on_request(
        self, token: bytes, header: Header, message: Message, client: str, same_host: bool, now_ns: int
    ) -> Request | None:
        """Take a request; return it if the agent must act on it, None if it was dealt with here."""
        if type(message) in READS:
            return Request(client, header, message, token)
        state = self._client(header, token)
        number, kept = header.seq, REPLIES_KEPT
        if header.epoch < state.epoch:
            self._answer(token, header, FENCED, now_ns, 0, 0)
            return None
        reply = state.replies.get(number)
        if reply is not None:
            self._send(token, reply)
            return None
        if number in state.waiting:
            state.waiting[number] = token
            return None
        if state.last >= kept and number <= state.last - kept:
            return None
        state.last = max(state.last, number)
        if same_host and header.ttl_ms and now_ns > header.send_ns + header.ttl_ms * MS:
            self._answer(token, header, Ack(False, Reason.DEADLINE_EXPIRED), now_ns, 0, 0)
            return None
        state.waiting[number] = token
        return Request(client, header, message, token)

    def reply(self, request: Request, message: Message, decided_ns: int, origin_ns: int = 0, recv_ns: int = 0) -> None:
        """Answer `request` once; the answer is kept for repeats.

        The request is not answered again: a second reply to it is a programmer's error.
        """
        header, token = request.header, request.token
        if type(request.message) in READS:
            self._answer(token, header, message, decided_ns, origin_ns, recv_ns)
            return
        state = self._client(header, token)
        number, kept = header.seq, REPLIES_KEPT
        token = state.waiting.pop(number, token)
        frame = self._answer(token, header, message, decided_ns, origin_ns, recv_ns)
        # Numbers are contiguous, so the answer that is now too old is that of one number.
        if state.last < kept or number > state.last - kept:
            state.replies[number] = frame
            if number > kept:
                state.replies.pop(number - kept, None)

    def _client(self, header: Header, token: bytes) -> _Client:
        # Sender 0 is an operator's command: short-lived, many at once, so known by its connection.
        key: int | bytes = header.sender or token
        state = self._clients.get(key)
        if state is None or header.epoch > state.epoch:
            state = _Client(header.epoch)
            self._clients[key] = state
            self._forget_operators()
        return state

    def _forget_operators(self) -> None:
        operators = [key for key in self._clients if isinstance(key, bytes)]
        for key in operators[:-OPERATORS_KEPT]:
            del self._clients[key]

    def _answer(
        self, token: bytes, header: Header, message: Message, decided_ns: int, origin_ns: int, recv_ns: int
    ) -> bytes:
        frame = self._packer.pack(
            message, REPLY_STREAM, header.epoch, header.seq, origin_ns, recv_ns, decided_ns, header.corr
        )
        self._send(token, frame)
        return frame
