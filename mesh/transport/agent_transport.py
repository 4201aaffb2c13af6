"""The sockets of a live agent: frames from the wire to its engine, with the time, and from its engine to the wire.

Agents of one host do without ZeroMQ for what they publish and ask (`mesh.transport.same_host`).

A readable descriptor starts one drain, which takes a bounded number of messages and hands each to the engine; what is
left waits for the next round of the loop, so that venue I/O on the same loop is not starved. The descriptors are
edge-triggered, and a send may swallow the edge of a message that came meanwhile: a socket that was sent on is drained
once more before the duty cycle ends.

Attaching to the tap changes nothing of this: receivers show what they take, then do with it what they always do. An
unattended tap costs one test for each frame sent or received.

This file is compiled (`agent_transport.pxd` has the C types).
"""

import os
from collections.abc import Callable
from time import time_ns
from typing import TYPE_CHECKING

from core.frame import unpack
from mesh.agent_io import Shell
from mesh.endpoints import endpoints
from mesh.protocol.engine import Engine
from mesh.protocol.requests import READS
from mesh.transport.group import Group
from mesh.transport.receivers import DealerReceiver, Receiver, RouterReceiver, SubReceiver, XPubReceiver
from mesh.transport.same_host import SameHost
from mesh.transport.sockets import Socket, Sockets
from mesh.transport.tap import IN, OUT, Tap
from mesh.transport.zmq_wire import OK
from schemas.config import Config
from schemas.counters import Counter
from schemas.errors import FrameError
from schemas.messages import TYPE_NUMBERS
from schemas.streams import CONTROL_STREAM

if TYPE_CHECKING:
    import asyncio

    from mesh.transport.event_loop import EpollLoop

DRAIN_MAX = 256
REQUESTS_MAX = 16
REPLIES_MAX = 1
"""A repair answer holds up to 2048 frames: one for each round of the loop, so that beats, timers and venue I/O go on."""

NAMES_MAX = 4096
READ_TYPES = frozenset(TYPE_NUMBERS[cls] for cls in READS)
CONTROL_PREFIX = CONTROL_STREAM.to_bytes(4, "big")
CONTROL_KIND = CONTROL_PREFIX[0]
OPERATOR = "operator"
"""What the tap calls a client that is no agent: `tickmesh status`, `up` and their like."""

Show = Callable[[str, bytes, int], None]


class Watched:
    """One socket and the receiver that empties it, at most `drain_max` messages in each round of the loop.

    It is `owed` a drain if it was sent on since. It is that of a publisher whose log is read here if `local` names one.
    """

    def __init__(self, socket: Socket, receiver: Receiver, drain_max: int, local: str = "") -> None:
        """Pair a socket with its receiver."""
        self.socket = socket
        self.wire = socket.wire
        self.receiver = receiver
        self.drain_max = drain_max
        self.local = local
        self.watching = False
        self.owed = False


