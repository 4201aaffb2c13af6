"""Requests and their answers: deadlines, safe repeats, and outcomes that claim no more than is proven.

Requests that only read (`READS`: a replay, a snapshot, a status) are answered afresh each time: nothing is kept of them,
and no deadline stops them, because a late answer still serves and repair is needed most when all is late.

The client numbers its requests to each peer from 1 and repeats the same bytes until an answer or the deadline; the
server acts on a number once and answers every repeat with the same frame. A request that no transport took is NOT_SENT;
one that was taken and not answered in time is UNKNOWN, which is not an answer: its sender needs other evidence.

Times are monotonic nanoseconds of one host. Between hosts monotonic clocks do not compare, so there a server counts the
time to live from receipt.
"""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from core.frame import HEADER_SIZE, Header, pack, unpack
from mesh.agent import Outcome, Reply, Request
from mesh.codec import decode, encode, type_number
from schemas.messages import Ack, Message, ReplayRequest, SnapshotRequest, StatusRequest
from schemas.orders import Reason
from schemas.streams import REPLY_STREAM, REQUEST_STREAM

RETRY_FIRST_NS = 50_000_000
RETRY_LATER_NS = 100_000_000
REPLIES_KEPT = 1024
MS = 1_000_000
READS = (ReplayRequest, SnapshotRequest, StatusRequest)


class _Pending(msgspec.Struct):
    message: Message
    frame: bytes
    deadline_ns: int
    retry_ns: int
    sent: bool


class RequestClient:
    """Requests of one agent to one peer."""

    def __init__(self, peer: str, sender: int, epoch: int, send: Callable[[str, bytes], bool]) -> None:
        """Number requests from 1 in `epoch`; `send(peer, frame)` is False when the frame is proven not to have left."""
        self._peer = peer
        self._sender = sender
        self._epoch = epoch
        self._send = send
        self._last = 0
        self._pending: dict[int, _Pending] = {}

    @property
    def due_ns(self) -> int | None:
        """When `on_timer` must next be called, None if nothing is pending."""
        return min((min(p.retry_ns, p.deadline_ns) for p in self._pending.values()), default=None)

    def ask(self, message: Message, *, ttl_ms: int, corr: int, origin_ns: int, now_ns: int) -> int:
        """Send a request and return its id."""
        self._last += 1
        frame = pack(
            stream=REQUEST_STREAM,
            type=type_number(message),
            sender=self._sender,
            epoch=self._epoch,
            seq=self._last,
            ttl_ms=ttl_ms,
            origin_ns=origin_ns,
            send_ns=now_ns,
            corr=corr,
            payload=encode(message),
        )
        sent = self._send(self._peer, frame)
        self._pending[self._last] = _Pending(message, frame, now_ns + ttl_ms * MS, now_ns + RETRY_FIRST_NS, sent)
        return self._last

    def on_reply(self, header: Header, message: Message) -> Reply | None:
        """Take a reply frame; return the ended request, or None if it was answered or given up before."""
        if header.epoch != self._epoch:
            return None
        pending = self._pending.pop(header.seq, None)
        if pending is None:
            return None
        return Reply(self._peer, header.seq, pending.message, Outcome.ANSWERED, message)

    def on_timer(self, now_ns: int) -> list[Reply]:
        """Repeat what is unanswered; return the requests whose deadline has passed."""
        ended: list[Reply] = []
        for number, pending in list(self._pending.items()):
            if now_ns >= pending.deadline_ns:
                del self._pending[number]
                outcome = Outcome.UNKNOWN if pending.sent else Outcome.NOT_SENT
                ended.append(Reply(self._peer, number, pending.message, outcome))
            elif now_ns >= pending.retry_ns:
                if pending.sent and isinstance(pending.message, READS):
                    pending.retry_ns = pending.deadline_ns
                    continue
                pending.sent = self._send(self._peer, pending.frame) or pending.sent
                pending.retry_ns = now_ns + RETRY_LATER_NS
        return ended


class _Client(msgspec.Struct):
    epoch: int
    last: int
    waiting: dict[int, bytes]
    replies: "OrderedDict[int, bytes]"


class RequestServer:
    """Requests that peers ask of one agent: each number acted on once, every repeat answered alike."""

    def __init__(self, sender: int, send: Callable[[bytes, bytes], bool]) -> None:
        """Answer through `send(token, frame)`; the token routes to the client."""
        self._sender = sender
        self._send = send
        self._clients: dict[int | bytes, _Client] = {}

    def on_request(self, token: bytes, frame: bytes, client: str, same_host: bool, now_ns: int) -> Request | None:
        """Take a request frame; return it if the agent must act on it, None if it was dealt with here.

        Raises:
            FrameError: If the frame or its payload is not valid.
        """
        header = unpack(frame)
        message = decode(header.type, memoryview(frame)[HEADER_SIZE:])
        if isinstance(message, READS):
            return Request(client, header, message, token)
        state = self._client(header, token)
        number = header.seq
        if header.epoch < state.epoch:
            self._answer(token, header, Ack(False, Reason.FENCED), now_ns)
            return None
        if number in state.replies:
            self._send(token, state.replies[number])
            return None
        if number in state.waiting:
            state.waiting[number] = token
            return None
        if number <= state.last - REPLIES_KEPT:
            return None
        state.last = max(state.last, number)
        if same_host and header.ttl_ms and now_ns > header.send_ns + header.ttl_ms * MS:
            self._answer(token, header, Ack(False, Reason.DEADLINE_EXPIRED), now_ns)
            return None
        state.waiting[number] = token
        return Request(client, header, message, token)

    def reply(self, request: Request, message: Message, now_ns: int, origin_ns: int = 0) -> None:
        """Answer `request` once; the answer is kept for repeats.

        The request is not answered again: a second reply to it is a programmer's error.
        """
        header = request.header
        if isinstance(request.message, READS):
            self._answer(request.token, header, message, now_ns, origin_ns)
            return
        state = self._client(header, request.token)
        token = state.waiting.pop(header.seq, request.token)
        frame = self._answer(token, header, message, now_ns, origin_ns)
        state.replies[header.seq] = frame
        if len(state.replies) > REPLIES_KEPT:
            state.replies.popitem(last=False)

    def _client(self, header: Header, token: bytes) -> _Client:
        # Sender 0 is an operator's command: short-lived, many at once, so known by its connection.
        key: int | bytes = header.sender or token
        state = self._clients.get(key)
        if state is None or header.epoch > state.epoch:
            state = _Client(header.epoch, 0, {}, OrderedDict())
            self._clients[key] = state
            self._forget_operators()
        return state

    def _forget_operators(self) -> None:
        operators = [key for key in self._clients if isinstance(key, bytes)]
        for key in operators[:-64]:
            del self._clients[key]

    def _answer(self, token: bytes, header: Header, message: Message, now_ns: int, origin_ns: int = 0) -> bytes:
        frame = pack(
            stream=REPLY_STREAM,
            type=type_number(message),
            sender=self._sender,
            epoch=header.epoch,
            seq=header.seq,
            origin_ns=origin_ns,
            send_ns=now_ns,
            corr=header.corr,
            payload=encode(message),
        )
        self._send(token, frame)
        return frame
