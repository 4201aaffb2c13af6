"""The sans-I/O half of an agent process: everything between bytes and the agent's handlers.

An engine owns one agent, its publication log, its links to publishers, its requests and its timers. Whoever drives it
(the live node with sockets and the real clock, the simulator with neither) hands in frames with the time and carries
frames out through a `Transport`. The engine asks for nothing else, so both drivers run the same code.

Order of a message's life: it is logged before it is sent, and a request is acted on once. Frames of one stream reach the
agent in order, each once; `mesh.protocol.link` proves that. What a handler asks and answers leaves at once, what it
publishes when it has ended: nobody waits for an order because of the news of it.

Every frame carries when its tick and its cause were received, when it was decided on, and when it was sent. From that an
engine keeps histograms: of the way from each peer (`PEER>SELF`: sent to received), of its own work (`SELF`: an input
received to what it caused decided; market data: to a tick decoded), of making frames (`SELF>sent`: decided to sent), and of
how old a tick is when it comes (`tick>SELF`). What waits until the agent looks, because it wants the newest alone, has no
part in them.

This file is compiled (`engine.pxd` has the C types).
"""

import heapq
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from core.frame import FLAG_REPLAY, HEADER_SIZE, Header, unpack
from core.histogram import LatencyHistogram
from core.log.writer import LogWriter
from core.sequence import SequenceTracker
from mesh.agent import Agent, Subscription
from mesh.agent_io import Shell
from mesh.context import Context, Reply, Request, VenueCall, VenueReply
from mesh.protocol.clock import Clock
from mesh.protocol.codec import Packer, decode, decode_frame
from mesh.protocol.link import Link
from mesh.protocol.publication import Publisher
from mesh.protocol.requests import READS, RequestClient, RequestServer
from mesh.roles import role_of
from schemas.config import Config, RoleConfig
from schemas.errors import FrameError
from schemas.messages import TYPE_NUMBERS, AgentStatus, Message, ReplayRequest, SnapshotRequest
from schemas.streams import StreamState

MS = 1_000_000
REPLAYED = FLAG_REPLAY
"""A C constant of this module: what is imported is looked up by name for each message."""

DEAD_TIMERS_MAX = 64
"""So many timers that were moved or canceled may lie in the heap before it is made anew."""


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


class Peer:
    """A client as a server sees it: its name, whether its clock is ours, and how long its requests were on the way."""

    def __init__(self, name: str, same_host: bool) -> None:
        """Begin without requests."""
        self.name = name
        self.same_host = same_host
        self.transit = LatencyHistogram()


