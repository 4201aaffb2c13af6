"""The way between agents of one host: publications are read from the publisher's log, requests go over Unix sockets.

A publisher appends every frame to its log before it is sent, and a log is mapped memory. So a follower on the same host
reads the log itself (`core.log.tail`): there is no second queue, nothing is copied, and a slow follower misses nothing. All
that is sent to it is a ring of its doorbell, once for each duty cycle of the publisher that published something for it. Who
has a stream conflated is not rung for each of its messages: it looks at the beginning of each of its own duty cycles, is
rung when much has come, and hears the BEATs. Requests and answers go over one Unix socket for each client and server
(`mesh.transport.unix_connection`). What only reads (repairs, snapshots, status) stays on ZeroMQ, where a large answer is
nobody's delay; and so do BEATs, which tell that a publisher is there, and are looked at only when its log is read to the
end.

A client connects when it has something to ask, a follower when it hears a BEAT: there are no timers here. What is asked is
taken before the news, but for what is followed without a doorbell: an order does not wait for what the one before has
caused.

This file is compiled (`same_host.pxd` has the C types).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mesh.endpoints import agent_dir, endpoints, make_run_dir
from mesh.protocol.engine import Engine
from mesh.transport.event_loop import EpollLoop
from mesh.transport.followed_log import READ_MAX, FollowedLog
from mesh.transport.receivers import UnixReplyReceiver, UnixRequestReceiver
from mesh.transport.unix_connection import (
    ASKS,
    FOLLOWS,
    Greeting,
    UnixConnection,
    accept,
    connect,
    listen,
    take_greeting,
)
from mesh.transport.unix_wire import Doorbells, Flag, UnixWire, flag_fd, give_way, hush
from mesh.transport.zmq_wire import NOT_CONNECTED, OK
from schemas.config import Config
from schemas.counters import Counter

if TYPE_CHECKING:
    import asyncio
    import socket

    Loop = asyncio.AbstractEventLoop | EpollLoop

CAUGHT_UP_MAX = 1024
"""So many at the beginning of a duty cycle, of what is followed without a doorbell. Messages that overtake each other are
16 to one (`LogReceiver`): some 16,000, more than come while a process stands still for so short that it is not told as a
pause."""

TAKEN_MAX = 16
TOKEN = b"\0local/"
"""Begins the routing token of a client of this host: libzmq's own ids are shorter, none that is chosen begins with 0."""

Show = Callable[[str, bytes, int], None]


