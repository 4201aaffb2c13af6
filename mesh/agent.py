"""An agent: what reaches it, and what it can have done.

An agent is a plain class without sockets, threads, clock or randomness. Everything that reaches it is one call of a
handler below; everything that it wants done is one call on the `Context` (`mesh.context`) that it is given. The live
node, the simulator and the replay harness drive the same class, so the same inputs give the same outputs, byte for byte.

Within a handler `ctx.now_ns` and `ctx.wall_ns` stand still: they are the time of the input. Handlers run to the end, one
at a time. What a handler publishes or asks for is in the agent's log before it leaves the process.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Protocol

import msgspec

from core.frame import Header
from mesh.context import CallOutcome, Context, Outcome, Reply, Request, VenueCall, VenueReply
from mesh.message_handler import MessageHandler, PassOn
from schemas.figures import Figures
from schemas.messages import Message
from schemas.streams import StreamState

__all__ = [
    "Agent",
    "CallOutcome",
    "Context",
    "Handlers",
    "Outcome",
    "Reply",
    "Request",
    "Start",
    "Subscription",
    "VenueCall",
    "VenueReply",
]


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
    and publisher ask for it. `anchored` says that the state of an anchor was folded up to `position`: a publisher whose log
    does not reach there is not the one that was followed. `whole` says that the state is none without every message since
    `position`, or the first: a publisher that does not keep them any more cannot be followed.
    """

    publisher: str
    stream: int
    start: Start = Start.NEXT
    every: bool = False
    position: tuple[int, int] | None = None
    conflate: bool = False
    anchored: bool = False
    whole: bool = False


class Handlers:
    """Who takes each kind of an agent's inputs: the agent's own methods, but for what is named otherwise.

    An agent whose inputs come often names compiled code here, and nothing of the agent stands between it and the engine.
    """

    def __init__(
        self,
        agent: "Agent",
        *,
        message: MessageHandler | None = None,
        request: Callable[[Request], None] | None = None,
        reply: Callable[[Reply], None] | None = None,
        frame: Callable[[str, bytes], None] | None = None,
        venue_reply: Callable[[VenueReply], None] | None = None,
    ) -> None:
        """Take what stands in place of `agent.on_message` and `on_messages`, `on_request`, `on_reply`, and so on."""
        self.message = message or PassOn(agent.on_message, agent.on_messages)
        self.request = request or agent.on_request
        self.reply = reply or agent.on_reply
        self.frame = frame or agent.on_frame
        self.venue_reply = venue_reply or agent.on_venue_reply


class LoggedParts(Protocol):
    """What of an agent its log is folded into, record by record or from an anchor; the methods are those of `Agent`."""

    def restore(self, header: Header, message: Message) -> None:
        """Fold one record."""
        ...

    def anchor(self) -> bytes:
        """Return what was folded so far."""
        ...

    def resume(self, state: bytes) -> None:
        """Begin with what `anchor` returned."""
        ...


class LookedBack(Protocol):
    """What of an agent's log no start folds, but who looks back at it (`tickmesh state`) and the anchors for that."""

    types: frozenset[type[Message]]
    """Those that it is folded from; the agent restores none of them."""

    def take(self, header: Header, message: Message) -> None:
        """Fold one record."""
        ...

    def anchor(self) -> bytes:
        """Return what was folded so far; nothing else is in it."""
        ...

    def resume(self, state: bytes) -> None:
        """Begin with what `anchor` returned."""
        ...


class Agent:
    """Base of all agents: every handler does nothing until a role gives it work."""

    ctx: Context

    restores: frozenset[type[Message]] | None = None
    """Types of its own messages that `restore` wants, all if None; records of others are not even decoded."""

    restores_last: frozenset[type[Message]] = frozenset()
    """Types of which `restore` wants the newest record of each stream only, after all others; one that is STALE is not the
    newest, it came later than its place."""

    anchored: int = 0
    """Version of the state that `anchor` returns, 0 for a role that has none; raise it when the same bytes would mean
    something else."""

    counted_by: tuple[object, ...] = ()
    """What of its own configuration that state is of, as values of JSON; instruments and venues it always is."""

    logged: LoggedParts | None = None
    """What `restore`, `anchor` and `resume` are handed to, unless a role does it itself."""

    looked_back: LookedBack | None = None
    """What besides its state is looked back at; a version of `anchored` is of both."""

    takes_batches: bool = False
    """Whether messages of one stream that came together are handed over by one call of `on_messages`; asked once, after
    `start`. Where one batch ends depends on when its messages came."""

    rests_on_inputs: bool = True
    """Whether what it publishes follows from its inputs alone, so that it can be run again; what has a shell that it shares
    state with cannot."""

    @property
    def healthy(self) -> bool:
        """Whether this agent can do its work as far as it depends on the outside (a venue, a database)."""
        return True

    def handlers(self) -> Handlers:
        """Return who takes this agent's inputs; asked once, when its engine is made."""
        return Handlers(self)

    def bind(self, ctx: Context) -> None:
        """Take the context; called once, before anything else. Nothing may be published or asked for yet."""
        self.ctx = ctx

    def restore(self, header: Header, message: Message) -> None:
        """Fold one record of this agent's own log, oldest first; called for each that it `restores` before `start`."""
        if self.logged is not None:
            self.logged.restore(header, message)

    def anchor(self) -> bytes:
        """Return the state that the log and the streams followed from their first message have been folded to so far.

        Nothing else may be in it: two agents of which the same was folded return the same bytes. Called before `start`.

        Raises:
            AnchorTooLargeError: If it has grown beyond what an anchor is to hold.
        """
        return b"" if self.logged is None else self.logged.anchor()

    def resume(self, state: bytes) -> None:
        """Begin with a state that `anchor` returned, in place of what it was folded from; called before any `restore`.

        Raises:
            FrameError: If it is none of this version; nothing has changed then.
        """
        if self.logged is not None:
            self.logged.resume(state)

    def passed_over(self, counts: Mapping[int, int]) -> None:
        """Take note of how many records of other types there were, by type number; called once, after the last record."""

    def subscriptions(self) -> Sequence[Subscription]:
        """Return the streams to follow; called once, after the log was folded."""
        return ()

    def start(self) -> None:
        """Begin: the log is folded, sockets are up, effects are allowed."""

    def stopping(self) -> bool:
        """Get ready to end, and return whether that is done; asked at first when the process is told to stop.

        It is asked again until it is so or the time is up, and meanwhile everything is delivered as before.
        """
        return True

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

    def seen(self) -> dict[str, Any]:
        """Return what is told besides its figures to who looks back (`tickmesh state`), as values of JSON."""
        return {}

    def figures(self) -> Figures | None:
        """Return this role's own figures for its status, None if it has none."""
        return None
