"""What an agent has done: the half of the engine that the agent sees.

What is published is logged at once and leaves when the handler has ended; what is asked and answered leaves at once. So
nobody waits for an order because of the news of it. Everything that is sent carries the time of the tick and of the input
that caused it, and that of the decision.

This file is compiled (`effects.pxd` has the C types).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from core.frame import Header
from core.log.writer import LogWriter
from mesh.agent_io import Shell
from mesh.context import Context, Request, VenueCall
from mesh.protocol.clock import Clock
from mesh.protocol.codec import Packer, message_in, show
from mesh.protocol.input_log import InputLog
from mesh.protocol.latencies import Latencies
from mesh.protocol.link import Link
from mesh.protocol.publication import Publisher
from mesh.protocol.requests import RequestClient, RequestServer
from mesh.protocol.timers import Timers
from schemas.counters import Counter
from schemas.messages import Message
from schemas.streams import StreamState


class Transport(Protocol):
    """What carries an engine's frames out; every call returns at once."""

    venue: Shell | None
    """The shell of an agent that talks to a venue, None for the others."""

    def publish(self, frame: bytes) -> None:
        """Send to every subscriber; what cannot be sent is dropped, the log has it."""
        ...

    def request(self, peer: str, frame: bytes) -> bool:
        """Send to a peer; False is proof that the frame has not left."""
        ...

    def reply(self, token: bytes, frame: bytes) -> bool:
        """Send an answer back the way its request came; False is proof that it has not left."""
        ...

    def reopen(self, publisher: str) -> None:
        """Make the subscription to a publisher anew."""
        ...


