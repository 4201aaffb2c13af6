"""What an agent can have done, and what passes between it and its peers and venue in plain objects.

A `Context` is what an agent is given to act through. The engine is one; so are those of tests and benchmarks. It is a base
with C signatures and not a protocol, so that compiled code which is handed any of them calls it without looking a name up.
A context written in Python takes its arguments by position as well as by name.

Requests, replies and the ends of REST calls stay within one process, so they are classes of plain fields and not messages.
This file is compiled (`context.pxd` has the C types).
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import msgspec

from core.frame import Header
from schemas.counters import Counter
from schemas.messages import Message
from schemas.streams import StreamState


class Outcome(IntEnum):
    """How a request ended. Only ANSWERED and NOT_SENT prove anything."""

    ANSWERED = 1
    NOT_SENT = 2
    UNKNOWN = 3


class Request:
    """A request that a peer asks of this agent; answer it once with `ctx.reply(request, message)`, now or later."""

    def __init__(self, client: str, header: Header, message: Message, token: bytes) -> None:
        """Take what `client` asks; `token` routes the reply and is opaque to the agent."""
        self.client = client
        self.header = header
        self.message = message
        self.token = token

    def __repr__(self) -> str:
        """Return who asks what, for whoever debugs."""
        return f"Request({self.client!r}, {self.header!r}, {self.message!r})"


class Reply:
    """What became of a request of this agent: `message` is the answer, None unless ANSWERED."""

    def __init__(
        self, peer: str, request_id: int, request: Message, outcome: Outcome, message: Message | None = None
    ) -> None:
        """Take what `peer` was asked and how that ended."""
        self.peer = peer
        self.request_id = request_id
        self.request = request
        self.outcome = outcome
        self.message = message

    def __repr__(self) -> str:
        """Return what was asked and how it ended, for whoever debugs."""
        return f"Reply({self.peer!r}, {self.request_id}, {self.request!r}, {self.outcome!r}, {self.message!r})"


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


class VenueReply:
    """What became of a REST call; `status` and `body` (raw JSON) if ANSWERED, else `text` says why."""

    def __init__(
        self,
        call_id: int,
        call: VenueCall,
        outcome: CallOutcome,
        status: int = 0,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        text: str = "",
    ) -> None:
        """Take the end of the call that `Context.call` gave this id."""
        self.call_id = call_id
        self.call = call
        self.outcome = outcome
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.text = text

    def __repr__(self) -> str:
        """Return what was called and how it ended, for whoever debugs."""
        return (
            f"VenueReply({self.call_id}, {self.call!r}, {self.outcome!r}, {self.status}, {self.body!r}, {self.text!r})"
        )


class Context:
    """What an agent can have done. All of it is queued or written at once; nothing blocks and nothing raises for a peer."""

    def __init__(self, name: str, sender: int, epoch: int) -> None:
        """Act for the agent `name`, which publishes as `sender` and has started `epoch` times."""
        self.name = name
        self.sender = sender
        self.epoch = epoch
        self.now_ns = 0
        """Monotonic time of the input that is being handled."""
        self.wall_ns = 0
        """Unix time of the same moment."""
        self.origin_ns = 0
        """Monotonic time at which the tick that caused this input was received; carried into everything sent from here."""

    def publish(self, stream: int, message: Message, corr: int = 0, flags: int = 0, origin_ns: int = 0) -> int:
        """Log `message` and send it to every subscriber of `stream`; return its sequence number.

        `corr` names what caused it (a signal's id); `origin_ns`, if given, stands in place of that of this input.
        """
        raise NotImplementedError

    def published_record(self) -> bytes:
        """Return the record of what this handler has published last, byte for byte as the log has it.

        Whoever must prove a publication to a peer shows this; `message_in` reads it there.
        """
        raise NotImplementedError

    def message_in(self, header: Header, record: bytes) -> Message:
        """Return the message in a published record whose header was read before.

        Raises:
            FrameError: If it is not a message that this version knows.
        """
        raise NotImplementedError

    def request(self, peer: str, message: Message, ttl_ms: int, corr: int = 0) -> int:
        """Ask `peer`; return the request id. `on_reply` is called exactly once, at the latest `ttl_ms` from now."""
        raise NotImplementedError

    def reply(self, request: Request, message: Message) -> None:
        """Answer a request; a repeat of the same request gets the same answer from the mesh."""
        raise NotImplementedError

    def set_timer(self, name: str, at_ns: int) -> None:
        """Call `on_timer(name)` once when `now_ns` has reached `at_ns`; a timer of the same name is moved."""
        raise NotImplementedError

    def cancel_timer(self, name: str) -> None:
        """Forget the timer of that name, if there is one."""
        raise NotImplementedError

    def stream_state(self, publisher: str, stream: int) -> StreamState:
        """Return what is known now of a subscribed stream."""
        raise NotImplementedError

    def record_latency(self, hop: str, latency_ns: int) -> None:
        """Count one latency in the histogram of `hop`."""
        raise NotImplementedError

    def count(self, counter: Counter, n: int = 1) -> None:
        """Add `n` to a counter of this agent's status."""
        raise NotImplementedError

    def open_socket(self, connection: str, url: str) -> None:
        """Open (and keep open, with backoff) the venue websocket `connection`; `on_socket` tells each change."""
        raise NotImplementedError

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool = False) -> None:
        """Send a JSON message on a venue websocket; `signed` adds apiKey, timestamp and signature to its `params`."""
        raise NotImplementedError

    def close_socket(self, connection: str) -> None:
        """Close a venue websocket and stop keeping it open."""
        raise NotImplementedError

    def set_venue_clock(self, offset_ns: int) -> None:
        """Have what is signed from now on carry the venue's time: our wall clock and `offset_ns`."""
        raise NotImplementedError

    def call(self, call: VenueCall) -> int:
        """Make a REST call; return its id. `on_venue_reply` is called exactly once."""
        raise NotImplementedError
