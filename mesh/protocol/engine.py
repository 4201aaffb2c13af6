"""The sans-I/O half of an agent process: everything between bytes and the agent's handlers.

An engine owns one agent, its publication log, its links to publishers, its requests and its timers. Whoever drives it
(the live node with sockets and the real clock, the simulator with neither) hands in frames with the time and carries
frames out through a `Transport`. The engine asks for nothing else, so both drivers run the same code.

Order of a message's life: it is logged before it is sent, and a request is acted on once. Frames of one stream reach the
agent in order, each once; `mesh.protocol.link` proves that. What a handler asks and answers leaves at once, what it
publishes when it has ended: nobody waits for an order because of the news of it.

What an agent has done stands in `mesh.protocol.effects`, the half of the engine that it sees. This file is compiled.
"""

from collections.abc import Callable

from core.frame import FLAG_REPLAY, HEADER_SIZE, Header, unpack
from core.log.writer import LogWriter
from core.sequence import SequenceTracker
from mesh.agent import Agent, Subscription
from mesh.anchor import Anchor
from mesh.context import Reply, Request, VenueReply
from mesh.protocol.codec import decode, decode_frame
from mesh.protocol.effects import Effects, Transport
from mesh.protocol.input_log import InputLog
from mesh.protocol.link import Link
from mesh.protocol.log_fold import fold, resumed
from mesh.protocol.peers import Peer, Peers
from mesh.protocol.requests import READS
from mesh.roles import role_of
from schemas.config import Config
from schemas.counters import Counter
from schemas.errors import FrameError
from schemas.messages import AgentStatus, Message, ReplayRequest, SnapshotRequest
from schemas.streams import StreamState
from schemas.units import MS