class Engine(Context):
    """Drives one agent; also the `Context` that the agent sees."""

    def __init__(
        self,
        name: str,
        config: Config,
        agent: Agent,
        log: LogWriter,
        epoch: int,
        transport: Transport,
        clock: Callable[[], int] | None = None,
    ) -> None:
        """Make the engine of the agent `name`; nothing happens before `start`.

        Args:
            name: The agent's.
            config: The mesh.
            agent: What to drive.
            log: Its publication log.
            epoch: Its start counter.
            transport: Where frames go.
            clock: Tells the monotonic time, in nanoseconds, at which a frame is decided on and sent; without one, frames
                carry the time of the input that caused them.
        """
        own = config.agents[name]
        super().__init__(name, own.id, epoch)
        self.next_due_ns = 0
        self.takes_batches = False
        self.waited = False
        """Whether what is taken was left waiting here: set round each such call."""
        self.trackers: dict[str, SequenceTracker] = {}
        self.subscriptions_needed: dict[str, list[bytes]] = {}
        self.peers_needed = peers_of(own, config)
        self._role = role_of(name, config)
        self._config = config
        self._agent = agent
        self._log = log
        self._transport = transport
        self.rss_bytes: Callable[[], int] = int
        """Set by the node: resident memory of this process."""
        self._clock = Clock(clock)
        self._recv_ns = 0
        handlers = agent.handlers()
        self._messages = handlers.message
        self._on_request = handlers.request
        self._on_reply = handlers.reply
        self._on_frame = handlers.frame
        self._on_venue_reply = handlers.venue_reply
        self._send = transport.publish
        self.packer = Packer(own.id, self._clock)
        self._frames: list[bytes] = []
        self._plain: list[Message | None] = []
        self._unsent = 0
        self._publisher = Publisher(self.packer, epoch, log)
        self._links: dict[str, Link] = {}
        self._clients = {peer: self._client(peer) for peer in self.peers_needed}
        self._server = RequestServer(self.packer, transport.reply)
        self._peers = {table.id: Peer(peer, self._same_host(peer)) for peer, table in config.agents.items()}
        self._operator = Peer("", True)
        self._work = LatencyHistogram()
        self._sending = LatencyHistogram()
        self._age = LatencyHistogram()
        self._timers: dict[str, int] = {}
        self._timer_heap: list[tuple[int, str]] = []
        self._beat_ns = config.mesh.beat_interval_ms * MS
        self._beat_due_ns = 0
        self._started_ns = 0
        self._state = "starting"
        self._call_id = 0
        self._counters: dict[str, int] = {}
        self._latency: dict[str, LatencyHistogram] = {}

    # Driven by the node or the simulator

    def start(self, now_ns: int, wall_ns: int) -> None:
        """Fold the agent's own log, make its links, and start it.

        Raises:
            FrameError: If a record of the log is not a message that this version knows.
        """
        self._at(now_ns, wall_ns)
        self._started_ns = now_ns
        self._agent.bind(self)
        self._restore()
        self._make_links()
        self._state = "running"
        self._agent.start()
        self.takes_batches = self._agent.takes_batches
        self._beat(now_ns)
        self._schedule()
        self._flush()

    def stop(self, now_ns: int, wall_ns: int) -> None:
        """Let the agent end in order, and tell subscribers that nothing more comes."""
        self._at(now_ns, wall_ns)
        self._state = "stopping"
        self._agent.stop()
        self._publisher.beat(now_ns, ending=True)
        self._hold()
        self._flush()

    def link(self, publisher: str) -> Link:
        """Return the link to a publisher, for whoever calls `take`."""
        return self._links[publisher]

    def take(self, link: Link, header: Header, payload: bytes | memoryview, now_ns: int, wall_ns: int) -> None:
        """Take a message that the tracker of `link` passed as in order; `payload` need not outlive the call."""
        self._at(now_ns, wall_ns)
        link.heard(now_ns)
        message = self.decoded(link, header, payload)
        if message is not None:
            self._hand_over(link, header, message)

    def decoded(self, link: Link, header: Header, payload: bytes | memoryview) -> Message | None:
        """Return the message of a frame that is in order; None if it cannot be read, which is counted as a loss."""
        try:
            return decode(header.type, payload)
        except FrameError:
            self.count("messages_refused")
            link.count_lost(header.stream)
            return None

    def take_batch(self, link: Link, headers: list[Header], messages: list[Message], now_ns: int, wall_ns: int) -> None:
        """Take messages of one stream that the tracker of `link` passed as in order, and that came together."""
        self._at(now_ns, wall_ns)
        link.heard(now_ns)
        last = headers[len(headers) - 1]
        if len(headers) == 1:
            self._hand_over(link, last, messages[0])
            return
        for header in headers:
            self._note(link, header)
        self.origin_ns = last.origin_ns
        self._recv_ns = now_ns
        self._messages.on_messages(link.publisher, headers, messages)
        self._flush()

    def take_decoded(self, link: Link, header: Header, message: Message, now_ns: int, wall_ns: int) -> None:
        """Take a message that the tracker of `link` passed as in order, and that came decoded."""
        self._at(now_ns, wall_ns)
        link.heard(now_ns)
        self._hand_over(link, header, message)

    def on_deliver(self, publisher: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take a frame that `trackers[publisher]` passed as in order."""
        self._at(now_ns, wall_ns)
        link = self._links[publisher]
        link.heard(now_ns)
        self._deliver(publisher, frame)

    def on_publication(self, publisher: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take any other frame from the publisher's PUB socket."""
        self._at(now_ns, wall_ns)
        link = self._links[publisher]
        try:
            link.on_frame(frame, now_ns)
        except FrameError:
            self.count("frames_refused")
        self.next_due_ns = min(self.next_due_ns, link.due_ns)
        self._flush()

    def on_request(self, token: bytes, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take a frame from a client of this agent's ROUTER socket."""
        try:
            header = unpack(frame)
            message = decode_frame(header, frame)
        except FrameError:
            self.count("requests_refused")
            return
        self.take_request(token, header, message, now_ns, wall_ns)

    def take_request(self, token: bytes, header: Header, message: Message, now_ns: int, wall_ns: int) -> None:
        """Take a request that came decoded."""
        self._at(now_ns, wall_ns)
        peer = self._peers.get(header.sender, self._operator)
        request = self._server.on_request(token, header, message, peer.name, peer.same_host, now_ns)
        if request is not None:
            self._recv_ns = now_ns
            self.origin_ns = header.origin_ns
            self._act_on(request, peer, header, message)
        self._flush()

    def on_reply(self, peer: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take a frame from the DEALER socket to `peer`."""
        try:
            header = unpack(frame)
            message = decode_frame(header, frame)
        except FrameError:
            self.count("replies_refused")
            return
        self.take_reply(peer, header, message, now_ns, wall_ns)

    def take_reply(self, peer: str, header: Header, message: Message, now_ns: int, wall_ns: int) -> None:
        """Take an answer of `peer` that came decoded."""
        self._at(now_ns, wall_ns)
        client = self._clients[peer]
        reply = client.on_reply(header, message)
        if reply is not None:
            self._recv_ns = now_ns
            self.origin_ns = header.origin_ns
            self._ended(reply)
        self._flush()

    def socket_changed(self, connection: str, up: bool, reason: str, now_ns: int, wall_ns: int) -> None:
        """Take that a venue websocket opened or closed."""
        self._at(now_ns, wall_ns)
        self._agent.on_socket(connection, up, reason)
        self._flush()

    def frame_received(self, connection: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take one venue websocket frame: the origin of everything that it causes."""
        self._at(now_ns, wall_ns)
        self.origin_ns = now_ns
        self._recv_ns = now_ns
        self._on_frame(connection, frame)
        self._flush()

    def venue_replied(self, reply: VenueReply, now_ns: int, wall_ns: int) -> None:
        """Take the end of a REST call."""
        self._at(now_ns, wall_ns)
        self._recv_ns = now_ns
        self._on_venue_reply(reply)
        self._flush()

    def on_timers(self, now_ns: int, wall_ns: int) -> None:
        """Do what has come due: beat, repairs, repeats of requests, the agent's timers."""
        self._at(now_ns, wall_ns)
        if now_ns >= self._beat_due_ns:
            self._beat(now_ns)
        for link in self._links.values():
            if now_ns >= link.due_ns:
                link.on_timer(now_ns)
        for client in self._clients.values():
            if now_ns >= client.due_ns:
                for reply in client.on_timer(now_ns):
                    self._ended(reply)
        while self._timer_heap and self._timer_heap[0][0] <= now_ns:
            at, name = heapq.heappop(self._timer_heap)
            if self._timers.get(name) == at:
                del self._timers[name]
                self.origin_ns = self._recv_ns = 0
                self._agent.on_timer(name)
                self._flush()
        self._schedule()
        self._flush()

    def on_pause(self, now_ns: int, wall_ns: int) -> None:
        """Take that this process stood still for long: no stream counts as live until it is heard again."""
        self._at(now_ns, wall_ns)
        self.count("pauses")
        for link in self._links.values():
            link.on_pause(now_ns)
        self._schedule()
        self._flush()

    def status(self, rss_bytes: int = 0) -> AgentStatus:
        """Return how this agent is now."""
        links = tuple(status for link in self._links.values() for status in link.status())
        state = self._state
        if state == "running":
            live = all(s.state == StreamState.LIVE for s in links) and self._agent.healthy
            state = "live" if live else "degraded"
        return AgentStatus(
            self.name,
            self._role,
            state,
            self.epoch,
            self.now_ns - self._started_ns,
            rss_bytes or self.rss_bytes(),
            self._publisher.published(),
            links,
            dict(self._counters),
            {hop: histogram.to_bytes() for hop, histogram in self._histograms().items() if histogram.count},
            self._agent.figures(),
        )

    # Context of the agent

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
        return record

    def message_in(self, header: Header, record: bytes) -> Message:
        """Return the message in a record whose header was read before."""
        return decode_frame(header, record)

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
        if self._timers.get(name) == at_ns:
            return
        self._timers[name] = at_ns
        if len(self._timer_heap) > 2 * len(self._timers) + DEAD_TIMERS_MAX:
            self._timer_heap = [(at, each) for each, at in self._timers.items()]
            heapq.heapify(self._timer_heap)
        else:
            heapq.heappush(self._timer_heap, (at_ns, name))
        self.next_due_ns = min(self.next_due_ns, at_ns)

    def cancel_timer(self, name: str) -> None:
        """Forget a timer."""
        self._timers.pop(name, None)

    def stream_state(self, publisher: str, stream: int) -> StreamState:
        """Return what is known of a stream."""
        link = self._links.get(publisher)
        return StreamState.DOWN if link is None else link.state(stream)

    def record_latency(self, hop: str, latency_ns: int) -> None:
        """Count one latency of `hop`."""
        histogram = self._latency.get(hop)
        if histogram is None:
            histogram = self._latency[hop] = LatencyHistogram()
        histogram.record(latency_ns)

    def count(self, name: str, n: int = 1) -> None:
        """Add to a counter of the status."""
        self._counters[name] = self._counters.get(name, 0) + n

    def open_socket(self, connection: str, url: str) -> None:
        """Open a venue websocket and keep it open."""
        self._venue().open_socket(connection, url)

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool = False) -> None:
        """Send JSON on a venue websocket."""
        self._venue().send_socket(connection, message, signed)

    def close_socket(self, connection: str) -> None:
        """Close a venue websocket for good."""
        self._venue().close_socket(connection)

    def call(self, call: VenueCall) -> int:
        """Make a REST call; return its id."""
        self._call_id += 1
        self._venue().call(self._call_id, call)
        return self._call_id

    # Inside

    def _restore(self) -> None:
        restores = self._agent.restores
        wanted = None if restores is None else {TYPE_NUMBERS[cls] for cls in restores}
        passed_over: dict[int, int] = {}
        for _, frame in self._log.scan():
            header = unpack(frame)
            if wanted is None or header.type in wanted:
                self._agent.restore(header, decode_frame(header, frame))
            else:
                passed_over[header.type] = passed_over.get(header.type, 0) + 1
        self._agent.passed_over(passed_over)

    def _at(self, now_ns: int, wall_ns: int) -> None:
        self.now_ns = now_ns
        self.wall_ns = wall_ns
        self.origin_ns = 0
        self._recv_ns = 0

    def _make_links(self) -> None:
        by_publisher: dict[str, list[Subscription]] = {}
        for subscription in self._agent.subscriptions():
            by_publisher.setdefault(subscription.publisher, []).append(subscription)
        for publisher, subscriptions in by_publisher.items():
            if publisher not in self._clients:
                self.peers_needed.append(publisher)
                self._clients[publisher] = self._client(publisher)
            link = Link(
                publisher,
                subscriptions,
                self._config.mesh,
                deliver=self._deliver,
                ask=self._ask_repair,
                tell=self._agent.on_stream_state,
                reopen=self._reopen,
                same_host=self._same_host(publisher),
            )
            self._links[publisher] = link
            self.trackers[publisher] = link.tracker
            self.subscriptions_needed[publisher] = link.prefixes

    def _deliver(self, publisher: str, frame: bytes) -> None:
        header = unpack(frame)
        link = self._links[publisher]
        message = self.decoded(link, header, memoryview(frame)[HEADER_SIZE:])
        if message is not None:
            self._hand_over(link, header, message)

    def _note(self, link: Link, header: Header) -> None:
        if link.same_host and not header.flags & REPLAYED and not self.waited:
            self._record_hop(link.transit, header)

    def _hand_over(self, link: Link, header: Header, message: Message) -> None:
        self.origin_ns = header.origin_ns
        self._recv_ns = self.now_ns
        self._note(link, header)
        self._messages.on_message(link.publisher, header, message)
        self._flush()

    def _act_on(self, request: Request, peer: Peer, header: Header, message: Message) -> None:
        if type(message) not in READS:
            if peer.same_host:
                self._record_hop(peer.transit, header)
            self._on_request(request)
        elif isinstance(message, ReplayRequest):
            self.reply(request, self._publisher.replay(message))
        elif isinstance(message, SnapshotRequest):
            state = self._agent.snapshot(message.stream)
            self.reply(request, self._publisher.snapshot(message, state, self.now_ns))
        else:
            self.reply(request, self.status())

    def _record_hop(self, transit: LatencyHistogram, header: Header) -> None:
        if header.send_ns:
            transit.record(self.now_ns - header.send_ns)
        if header.origin_ns:
            self._age.record(self.now_ns - header.origin_ns)

    def _decided(self) -> int:
        """Return the time at which a handler asks for something to be sent."""
        decided_ns = self._clock.now_ns(self.now_ns)
        if self._recv_ns:
            self._work.record(decided_ns - self._recv_ns)
        return decided_ns

    def _sent(self, decided_ns: int) -> None:
        """Take note that the packer has made the frame."""
        self._sending.record(self.packer.send_ns - decided_ns)

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

    def _histograms(self) -> dict[str, LatencyHistogram]:
        found = {f"{link.publisher}>{self.name}": link.transit for link in self._links.values()}
        for peer in self._peers.values():
            if peer.transit.count:
                hop = f"{peer.name}>{self.name}"
                merged = LatencyHistogram()
                merged.merge(peer.transit)
                if hop in found:
                    merged.merge(found[hop])
                found[hop] = merged
        own = {self.name: self._work, f"{self.name}>sent": self._sending, f"tick>{self.name}": self._age}
        return {**found, **own, **self._latency}

    def _reopen(self, publisher: str) -> None:
        self.count("subscriptions_deaf")
        self._transport.reopen(publisher)

    def _ask_repair(self, publisher: str, message: Message, ttl_ms: int, now_ns: int) -> int:
        self.count("repairs")
        client = self._clients[publisher]
        number = client.ask(message, ttl_ms, 0, 0, now_ns)
        self.next_due_ns = min(self.next_due_ns, client.due_ns)
        return number

    def _ended(self, reply: Reply) -> None:
        if type(reply.request) in READS:
            link = self._links[reply.peer]
            link.on_reply(reply, self.now_ns)
            self.next_due_ns = min(self.next_due_ns, link.due_ns)
        else:
            self._on_reply(reply)

    def _beat(self, now_ns: int) -> None:
        self._publisher.beat(now_ns)
        self._hold()
        self._beat_due_ns = now_ns + self._beat_ns

    def _schedule(self) -> None:
        """Work out when the next timer of any kind is due; between two calls it only ever moves nearer."""
        due = self._beat_due_ns
        for link in self._links.values():
            due = min(due, link.due_ns)
        for client in self._clients.values():
            due = min(due, client.due_ns)
        if self._timer_heap:
            due = min(due, self._timer_heap[0][0])
        self.next_due_ns = due

    def _same_host(self, peer: str) -> bool:
        """Return whether the monotonic clock of `peer` is ours: both on ipc, or behind one address."""
        table = self._config.agents.get(peer)
        own = self._config.agents[self.name]
        return table is None or table.tcp.rpartition(":")[0] == own.tcp.rpartition(":")[0]

    def _venue(self) -> Shell:
        assert self._transport.venue is not None, f"{self.name} has no shell but wants a venue"
        return self._transport.venue

    def _client(self, peer: str) -> RequestClient:
        return RequestClient(peer, self.packer, self.epoch, self._transport.request)


def peers_of(own: RoleConfig, config: Config) -> list[str]:
    """Return the agents that are named in an agent's own table, each once, in the table's order."""
    found: dict[str, None] = {}
    for field in own.__struct_fields__:
        value = getattr(own, field)
        names = value if isinstance(value, tuple) else (value,)
        found.update((n, None) for n in names if isinstance(n, str) and config.agents.get(n, own) is not own)
    return list(found)
