"""A context for unit tests of agents: it records effects and keeps virtual time; nothing leaves it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.crc32c import crc32c
from core.frame import HEADER_SIZE, Header, unpack
from core.frame import pack as pack_frame
from mesh.agent import Agent, CallOutcome, Context, Handlers, Outcome, Reply, Request, VenueCall, VenueReply
from mesh.protocol.codec import decode, decode_frame, encode, type_number
from schemas.counters import Counter
from schemas.messages import Message
from schemas.streams import REQUEST_STREAM, StreamState


class Published(NamedTuple):
    """One publication, with its header as followers see it."""

    stream: int
    message: Message
    header: Header


class Asked(NamedTuple):
    """One request to a peer that has not been answered yet."""

    peer: str
    message: Message
    ttl_ms: int
    request_id: int
    corr: int


class FakeContext(Context):
    """Drive the agent through the methods at its end.

    Every message is encoded and decoded once, so a message that cannot travel fails here.
    """

    def __init__(self, name: str = "agent", sender: int = 1, epoch: int = 1, now_ns: int = 1_000_000_000) -> None:
        super().__init__(name, sender, epoch)
        self.now_ns = now_ns
        self.wall_ns = 1_700_000_000_000_000_000 + now_ns
        self.published: list[Published] = []
        self.requests: list[Asked] = []
        self.replies: list[tuple[Request, Message]] = []
        self.timers: dict[str, int] = {}
        self.latencies: list[tuple[str, int]] = []
        self.counters: dict[str, int] = {}
        self.opened: dict[str, str] = {}
        self.sent: list[tuple[str, dict[str, Any], bool]] = []
        self.calls: dict[int, VenueCall] = {}
        self.answered: list[VenueCall] = []
        self.venue_clock_ns = 0
        self.stream_states: dict[tuple[str, int], StreamState] = {}
        self._handlers: dict[Agent, Handlers] = {}
        self._seqs: dict[int, int] = {}
        self._record = b""
        self._ids = 0

    # Effects, as the agent sees them

    def publish(self, stream: int, message: Message, corr: int = 0, flags: int = 0, origin_ns: int = 0) -> int:
        seq = self._seqs.get(stream, 0) + 1
        self._seqs[stream] = seq
        frame = pack_frame(
            stream=stream,
            type=type_number(message),
            sender=self.sender,
            epoch=self.epoch,
            seq=seq,
            flags=flags,
            corr=corr,
            origin_ns=origin_ns or self.origin_ns,
            send_ns=self.now_ns,
            decided_ns=self.now_ns,
            payload=encode(message),
        )
        header = unpack(frame)
        assert decode(header.type, frame[HEADER_SIZE:]) == message
        self.published.append(Published(stream, message, header))
        self._record = frame
        return seq

    def published_record(self) -> bytes:
        return self._record

    def message_in(self, header: Header, record: bytes) -> Message:
        return decode_frame(header, record)

    def request(self, peer: str, message: Message, ttl_ms: int, corr: int = 0) -> int:
        self._ids += 1
        self.requests.append(Asked(peer, _travelled(message), ttl_ms, self._ids, corr))
        return self._ids

    def reply(self, request: Request, message: Message) -> None:
        assert all(request is not done for done, _ in self.replies), "answered twice"
        self.replies.append((request, _travelled(message)))

    def set_timer(self, name: str, at_ns: int) -> None:
        self.timers[name] = at_ns

    def cancel_timer(self, name: str) -> None:
        self.timers.pop(name, None)

    def stream_state(self, publisher: str, stream: int) -> StreamState:
        return self.stream_states.get((publisher, stream), StreamState.LIVE)

    def record_latency(self, hop: str, latency_ns: int) -> None:
        self.latencies.append((hop, latency_ns))

    def count(self, counter: Counter, n: int = 1) -> None:
        assert isinstance(counter, Counter)
        self.counters[counter.value] = self.counters.get(counter.value, 0) + n

    def open_socket(self, connection: str, url: str) -> None:
        self.opened[connection] = url

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool = False) -> None:
        self.sent.append((connection, dict(message), signed))

    def close_socket(self, connection: str) -> None:
        self.opened.pop(connection, None)

    def set_venue_clock(self, offset_ns: int) -> None:
        self.venue_clock_ns = offset_ns

    def call(self, call: VenueCall) -> int:
        self._ids += 1
        self.calls[self._ids] = call
        return self._ids

    # For the test: inputs to the agent, and what came of them

    def messages(self, stream: int | None = None) -> list[Message]:
        """Return the published messages, of one stream if given."""
        return [item.message for item in self.published if stream is None or item.stream == stream]

    def take(self, stream: int | None = None) -> list[Message]:
        """Return the published messages and forget them all."""
        messages = self.messages(stream)
        self.published.clear()
        return messages

    def advance(self, agent: Agent, duration_ns: int) -> None:
        """Let time pass and fire each timer that comes due on the way, in order of its time."""
        end_ns = self.now_ns + duration_ns
        while due := sorted((at_ns, name) for name, at_ns in self.timers.items() if at_ns <= end_ns):
            at_ns, name = due[0]
            del self.timers[name]
            self._move_to(max(at_ns, self.now_ns))
            agent.on_timer(name)
        self._move_to(end_ns)

    def ask(
        self, agent: Agent, message: Message, *, corr: int = 0, client: str = "risk", sender: int = 9, epoch: int = 1
    ) -> Message | None:
        """Deliver a request to the agent; return its answer if it gave one at once."""
        self._ids += 1
        header = Header(
            stream=REQUEST_STREAM,
            type=type_number(message),
            sender=sender,
            epoch=epoch,
            seq=self._ids,
            corr=corr,
            ttl_ms=1000,
        )
        request = Request(client=client, header=header, message=message, token=b"%d" % self._ids)
        self.handlers_of(agent).request(request)
        return self.answer_to(request)

    def answer_to(self, request: Request) -> Message | None:
        """Return the agent's answer to `request`, None if there is none yet."""
        return next((answer for done, answer in self.replies if done is request), None)

    def deliver(
        self,
        agent: Agent,
        publisher: str,
        stream: int,
        message: Message,
        *,
        flags: int = 0,
        corr: int = 0,
        seq: int = 0,
    ) -> Header:
        """Deliver one message of a followed stream, in sequence unless `seq` says otherwise."""
        key = stream << 1 | 1 << 40 | crc32c(publisher.encode()) << 41
        seq = seq or self._seqs.get(key, 0) + 1
        self._seqs[key] = seq
        header = Header(
            stream=stream,
            type=type_number(message),
            sender=99,
            epoch=1,
            seq=seq,
            flags=flags,
            corr=corr,
            send_ns=self.now_ns,
            decided_ns=self.now_ns,
        )
        self.handlers_of(agent).message.on_message(publisher, header, _travelled(message))
        return header

    def finish(self, agent: Agent, asked: Asked, message: Message | None, outcome: Outcome = Outcome.ANSWERED) -> None:
        """End a request of the agent with `message`, or with another outcome."""
        self.requests.remove(asked)
        self.handlers_of(agent).reply(Reply(asked.peer, asked.request_id, asked.message, outcome, message))

    def pending(self, method: str, path: str) -> list[int]:
        """Return the ids of the REST calls that wait for their end, oldest first."""
        return [number for number, call in self.calls.items() if (call.method, call.path) == (method, path)]

    def respond(
        self,
        agent: Agent,
        call_id: int,
        body: bytes = b"",
        *,
        status: int = 200,
        outcome: CallOutcome = CallOutcome.ANSWERED,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """End one REST call."""
        call = self.calls.pop(call_id)
        self.answered.append(call)
        self.handlers_of(agent).venue_reply(VenueReply(call_id, call, outcome, status, body, headers))

    def receive(self, agent: Agent, connection: str, frame: bytes) -> None:
        """Deliver one websocket frame to the agent."""
        self.handlers_of(agent).frame(connection, frame)

    def handlers_of(self, agent: Agent) -> Handlers:
        """Return who takes the agent's inputs, asked once as by an engine."""
        if agent not in self._handlers:
            self._handlers[agent] = agent.handlers()
        return self._handlers[agent]

    def _move_to(self, now_ns: int) -> None:
        self.wall_ns += now_ns - self.now_ns
        self.now_ns = now_ns


def _travelled(message: Message) -> Message:
    """Return the message as its receiver decodes it."""
    copy = decode(type_number(message), encode(message))
    assert copy == message
    return copy