class SameHost:
    """Follows, asks and answers the agents of this host, for one agent."""

    def __init__(self, name: str, config: Config, begin: Callable[[], None], end: Callable[[], None]) -> None:
        """Prepare; nothing is open before `bind`.

        Args:
            name: The agent's.
            config: The mesh.
            begin: Called before anything is received.
            end: Called when a socket has been drained.
        """
        self.name = name
        self.show: Show | None = None
        self._config = config
        self._begin = begin
        self._end = end
        self._listener: socket.socket | None = None
        self._doorbell = -1
        self._doorbells = Doorbells()
        self._watching = False
        self._behind = False
        """Whether the news is read without the loop having looked at what is asked."""
        self._clients: dict[bytes, UnixConnection] = {}
        self._askers: list[UnixConnection] = []
        self._servers: dict[str, UnixConnection | None] = {}
        self._followed: dict[str, FollowedLog] = {}
        self._conflated: list[str] = []
        self._coming = False
        """Whether the loop has been told to call `_rung`."""
        self._count = 0
        self._lost: dict[Counter, int] = {}

    # What is sent

    def published(self, frame: bytes) -> None:
        """Take note that `frame` is in the log: `ring` wakes who follows it."""
        self._doorbells.note(frame)

    def ring(self) -> None:
        """Wake who follows what was published since the last time."""
        self._doorbells.ring()

    def asks(self, peer: str) -> bool:
        """Return whether `peer` is asked this way."""
        return peer in self._servers

    def ask(self, peer: str, frame: bytes) -> bool:
        """Send a request; False is proof that it has not left.

        On a CPU that we share with the peer it is acted on before we do what is left for us to do.
        """
        left = self._send(peer, frame)
        if left:
            give_way(frame)
        return left

    def _send(self, peer: str, frame: bytes) -> bool:
        connection = self._servers[peer]
        if connection is not None:
            code = connection.wire.send(frame)
            if code != NOT_CONNECTED:
                return code == OK
            self._drop(connection)
        connection = self._connect(peer, Greeting(ASKS, self.name), [])
        if connection is None:
            self._count_lost(Counter.NOT_CONNECTED)
            return False
        connection.receiver = UnixReplyReceiver(connection.wire, self._engine, peer, self.show)
        self._servers[peer] = connection
        return connection.wire.send(frame) == OK

    def answer(self, token: bytes, frame: bytes) -> bool | None:
        """Send an answer; False is proof that it has not left, None that `token` is not of a client of this host."""
        connection = self._clients.get(token)
        if connection is None:
            return False if token.startswith(TOKEN) else None
        return connection.wire.send(frame) == OK

    # Life

    def bind(self, engine: Engine, loop: "Loop") -> None:
        """Listen.

        Raises:
            AddressTakenError: If that is not possible.
            ConfigError: If the folder of the sockets cannot be used.
        """
        self._engine = engine
        self._loop = loop
        path = endpoints(self._config, self.name).local
        if not path:
            return
        make_run_dir(os.path.dirname(path))
        self._listener = listen(path)
        self._doorbell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def reaches(self, peer: str) -> bool:
        """Return whether `peer` lives on this host, and both are told to talk this way."""
        return self._listener is not None and bool(endpoints(self._config, peer).local)

    def add_server(self, peer: str) -> None:
        """Have `peer` asked this way; it is connected to when it is asked first."""
        self._servers.setdefault(peer, None)

    def follow(self, publisher: str, kinds: bytes, conflated: bytes) -> None:
        """Read the log of `publisher` from its end on, rung for streams of `kinds`; `conflated` ones are looked at."""
        if publisher not in self._followed:
            folder = str(agent_dir(self._config, publisher) / "log")
            self._followed[publisher] = FollowedLog(publisher, folder, Greeting(FOLLOWS, self.name, kinds, conflated))
            if conflated:
                self._conflated.append(publisher)
            self.meet(publisher)

    def meet(self, publisher: str) -> None:
        """Open the log of a followed publisher and give it our doorbell, unless that is done."""
        followed = self._followed[publisher]
        followed.open(self._engine, self.show)
        if followed.connection is None:
            try:
                fd = flag_fd()
            except OSError:
                # As where nobody listens: the next BEAT tries again, and until then each BEAT has the log read.
                self._count_lost(Counter.NOT_CONNECTED)
                return
            try:
                followed.flag = Flag(fd)
                followed.connection = self._connect(publisher, followed.greeting, [self._doorbell, fd])
            finally:
                os.close(fd)

    def reopen(self, publisher: str) -> None:
        """Read the log of a followed publisher anew, from the end that it has now."""
        followed = self._followed.get(publisher)
        if followed is not None:
            followed.receiver = None
            self.meet(publisher)

    def watch(self) -> None:
        """Begin to receive."""
        self._watching = True
        if self._listener is None:
            return
        self._loop.add_reader(self._listener.fileno(), self._accept)
        if isinstance(self._loop, EpollLoop):
            self._loop.add_doorbell(self._doorbell, self._rung)
        else:
            self._loop.add_reader(self._doorbell, self._rung_aloud)
        for connection in self._connections():
            self._loop.add_reader(connection.wire.fd, self._readable, connection)
        self._come()

    def unwatch(self) -> None:
        """Receive nothing any more; sending goes on."""
        if not self._watching or self._listener is None:
            return
        self._watching = False
        self._loop.remove_reader(self._listener.fileno())
        self._loop.remove_reader(self._doorbell)
        for connection in self._connections():
            self._loop.remove_reader(connection.wire.fd)

    def close(self) -> None:
        """Close everything."""
        if self._listener is None:
            return
        for connection in self._connections():
            self._drop(connection)
        Path(self._listener.getsockname()).unlink(missing_ok=True)
        self._listener.close()
        self._listener = None
        os.close(self._doorbell)

    def show_to(self, show: Show | None) -> None:
        """Show every frame that comes as `show(source, frame, wall_ns)`, until told otherwise."""
        self.show = show
        receivers = [connection.receiver for connection in self._connections()]
        receivers += [followed.receiver for followed in self._followed.values()]
        for receiver in receivers:
            if receiver is not None:
                receiver.show = show

    def client(self, token: bytes) -> str:
        """Return the name of the client that `token` stands for, empty if it is none of this host's."""
        connection = self._clients.get(token)
        return "" if connection is None else connection.peer

    def counters(self) -> dict[Counter, int]:
        """Return what could not be sent or taken."""
        found = dict(self._lost)
        for connection in self._connections():
            _add(found, connection.wire)
        return found

    # What comes

    def catch_up(self) -> None:
        """Take what has come that no doorbell is rung for; called at the beginning of each duty cycle."""
        if not self._watching:
            return
        for publisher in self._conflated:
            if not self.read(publisher, CAUGHT_UP_MAX):
                self._behind = True
                self._come()

    def read(self, publisher: str, count_max: int = READ_MAX) -> bool:
        """Take what a followed publisher has appended, at most `count_max` messages; True if it was read to the end."""
        followed = self._followed[publisher]
        return followed.read(count_max)

    def _rung_aloud(self) -> None:
        """Do as `_rung` where the loop calls as long as the doorbell's counter is not read."""
        hush(self._doorbell)
        self._behind = True
        self._rung()

    def _rung(self) -> None:
        self._coming = False
        if not self._watching:
            return
        self._begin()
        self._serve()
        more = False
        for followed in self._followed.values():
            if followed.waits():
                more = not followed.read() or more
        self._behind = more
        if more:
            self._come()
        self._end()

    def _come(self) -> None:
        """Have the news read in the next round of the loop."""
        if not self._coming:
            self._coming = True
            self._loop.call_soon(self._rung)

    def _serve(self) -> None:
        """Take what clients have asked meanwhile; the loop has done it itself, but for what was left waiting."""
        for connection in self._askers:
            if connection.receiver is not None and (self._behind or connection.receiver.more):
                connection.receiver.drain(TAKEN_MAX)

    def _readable(self, connection: UnixConnection) -> None:
        self._begin()
        if connection.receiver is not None:
            connection.receiver.drain(TAKEN_MAX)
        elif not connection.greeted:
            self._take_greeting(connection)
        else:
            # A follower says nothing more, and its publisher nothing at all: this is the end of either.
            connection.wire.close()
        if connection.wire.closed:
            self._drop(connection)
        self._end()

    def _accept(self) -> None:
        assert self._listener is not None
        while (connection := accept(self._listener)) is not None:
            self._count += 1
            connection.token = TOKEN + self._count.to_bytes(8, "big")
            self._clients[connection.token] = connection
            self._loop.add_reader(connection.wire.fd, self._readable, connection)

    def _take_greeting(self, connection: UnixConnection) -> None:
        """Do what whoever connected wants."""
        greeting = take_greeting(connection)
        if greeting.what == FOLLOWS and greeting.flag is not None:
            self._doorbells.add(connection.doorbell, greeting.flag, greeting.kinds, greeting.conflated)
            self._doorbells.ring()
        elif greeting.what == ASKS:
            connection.receiver = UnixRequestReceiver(
                connection.wire, self._engine, connection.peer, connection.token, self.show
            )
            self._askers.append(connection)
        else:
            self._engine.count(Counter.GREETINGS_REFUSED)
            connection.wire.close()

    # Connections

    def _connect(self, peer: str, greeting: Greeting, fds: list[int]) -> UnixConnection | None:
        connection = connect(endpoints(self._config, peer).local, peer, greeting, fds)
        if connection is not None and self._watching:
            self._loop.add_reader(connection.wire.fd, self._readable, connection)
        return connection

    def _drop(self, connection: UnixConnection) -> None:
        """Close a connection, and forget it wherever it is known."""
        if connection.socket.fileno() < 0:
            return
        if self._watching:
            self._loop.remove_reader(connection.wire.fd)
        _add(self._lost, connection.wire)
        self._clients.pop(connection.token, None)
        self._askers = [each for each in self._askers if each is not connection]
        if self._servers.get(connection.peer) is connection:
            self._servers[connection.peer] = None
        followed = self._followed.get(connection.peer)
        if followed is not None and followed.connection is connection:
            followed.connection = None
            if self._watching:
                # It may have died between its last record and the ring.
                self._come()
        if connection.doorbell >= 0:
            self._doorbells.remove(connection.doorbell)
        connection.close()

    def _count_lost(self, counter: Counter) -> None:
        self._lost[counter] = self._lost.get(counter, 0) + 1

    def _connections(self) -> list[UnixConnection]:
        found = [*self._clients.values()]
        found += [server for server in self._servers.values() if server is not None]
        found += [each.connection for each in self._followed.values() if each.connection is not None]
        return found


def _add(counters: dict[Counter, int], wire: UnixWire) -> None:
    for counter, n in (
        (Counter.BACK_PRESSURED, wire.back_pressured),
        (Counter.NOT_CONNECTED, wire.not_connected),
        (Counter.OVERSIZED, wire.oversized),
    ):
        if n:
            counters[counter] = counters.get(counter, 0) + n
