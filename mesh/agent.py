"""An agent: what reaches it, and what it can have done.

An agent is a plain class without sockets, threads, clock or randomness. Everything that reaches it is one call of a
handler below; everything that it wants done is one call on the `Context` that it is given. The live node, the simulator
and the replay harness drive the same class, so the same inputs give the same outputs, byte for byte.

Within a handler `ctx.now_ns` and `ctx.wall_ns` stand still: they are the time of the input. Handlers run to the end, one
at a time. What a handler publishes or asks for is in the agent's log before it leaves the process.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Protocol

import msgspec

from core.frame import Header
from mesh.message_handler import MessageHandler
from schemas.figures import Figures
from schemas.messages import Message
from schemas.streams import StreamState


class Start(IntEnum):
    """Where in an EVENT stream a subscriber begins when it has no position of its own."""

    NEXT = 1
    FIRST = 2


class Subscription(msgspec.Struct, frozen=True):
    """One stream of one publisher that an agent follows.

    `every` asks for every message of a STATE stream too, replayed from the log, where a follower of the state alone would
    take a snapshot. `start` says where to begin; `position` (epoch, seq), if given, is the last message already applied.
    `conflate` is for who wants to know how things stand and not how they came to: of the stream's messages of one type that
    have come meanwhile only the newest is handed over, though none may be missing, and on one host they wake the agent only
    when many have come: as long as the stream is live, it is up to date when anything else reaches it. What was missed, by
    joining late or by a gap, is handed over message by message all the same. It is done where all subscriptions of one kind
    and publisher ask for it.
    """

    publisher: str
    stream: int
    start: Start = Start.NEXT
    every: bool = False
    position: tuple[int, int] | None = None
    conflate: bool = False


class Outcome(IntEnum):
    """How a request ended. Only ANSWERED and NOT_SENT prove anything."""

    ANSWERED = 1
    NOT_SENT = 2
    UNKNOWN = 3


class Request(msgspec.Struct, frozen=True):
    """A request that a peer asks of this agent; answer it once with `ctx.reply(request, message)`, now or later."""

    client: str
    header: Header
    message: Message
    token: bytes
    """Routes the reply; opaque to the agent."""


class Reply(msgspec.Struct, frozen=True):
    """What became of a request of this agent: `message` is the answer, None unless ANSWERED."""

    peer: str
    request_id: int
    request: Message
    outcome: Outcome
    message: Message | None = None


class VenueCall(msgspec.Struct, frozen=True):
    """One REST call: `method` and `path` as in the venue's documentation, parameters as text, signed or not."""

    method: str
    path: str
    params: Mapping[str, str]
    signed: bool = False
    timeout_ms: int = 10_000


class CallOutcome(IntEnum):
    """What is proven about a REST call: it was answered, it never left this host, or neither."""

    ANSWERED = 1
    NOT_SENT = 2
    UNKNOWN = 3


class VenueReply(msgspec.Struct, frozen=True):
    """What became of a REST call; `status` and `body` (raw JSON) if ANSWERED, else `text` says why."""

    call_id: int
    call: VenueCall
    outcome: CallOutcome
    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = {}
    text: str = ""