class Effects(Context):
    """The context of one agent: carries out what it asks for, with the time of the input that it handles."""

    def __init__(
        self,
        name: str,
        sender: int,
        epoch: int,
        log: LogWriter,
        transport: Transport,
        clock: Callable[[], int] | None,
        inputs: InputLog | None,
    ) -> None:
        """Act for an agent; `log` is its own, `inputs` its recorder; `clock` tells when a frame is decided on and sent."""
        super().__init__(name, sender, epoch)
        self.next_due_ns = 0
        """When something that was asked for needs the driver again."""
        self._clock = Clock(clock)
        self.packer = Packer(sender, self._clock)
        self._transport = transport
        self._inputs = inputs or InputLog("", epoch, segment_bytes=0)
        self._send = transport.publish
        self._recv_ns = 0
        self._frames: list[bytes] = []
        self._plain: list[Message | None] = []
        self._unsent = 0
        self._publisher = Publisher(self.packer, epoch, log)
        self._links: dict[str, Link] = {}
        self._clients: dict[str, RequestClient] = {}
        self._server = RequestServer(self.packer, transport.reply)
        self._timers = Timers()
        self._latencies = Latencies(name)
        self._counters: dict[Counter, int] = {}
        self._call_id = 0

    def publish(self, stream: int, message: Message, corr: int = 0, flags: int = 0, origin_ns: int = 0) -> int:
        """Log `message` as the next of `stream`, and send it when this handler has ended; return its sequence."""
        decided_ns = self._decided()
        seq = self._publisher.publish(
            stream, message, flags, corr, origin_ns or self.origin_ns, self._recv_ns, decided_ns
        )
        self._sent(decided_ns)
        self._hold()
        return seq

    def published_record(self) -> bytes:
        """Return the record of what this handler has published last."""
        assert self._unsent, "this handler has published nothing"
        record: bytes = self._frames[self._unsent - 1]
        plain = self._plain[self._unsent - 1]
        if plain is not None:
            show(record, plain)
        return record

    def message_in(self, header: Header, record: bytes) -> Message:
        """Return the message in a record whose header was read before."""
        return message_in(header, record)

    def request(self, peer: str, message: Message, ttl_ms: int, corr: int = 0) -> int:
        """Ask `peer`; `on_reply` follows at the latest after `ttl_ms`."""
        decided_ns = self._decided()
        client = self._clients[peer]
        number = client.ask(message, ttl_ms, corr, self.origin_ns, decided_ns, self._recv_ns)
        self._sent(decided_ns)
        self.next_due_ns = min(self.next_due_ns, client.due_ns)
        return number

    def reply(self, request: Request, message: Message) -> None:
        """Answer a request of a peer."""
        self._server.reply(request, message, self._clock.now_ns(self.now_ns), self.origin_ns, self._recv_ns)

    def set_timer(self, name: str, at_ns: int) -> None:
        """Call the agent's `on_timer(name)` once, at `at_ns`."""
        self._timers.set(name, at_ns)
        self.next_due_ns = min(self.next_due_ns, at_ns)

    def cancel_timer(self, name: str) -> None:
        """Forget a timer."""
        self._timers.cancel(name)

    def stream_state(self, publisher: str, stream: int) -> StreamState:
        """Return what is known of a stream."""
        link = self._links.get(publisher)
        return StreamState.DOWN if link is None else link.state(stream)

    def record_latency(self, hop: str, latency_ns: int) -> None:
        """Count one latency of `hop`."""
        self._latencies.record(hop, latency_ns)

    def count(self, counter: Counter, n: int = 1) -> None:
        """Add to a counter of the status."""
        self._counters[counter] = self._counters.get(counter, 0) + n

    def open_socket(self, connection: str, url: str) -> None:
        """Open a venue websocket and keep it open."""
        self._venue().open_socket(connection, url)

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool = False) -> None:
        """Send JSON on a venue websocket."""
        self._venue().send_socket(connection, message, signed)
        self._inputs.called(connection, message, self.now_ns, self.wall_ns)

    def close_socket(self, connection: str) -> None:
        """Close a venue websocket for good."""
        self._venue().close_socket(connection)

    def set_venue_clock(self, offset_ns: int) -> None:
        """Have what is signed carry the venue's time."""
        self._venue().set_venue_clock(offset_ns)

    def call(self, call: VenueCall) -> int:
        """Make a REST call; return its id."""
        self._call_id += 1
        self._venue().call(self._call_id, call)
        self._inputs.called("", call, self.now_ns, self.wall_ns)
        return self._call_id

    # For the engine

    def _at(self, now_ns: int, wall_ns: int) -> None:
        self.now_ns = now_ns
        self.wall_ns = wall_ns
        self.origin_ns = 0
        self._recv_ns = 0

    def _decided(self) -> int:
        """Return the time at which a handler asks for something to be sent."""
        decided_ns = self._clock.now_ns(self.now_ns)
        if self._recv_ns:
            self._latencies.work.record(decided_ns - self._recv_ns)
        return decided_ns

    def _sent(self, decided_ns: int) -> None:
        """Take note that the packer has made the frame."""
        self._latencies.sending.record(self.packer.send_ns - decided_ns)

    def _flush(self) -> None:
        """Send what the handler that has just ended published."""
        if not self._unsent:
            return
        place = 0
        while place < self._unsent:
            frame = self._frames[place]
            self.packer.recall(frame, self._plain[place])
            self._send(frame)
            place += 1
        while self._unsent:
            self._unsent -= 1
            self._frames[self._unsent] = b""
            self._plain[self._unsent] = None

    def _hold(self) -> None:
        """Keep what was published last until this handler has ended."""
        if self._unsent == len(self._frames):
            self._frames.append(b"")
            self._plain.append(None)
        self._frames[self._unsent] = self.packer.frame
        self._plain[self._unsent] = self.packer.plain
        self._unsent += 1

    def _reopen(self, publisher: str) -> None:
        self.count(Counter.SUBSCRIPTIONS_DEAF)
        self._transport.reopen(publisher)

    def _ask_repair(self, publisher: str, message: Message, ttl_ms: int, now_ns: int) -> int:
        self.count(Counter.REPAIRS)
        client = self._clients[publisher]
        number = client.ask(message, ttl_ms, 0, 0, now_ns)
        self.next_due_ns = min(self.next_due_ns, client.due_ns)
        return number

    def _client(self, peer: str) -> RequestClient:
        return RequestClient(peer, self.packer, self.epoch, self._asked if self._inputs.on else self._transport.request)

    def _asked(self, peer: str, frame: bytes) -> bool:
        """Send a request, and record it as it left: its deadline counts from then."""
        left = self._transport.request(peer, frame)
        self._inputs.asked(peer, frame, left, self.now_ns, self.wall_ns)
        return left

    def _venue(self) -> Shell:
        assert self._transport.venue is not None, f"{self.name} has no shell but wants a venue"
        return self._transport.venue