class AgentTransport:
    """Carries the frames of one engine; `begin` and `end` are called round each duty cycle."""

    def __init__(
        self,
        name: str,
        config: Config,
        sockets: Sockets,
        group: Group,
        begin: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        """Prepare the transport of agent `name`; nothing is open before `bind`.

        Args:
            name: The agent's.
            config: The mesh.
            sockets: Those of the process, which closes them.
            group: Whoever lives in the same process.
            begin: Called before anything is received.
            end: Called when a socket is empty or has been drained for long enough.
        """
        own = config.agents[name]
        self.venue: Shell | None = None
        self._name = name
        self._config = config
        self._begin = begin
        self._end = end
        self._send_hwm = own.send_hwm
        self._receive_hwm = own.receive_hwm
        self._tap_hwm = own.tap_hwm
        self._sockets = sockets
        self._group = group
        self.tapped = False
        self._show: Show | None = None
        self._watching = False
        self._names = {table.id: peer for peer, table in config.agents.items()}
        self._clients: dict[bytes, str] = {}
        self._askers: dict[str, Watched] = {}
        self._followers: dict[str, Watched] = {}
        self._local = SameHost(name, config, begin, end)
        self._draining: Watched | None = None
        self._owing: list[Watched] = []
        self._subscribed: set[bytes] = set()

    # Effects of the engine

    def publish(self, frame: bytes) -> None:
        """Send to every subscriber."""
        if self._grouped:
            self._group.publish(self, self._name, frame)
        else:
            self.send_out(frame)
        if self.tapped:
            self._tap.record(OUT, "", frame, time_ns())

    def send_out(self, frame: bytes) -> None:
        """Send to the subscribers outside of the group, those on ZeroMQ only if there are any."""
        self._local.published(frame)
        if frame[0] == CONTROL_KIND:
            # A new subscription's edge may be swallowed by a send: BEATs are few, so one drain for each costs nothing.
            self._owe(self._publications)
        elif not self._subscribed:
            return
        self._out.send(frame)

    def show(self, source: str, frame: bytes) -> None:
        """Show a frame that came through the group to whoever looks at the tap."""
        self._tap.record(IN, source, frame, time_ns())

    def request(self, peer: str, frame: bytes) -> bool:
        """Send to a peer; False is proof that the frame has not left."""
        if self.tapped:
            self._tap.record(OUT, peer, frame, time_ns())
        if self._local.asks(peer) and type_of(frame) not in READ_TYPES:
            return self._local.ask(peer, frame)
        asker = self._askers.get(peer)
        if asker is None:
            if not self._group.holds(peer):
                return False
            self._group.request(self._name, peer, frame)
            return True
        self._owe(asker)
        return asker.wire.send(frame) == OK

    def reply(self, token: bytes, frame: bytes) -> bool:
        """Answer the client that `token` stands for; False is proof that the frame has not left."""
        if self.tapped:
            client = self._local.client(token) or self._clients.get(token, OPERATOR)
            self._tap.record(OUT, client, frame, time_ns())
        if self._grouped and self._group.reply(self._name, token, frame):
            return True
        answered = self._local.answer(token, frame)
        if answered is not None:
            return answered
        self._owe(self._answers)
        return self._answers.wire.send_to(token, frame) == OK

    # Life

    def bind(self, engine: Engine, loop: "asyncio.AbstractEventLoop | EpollLoop") -> None:
        """Bind this agent's sockets.

        Raises:
            AddressTakenError: If an endpoint is in use.
            ConfigError: If an endpoint cannot be bound on this host.
        """
        own = endpoints(self._config, self._name)
        self._grouped = bool(self._config.agents[self._name].group)
        self._engine = engine
        self._loop = loop
        socket = self._sockets.publisher(own.publications, self._send_hwm)
        self._publications = Watched(socket, XPubReceiver(socket.wire, self._on_subscription), DRAIN_MAX)
        self._out = self._publications.wire
        socket = self._sockets.answerer(own.answers, self._send_hwm, self._receive_hwm)
        self._answers = Watched(socket, RouterReceiver(socket.wire, engine), REQUESTS_MAX)
        socket = self._sockets.tap(own.tap, self._tap_hwm)
        self._tap = Tap(socket.wire, self._tap_changed)
        self._taps = Watched(socket, XPubReceiver(socket.wire, self._tap.subscription), DRAIN_MAX)
        self._local.bind(engine, loop)

    def connect(self) -> None:
        """Connect to the peers and publishers that the engine needs and that are not connected yet."""
        for peer in self._engine.peers_needed:
            if peer not in self._askers and not self._group.holds(peer):
                endpoint = endpoints(self._config, peer).answers
                socket = self._sockets.asker(endpoint, self._send_hwm, self._receive_hwm)
                receiver = DealerReceiver(socket.wire, self._engine, peer, self._show)
                self._askers[peer] = Watched(socket, receiver, REPLIES_MAX)
                if self._local.reaches(peer):
                    self._local.add_server(peer)
        for publisher, prefixes in self._engine.subscriptions_needed.items():
            if publisher not in self._followers and not self._group.holds(publisher):
                self._followers[publisher] = self._follower(publisher, prefixes)

    def _follower(self, publisher: str, prefixes: list[bytes]) -> Watched:
        endpoint = endpoints(self._config, publisher).publications
        local = self._local.reaches(publisher)
        # The control stream stands last: of a publisher of this host it is all that comes this way.
        wanted = [prefixes[len(prefixes) - 1]] if local else prefixes
        socket = self._sockets.follower(endpoint, wanted, self._receive_hwm)
        receiver = SubReceiver(socket.wire, self._engine, publisher, self._show)
        if local:
            conflated = self._engine.link(publisher).conflated
            self._local.follow(publisher, bytes({prefix[0] for prefix in prefixes} - set(conflated)), conflated)
        return Watched(socket, receiver, DRAIN_MAX, publisher if local else "")

    def watch(self) -> None:
        """Begin to receive; the engine is started by now."""
        self._watching = True
        self._local.watch()
        for watched in self._all():
            self._watch(watched)

    def _watch(self, watched: Watched) -> None:
        watched.watching = True
        self._loop.add_reader(watched.socket.fd, self._readable, watched)
        self._loop.call_soon(self._readable, watched)

    def unwatch(self) -> None:
        """Receive nothing any more, if `watch` was called; sending goes on."""
        if not self._watching:
            return
        self._watching = False
        self._local.unwatch()
        self._owing.clear()
        for watched in self._all():
            self._unwatch(watched)

    def _unwatch(self, watched: Watched) -> None:
        watched.watching = False
        self._loop.remove_reader(watched.socket.fd)

    def close(self) -> None:
        """Close what is not the process's to close with its other sockets."""
        self._local.close()

    def catch_up(self) -> None:
        """Take what is conflated, for which no doorbell is rung."""
        self._local.catch_up()

    def settle(self) -> None:
        """Wake the followers on this host, and drain once what was sent on in this duty cycle."""
        self._local.ring()
        if self.tapped:
            self._owe(self._taps)
        if self._owing:
            owing, self._owing = self._owing, []
            for watched in owing:
                watched.owed = False
                self._drain(watched)
            if self._owing:
                self._loop.call_soon(self._settle_again)

    def counters(self) -> dict[Counter, int]:
        """Return what was discarded or could not be sent on any socket, without the zeros."""
        wires = [watched.socket.wire for watched in self._all()]
        local = self._local.counters()
        found = {
            Counter.BACK_PRESSURED: sum(wire.back_pressured for wire in wires),
            Counter.NOT_CONNECTED: sum(wire.not_connected for wire in wires),
            Counter.MULTIPART: sum(wire.multipart for wire in wires),
            Counter.OVERSIZED: sum(wire.oversized for wire in wires),
            Counter.MALFORMED: sum(wire.malformed for wire in wires),
        }
        for counter, n in local.items():
            found[counter] += n
        return {counter: n for counter, n in found.items() if n}

    def reopen(self, publisher: str) -> None:
        """Close the subscription to `publisher` and open it anew, when this duty cycle has ended."""
        self._loop.call_soon(self._reopen, publisher)

    def _reopen(self, publisher: str) -> None:
        watched = self._followers.pop(publisher, None)
        if watched is None or not self._watching:
            return
        self._unwatch(watched)
        self._sockets.drop(watched.socket)
        self._local.reopen(publisher)
        self.connect()
        self._watch(self._followers[publisher])

    # The duty cycle

    def _readable(self, watched: Watched) -> None:
        self._begin()
        self._drain(watched)
        self._end()

    def _settle_again(self) -> None:
        self._begin()
        self._end()

    def _drain(self, watched: Watched) -> None:
        if not watched.watching:
            # What was to be drained has been closed, or nothing is received any more.
            return
        if watched.local:
            # A BEAT tells how far the publisher was: it proves a loss only to who has read that far.
            if not self._local.read(watched.local):
                self._loop.call_soon(self._readable, watched)
                return
            self._local.meet(watched.local)
        self._draining = watched
        count = watched.receiver.drain(watched.drain_max)
        self._draining = None
        if count == watched.drain_max:
            self._loop.call_soon(self._readable, watched)
        elif count < 0:
            raise OSError(-count, os.strerror(-count), watched.socket.endpoint)

    def _owe(self, watched: Watched) -> None:
        # A drain under way sees for itself what a send within it swallowed.
        if not watched.owed and watched is not self._draining:
            watched.owed = True
            self._owing.append(watched)

    def _all(self) -> list[Watched]:
        return [self._publications, self._answers, self._taps, *self._askers.values(), *self._followers.values()]

    # What a drain calls

    def _tap_changed(self, attached: bool) -> None:
        """Have everything that comes shown to the tap, or nothing any more."""
        self.tapped = attached
        self._show = self._show_in if attached else None
        self._local.show_to(self._show)
        self._answers.receiver.show = self._show_request if attached else None
        for watched in (*self._askers.values(), *self._followers.values()):
            watched.receiver.show = self._show

    def _on_subscription(self, report: bytes) -> None:
        """Take a report of the XPUB: followers of other hosts, and whoever looks from outside, subscribed or left."""
        prefix = report[1:]
        if prefix == CONTROL_PREFIX:
            return
        if report[0]:
            self._subscribed.add(prefix)
        else:
            self._subscribed.discard(prefix)

    def _show_in(self, source: str, frame: bytes, wall_ns: int) -> None:
        self._tap.record(IN, source or OPERATOR, frame, wall_ns)

    def _show_request(self, token: bytes, frame: bytes, wall_ns: int) -> None:
        self._tap.record(IN, self._client(token, frame), frame, wall_ns)

    def _client(self, token: bytes, frame: bytes) -> str:
        """Return the client's name for the tap, by what its request says of itself."""
        if len(self._clients) >= NAMES_MAX:
            self._clients.clear()
        try:
            name = self._names.get(unpack(frame).sender, OPERATOR)
        except FrameError:
            name = OPERATOR
        self._clients[token] = name
        return name


def type_of(frame: bytes) -> int:
    """Return the message type in a frame's header."""
    return frame[6] | frame[7] << 8