class Engine(Effects):
    """Drives one agent: hands it what comes, in order, and keeps its links, requests and timers going."""

    def __init__(
        self,
        name: str,
        config: Config,
        agent: Agent,
        log: LogWriter,
        epoch: int,
        transport: Transport,
        clock: Callable[[], int] | None = None,
        anchor: Anchor | None = None,
        inputs: InputLog | None = None,
    ) -> None:
        """Make the engine of the agent `name`; nothing happens before `start`.

        Args:
            name: The agent's.
            config: The mesh.
            agent: What to drive; `log` is its publication log.
            epoch: Its start counter.
            transport: Where frames go.
            clock: Tells the monotonic time, in nanoseconds, at which a frame is decided on and sent; without one, frames
                carry the time of the input that caused them.
            anchor: Of what was before; what it does not hold is folded and followed from there.
            inputs: Records whatever reaches the agent, before it is handed over; without it, nothing does.
        """
        super().__init__(name, config.agents[name].id, epoch, log, transport, clock, inputs)
        self.takes_batches = False
        self.waited = False
        """Whether what is taken was left waiting here: set round each such call."""
        self.trackers: dict[str, SequenceTracker] = {}
        self.subscriptions_needed: dict[str, list[bytes]] = {}
        self.rss_bytes: Callable[[], int] = int
        """Set by the node: resident memory of this process."""
        self._role = role_of(name, config)
        self._config = config.mesh
        self._agent = agent
        self._log = log
        self._anchor = anchor
        handlers = agent.handlers()
        self._messages = handlers.message
        self._on_request = handlers.request
        self._on_reply = handlers.reply
        self._on_frame = handlers.frame
        self._on_venue_reply = handlers.venue_reply
        self._peers = Peers(name, config)
        self.peers_needed = self._peers.named()
        for peer in self.peers_needed:
            self._clients[peer] = self._client(peer)
        self._beat_ns = config.mesh.beat_interval_ms * MS
        self._beat_due_ns = 0
        self._started_ns = 0
        self._state = "starting"

    # Driven by the node or the simulator

    def start(self, now_ns: int, wall_ns: int) -> None:
        """Fold the agent's own log, make its links, and start it.

        Raises:
            FrameError: If a record of the log is not a message that this version knows.
        """
        self._inputs.started(self._log, now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        self._started_ns = now_ns
        self._agent.bind(self)
        fold(self._log, self._agent, self._anchor)
        self._make_links()
        self._anchor = None
        self._state = "running"
        self._agent.start()
        self.takes_batches = self._agent.takes_batches
        self._beat(now_ns)
        self._schedule()
        self._flush()

    def stopping(self, now_ns: int, wall_ns: int) -> bool:
        """Let the agent get ready to end; return whether it is."""
        self._inputs.stopping(now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        done = self._agent.stopping()
        self._flush()
        return done

    def stop(self, now_ns: int, wall_ns: int) -> None:
        """Let the agent end in order, and tell subscribers that nothing more comes."""
        self._inputs.stop(now_ns, wall_ns)
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
        self._inputs.delivered(header, now_ns, wall_ns)
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
            self.count(Counter.MESSAGES_REFUSED)
            link.count_lost(header.stream)
            return None

    def take_batch(self, link: Link, headers: list[Header], messages: list[Message], now_ns: int, wall_ns: int) -> None:
        """Take messages of one stream that the tracker of `link` passed as in order, and that came together."""
        self._inputs.batch(headers[0], headers[len(headers) - 1], now_ns, wall_ns)
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

    def can_wait(self) -> bool:
        """Return whether what is conflated may wait until something else is taken."""
        return self._messages.can_wait()

    def take_decoded(self, link: Link, header: Header, message: Message, now_ns: int, wall_ns: int) -> None:
        """Take a message that the tracker of `link` passed as in order, and that came decoded."""
        self._inputs.delivered(header, now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        link.heard(now_ns)
        self._hand_over(link, header, message)

    def on_deliver(self, publisher: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take a frame that `trackers[publisher]` passed as in order."""
        self._inputs.delivered(unpack(frame), now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        link = self._links[publisher]
        link.heard(now_ns)
        self._deliver(publisher, frame)

    def on_publication(self, publisher: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take any other frame from the publisher's PUB socket."""
        self._inputs.publication(publisher, frame, now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        link = self._links[publisher]
        try:
            link.on_frame(frame, now_ns)
        except FrameError:
            self.count(Counter.FRAMES_REFUSED)
        self.next_due_ns = min(self.next_due_ns, link.due_ns)
        self._flush()

    def on_request(self, token: bytes, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take a frame from a client of this agent's ROUTER socket."""
        try:
            header = unpack(frame)
            message = decode_frame(header, frame)
        except FrameError:
            self.count(Counter.REQUESTS_REFUSED)
            return
        self.take_request(token, header, message, frame, now_ns, wall_ns)

    def take_request(
        self, token: bytes, header: Header, message: Message, frame: bytes, now_ns: int, wall_ns: int
    ) -> None:
        """Take a request that came decoded; `frame` is that which it came in."""
        self._inputs.request(token, frame, now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        peer = self._peers.of(header.sender)
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
            self.count(Counter.REPLIES_REFUSED)
            return
        self.take_reply(peer, header, message, frame, now_ns, wall_ns)

    def take_reply(self, peer: str, header: Header, message: Message, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take an answer of `peer` that came decoded; `frame` is that which it came in."""
        self._inputs.reply(peer, frame, now_ns, wall_ns)
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
        self._inputs.socket(connection, up, reason, now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        self._agent.on_socket(connection, up, reason)
        self._flush()

    def frame_received(self, connection: str, frame: bytes, now_ns: int, wall_ns: int) -> None:
        """Take one venue websocket frame: the origin of everything that it causes."""
        self._inputs.frame(connection, frame, now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        self.origin_ns = now_ns
        self._recv_ns = now_ns
        self._on_frame(connection, frame)
        self._flush()

    def venue_replied(self, reply: VenueReply, now_ns: int, wall_ns: int) -> None:
        """Take the end of a REST call."""
        self._inputs.venue_reply(reply, now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        self._recv_ns = now_ns
        self._on_venue_reply(reply)
        self._flush()

    def on_timers(self, now_ns: int, wall_ns: int) -> None:
        """Do what has come due: beat, repairs, repeats of requests, the agent's timers."""
        self._inputs.timers(now_ns, wall_ns)
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
        while (name := self._timers.next(now_ns)) is not None:
            self.origin_ns = self._recv_ns = 0
            self._agent.on_timer(name)
            self._flush()
        self._schedule()
        self._flush()

    def on_pause(self, now_ns: int, wall_ns: int) -> None:
        """Take that this process stood still for long: no stream counts as live until it is heard again."""
        self._inputs.pause(now_ns, wall_ns)
        self._at(now_ns, wall_ns)
        self.count(Counter.PAUSES)
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
        histograms = self._latencies.histograms(self._links.values(), self._peers.transits())
        return AgentStatus(
            self.name,
            self._role,
            state,
            self.epoch,
            self.now_ns - self._started_ns,
            rss_bytes or self.rss_bytes(),
            self._publisher.published(),
            links,
            {counter.value: n for counter, n in self._counters.items()},
            {hop: histogram.to_bytes() for hop, histogram in histograms.items() if histogram.count},
            self._agent.figures(),
        )

    # Inside

    def _make_links(self) -> None:
        by_publisher: dict[str, list[Subscription]] = {}
        for subscription in resumed(self._agent.subscriptions(), self._anchor):
            by_publisher.setdefault(subscription.publisher, []).append(subscription)
        for publisher, subscriptions in by_publisher.items():
            if publisher not in self._clients:
                self.peers_needed.append(publisher)
                self._clients[publisher] = self._client(publisher)
            link = Link(
                publisher,
                subscriptions,
                self._config,
                deliver=self._deliver,
                ask=self._ask_repair,
                tell=self._agent.on_stream_state,
                reopen=self._reopen,
                same_host=self._peers.is_same_host(publisher),
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
        if link.same_host and not header.flags & FLAG_REPLAY and not self.waited:
            self._latencies.arrived(link.transit, header, self.now_ns)

    def _hand_over(self, link: Link, header: Header, message: Message) -> None:
        self.origin_ns = header.origin_ns
        self._recv_ns = self.now_ns
        self._note(link, header)
        self._messages.on_message(link.publisher, header, message)
        self._flush()

    def _act_on(self, request: Request, peer: Peer, header: Header, message: Message) -> None:
        if type(message) not in READS:
            if peer.same_host:
                self._latencies.arrived(peer.transit, header, self.now_ns)
            self._on_request(request)
        elif isinstance(message, ReplayRequest):
            self.reply(request, self._publisher.replay(message))
        elif isinstance(message, SnapshotRequest):
            state = self._agent.snapshot(message.stream)
            self.reply(request, self._publisher.snapshot(message, state, self.now_ns))
        else:
            self.reply(request, self.status())

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
        self.next_due_ns = self._timers.due_ns(due)