class Context(Protocol):
    """What an agent can have done. All of it is queued or written at once; nothing blocks and nothing raises for a peer."""

    name: str
    sender: int
    epoch: int
    now_ns: int
    """Monotonic time of the input that is being handled."""
    wall_ns: int
    """Unix time of the same moment."""
    origin_ns: int
    """Monotonic time at which the tick that caused this input was received; carried into everything sent from here."""

    def publish(self, stream: int, message: Message, *, flags: int = 0, corr: int = 0, origin_ns: int = 0) -> int:
        """Log `message` and send it to every subscriber of `stream`; return its sequence number."""
        ...

    def published_record(self) -> bytes:
        """Return the record of what this handler has published last, byte for byte as the log has it.

        Whoever must prove a publication to a peer shows this; `message_in` reads it there.
        """
        ...

    def message_in(self, header: Header, record: bytes) -> Message:
        """Return the message in a published record whose header was read before.

        Raises:
            FrameError: If it is not a message that this version knows.
        """
        ...

    def request(self, peer: str, message: Message, *, ttl_ms: int, corr: int = 0) -> int:
        """Ask `peer`; return the request id. `on_reply` is called exactly once, at the latest `ttl_ms` from now."""
        ...

    def reply(self, request: Request, message: Message) -> None:
        """Answer a request; a repeat of the same request gets the same answer from the mesh."""
        ...

    def set_timer(self, name: str, at_ns: int) -> None:
        """Call `on_timer(name)` once when `now_ns` has reached `at_ns`; a timer of the same name is moved."""
        ...

    def cancel_timer(self, name: str) -> None:
        """Forget the timer of that name, if there is one."""
        ...

    def stream_state(self, publisher: str, stream: int) -> StreamState:
        """Return what is known now of a subscribed stream."""
        ...

    def record_latency(self, hop: str, latency_ns: int) -> None:
        """Count one latency in the histogram of `hop`."""
        ...

    def count(self, name: str, n: int = 1) -> None:
        """Add `n` to the counter `name` of this agent's status."""
        ...

    def open_socket(self, connection: str, url: str) -> None:
        """Open (and keep open, with backoff) the venue websocket `connection`; `on_socket` tells each change."""
        ...

    def send_socket(self, connection: str, message: Mapping[str, Any], *, signed: bool = False) -> None:
        """Send a JSON message on a venue websocket; `signed` adds apiKey, timestamp and signature to its `params`."""
        ...

    def close_socket(self, connection: str) -> None:
        """Close a venue websocket and stop keeping it open."""
        ...

    def call(self, call: VenueCall) -> int:
        """Make a REST call; return its id. `on_venue_reply` is called exactly once."""
        ...


class Agent:
    """Base of all agents: every handler does nothing until a role gives it work."""

    ctx: Context

    restores: frozenset[type[Message]] | None = None
    """Types of its own messages that `restore` wants, all if None; records of others are not even decoded."""

    taker: MessageHandler | None = None
    """Takes each message in place of `on_message`, which then must do the same; asked once, when the engine is made."""

    takes_batches: bool = False
    """Whether messages of one stream that came together are handed over by one call of `on_messages`; asked once, after
    `start`. Where one batch ends depends on when its messages came."""

    @property
    def healthy(self) -> bool:
        """Whether this agent can do its work as far as it depends on the outside (a venue, a database)."""
        return True

    def bind(self, ctx: Context) -> None:
        """Take the context; called once, before anything else. Nothing may be published or asked for yet."""
        self.ctx = ctx

    def restore(self, header: Header, message: Message) -> None:
        """Fold one record of this agent's own log, oldest first; called for each that it `restores` before `start`."""

    def passed_over(self, counts: Mapping[int, int]) -> None:
        """Take note of how many records of other types there were, by type number; called once, after the last record."""

    def subscriptions(self) -> Sequence[Subscription]:
        """Return the streams to follow; called once, after the log was folded."""
        return ()

    def start(self) -> None:
        """Begin: the log is folded, sockets are up, effects are allowed."""

    def stop(self) -> None:
        """End in order: last effects are allowed; nothing is delivered afterwards."""

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Apply the next message of a subscribed stream, in order, each exactly once (a snapshot stands for many)."""

    def on_messages(self, publisher: str, headers: Sequence[Header], messages: Sequence[Message]) -> None:
        """Apply messages of one stream that came together, in order, each once; what it causes rests on the last."""
        for header, message in zip(headers, messages, strict=True):
            self.on_message(publisher, header, message)

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        """Take note that a subscribed stream changed its state."""

    def on_request(self, request: Request) -> None:
        """Act on a request of a peer within its deadline, and answer it."""

    def on_reply(self, reply: Reply) -> None:
        """Take the end of one of this agent's requests."""

    def on_timer(self, name: str) -> None:
        """Act on a timer that came due."""

    def on_socket(self, connection: str, up: bool, reason: str) -> None:
        """Take note that a venue websocket opened or closed."""

    def on_frame(self, connection: str, frame: bytes) -> None:
        """Take one websocket frame; `ctx.now_ns` and `ctx.wall_ns` are the times of its receipt."""

    def on_venue_reply(self, reply: VenueReply) -> None:
        """Take the end of one of this agent's REST calls."""

    def snapshot(self, stream: int) -> Message | None:
        """Return the state of one of this agent's STATE streams as of its last publication, None if there is none yet."""
        return None

    def figures(self) -> Figures | None:
        """Return this role's own figures for its status, None if it has none."""
        return None
