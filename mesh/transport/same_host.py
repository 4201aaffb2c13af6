"""The way between agents of one host: publications are read from the publisher's log, requests go over Unix sockets.

A publisher appends every frame to its log before it is sent, and a log is mapped memory. So a follower on the same host
reads the log itself (`core.log.tail`): there is no second queue, nothing is copied, and a slow follower misses nothing. All
that is sent to it is a bell, once for each turn of the publisher that published something for it. Who wants the newest of
a stream alone is not rung for each message: it looks at the beginning of each of its turns, is rung when much has come, and
hears the BEATs. Requests and answers go over one Unix socket for each client and server. What only reads (repairs,
snapshots, status) stays on ZeroMQ, where a large answer is nobody's delay; and so do BEATs, which tell that a publisher is
there, and are looked at only when its log is read to the end.

Who connects says with its first message who it is and what it wants: `F`, its name, a zero, the kinds of stream to ring
for, a zero and those of which it wants the newest alone, with the descriptors of its bell and of a flag that says that it
was rung; `R`, its name and a zero, to ask. A connection tells at once when the process behind it is gone. A client connects
when it has something to ask, a follower when it hears a BEAT: there are no timers here. What is asked is taken before the
news, but for what is followed without a bell: an order does not wait for what the one before has caused.

This file is compiled (`same_host.pxd` has the C types).
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core.log.tail import LogTail
from mesh.endpoints import agent_dir, endpoints, make_run_dir
from mesh.protocol.engine import Engine
from mesh.transport.event_loop import EpollLoop
from mesh.transport.receivers import LogReceiver, Receiver, UnixReplyReceiver, UnixRequestReceiver
from mesh.transport.unix_wire import Doorbells, Flag, UnixWire, flag_fd, give_way, hush
from mesh.transport.zmq_wire import NOT_CONNECTED, OK
from schemas.config import Config
from schemas.errors import AddressTakenError

if TYPE_CHECKING:
    import asyncio

    Loop = asyncio.AbstractEventLoop | EpollLoop

FOLLOWS, ASKS, END = b"F", b"R", b"\0"
GREETING_BYTES_MAX = 512
FDS_MAX = 2
BACKLOG = 128
READ_MAX = 64
"""So many records of one publisher are read before requests are looked at again."""

CAUGHT_UP_MAX = 1024
"""So many at the beginning of a turn, of what is followed without a bell. Messages that overtake each other are 16 to one
(`LogReceiver`): some 16,000, more than come while a process stands still for so short that it is not told as a pause."""

TAKEN_MAX = 16
QUEUED_BYTES = 4 << 20
"""What one end may have under way, memory of the kernel included (0.8 KB a message, twice that is given): some 10,000
messages, where the host allows so much (net.core.wmem_max). What a full socket refuses is only tried again after 50 ms."""

TOKEN = b"\0local/"
"""Begins the routing token of a client of this host: libzmq's own ids are shorter, none that is chosen begins with 0."""

Show = Callable[[str, bytes, int], None]


class UnixConnection:
    """One Unix socket: who is at its other end, and the receiver that takes what comes, once that is known."""

    def __init__(self, opened: socket.socket, peer: str) -> None:
        """Take over a connected socket."""
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUED_BYTES)
        self.socket = opened
        self.wire = UnixWire(opened.fileno())
        self.peer = peer
        self.receiver: Receiver | None = None
        self.token = b""
        self.bell = -1
        self.greeted = False


class FollowedLog:
    """A publisher of this host: its log, once there is one, and the connection on which it was given our bell."""

    def __init__(self, folder: str, kinds: bytes, conflated: bytes) -> None:
        """Follow streams of `kinds`, and `conflated` ones without a bell, of the publisher whose log is `folder`."""
        self.folder = folder
        self.kinds = kinds + END + conflated
        self.tail: LogTail | None = None
        self.receiver: Receiver | None = None
        self.connection: UnixConnection | None = None
        self.flag: Flag | None = None
        """Set by the publisher when it rings, cleared when its log is looked at: anew with each connection."""


class SameHost:
    """Follows, asks and answers the agents of this host, for one agent."""

    def __init__(self, name: str, config: Config, begin: Callable[[], None], end: Callable[[], None]) -> None:
        """Prepare; nothing is open before `bind`.

        Args:
            name: The agent's.
            config: The mesh.
            begin: Called before anything is received.
            end: Called when a socket has had its turn.
        """
        self.name = name
        self.show: Show | None = None
        self._config = config
        self._begin = begin
        self._end = end
        self._listener: socket.socket | None = None
        self._bell = -1
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
        self._lost: dict[str, int] = {}

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
        connection = self._connect(peer, ASKS, b"", [])
        if connection is None:
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
        listener = _unix_socket()
        try:
            # The guard has proven that no other process is this agent: what is there was left by one that died.
            Path(path).unlink(missing_ok=True)
            listener.bind(path)
        except OSError as error:
            listener.close()
            raise AddressTakenError(f"cannot listen at {path}: {error.strerror}") from error
        listener.listen(BACKLOG)
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._listener = listener

    def reaches(self, peer: str) -> bool:
        """Return whether `peer` lives on this host, and both are told to talk this way."""
        return self._listener is not None and bool(endpoints(self._config, peer).local)

    def add_server(self, peer: str) -> None:
        """Have `peer` asked this way; it is connected to when it is asked first."""
        self._servers.setdefault(peer, None)

    def follow(self, publisher: str, kinds: bytes, conflated: bytes) -> None:
        """Read the log of `publisher` from its end on: rung for streams of `kinds`, at each turn for `conflated` ones."""
        if publisher not in self._followed:
            self._followed[publisher] = FollowedLog(str(agent_dir(self._config, publisher) / "log"), kinds, conflated)
            if conflated:
                self._conflated.append(publisher)
            self.meet(publisher)

    def meet(self, publisher: str) -> None:
        """Open the log of a followed publisher and give it our bell, unless that is done."""
        followed = self._followed[publisher]
        if followed.tail is None and os.path.isdir(followed.folder):
            followed.tail = LogTail(followed.folder)
            followed.receiver = LogReceiver(followed.tail, self._engine, publisher, self.show)
        if followed.connection is None:
            try:
                fd = flag_fd()
            except OSError:
                # As where nobody listens: the next BEAT tries again, and until then each BEAT has the log read.
                self._count_lost("not_connected")
                return
            try:
                followed.flag = Flag(fd)
                followed.connection = self._connect(publisher, FOLLOWS, followed.kinds, [self._bell, fd])
            finally:
                os.close(fd)

    def reopen(self, publisher: str) -> None:
        """Read the log of a followed publisher anew, from the end that it has now."""
        followed = self._followed.get(publisher)
        if followed is not None:
            followed.tail = followed.receiver = None
            self.meet(publisher)

    def watch(self) -> None:
        """Begin to receive."""
        self._watching = True
        if self._listener is None:
            return
        self._loop.add_reader(self._listener.fileno(), self._accept)
        if isinstance(self._loop, EpollLoop):
            self._loop.add_bell(self._bell, self._rung)
        else:
            self._loop.add_reader(self._bell, self._rung_aloud)
        for connection in self._connections():
            self._loop.add_reader(connection.wire.fd, self._readable, connection)
        self._come()

    def unwatch(self) -> None:
        """Receive nothing any more; sending goes on."""
        if not self._watching or self._listener is None:
            return
        self._watching = False
        self._loop.remove_reader(self._listener.fileno())
        self._loop.remove_reader(self._bell)
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
        os.close(self._bell)

    def show_to(self, show: Show | None) -> None:
        """Hand every frame that comes to `show(source, frame, wall_ns)` as well, until told otherwise."""
        self.show = show
        for peer, server in self._servers.items():
            if server is not None:
                server.receiver = UnixReplyReceiver(server.wire, self._engine, peer, show)
        for publisher, followed in self._followed.items():
            if followed.tail is not None:
                followed.receiver = LogReceiver(followed.tail, self._engine, publisher, show)
        for client in self._askers:
            client.receiver = UnixRequestReceiver(client.wire, self._engine, client.peer, client.token, show)

    def client(self, token: bytes) -> str:
        """Return the name of the client that `token` stands for, empty if it is none of this host's."""
        connection = self._clients.get(token)
        return "" if connection is None else connection.peer

    def counters(self) -> dict[str, int]:
        """Return what could not be sent or taken, by name."""
        found = dict(self._lost)
        for connection in self._connections():
            _add(found, connection.wire)
        return found

    # What comes

    def catch_up(self) -> None:
        """Take what has come that there is no bell for; called at the beginning of each turn."""
        if not self._watching:
            return
        for publisher in self._conflated:
            if not self.read(publisher, CAUGHT_UP_MAX):
                self._behind = True
                self._come()

    def read(self, publisher: str, count_max: int = READ_MAX) -> bool:
        """Take what a followed publisher has appended, at most `count_max` messages; True if it was read to the end."""
        followed = self._followed[publisher]
        if followed.flag is not None:
            followed.flag.clear()
        if followed.receiver is None:
            return True
        followed.receiver.drain(count_max)
        return not followed.receiver.more

    def _rung_aloud(self) -> None:
        """Do as `_rung` where the loop calls as long as the bell's counter is not read."""
        hush(self._bell)
        self._behind = True
        self._rung()

    def _rung(self) -> None:
        self._coming = False
        if not self._watching:
            return
        self._begin()
        self._serve()
        more = False
        for publisher in self._followed:
            more = not self.read(publisher) or more
        self._behind = more
        if more:
            self._come()
        self._end()

    def _come(self) -> None:
        """Have the news read in the next turn."""
        if not self._coming:
            self._coming = True
            self._loop.call_soon(self._rung)

    def _serve(self) -> None:
        """Take what clients have asked meanwhile; in its own turn the loop has done it, but for what was left waiting."""
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
        while True:
            try:
                opened, _ = self._listener.accept()
            except BlockingIOError:
                return
            opened.setblocking(False)
            connection = UnixConnection(opened, "")
            self._count += 1
            connection.token = TOKEN + self._count.to_bytes(8, "big")
            self._clients[connection.token] = connection
            self._loop.add_reader(connection.wire.fd, self._readable, connection)

    def _take_greeting(self, connection: UnixConnection) -> None:
        """Learn who connected and what for: its first message says it."""
        connection.greeted = True
        try:
            greeting, fds, _, _ = socket.recv_fds(connection.socket, GREETING_BYTES_MAX, FDS_MAX)
        except ConnectionResetError:
            greeting, fds = b"", []
        name, _, kinds = greeting[1:].partition(END)
        kinds, _, conflated = kinds.partition(END)
        flag = _flag_of(fds)
        connection.peer = name.decode(errors="replace")
        if greeting[:1] == FOLLOWS and flag is not None:
            connection.bell = fds.pop(0)
            self._doorbells.add(connection.bell, flag, kinds, conflated)
            self._doorbells.ring()
        elif greeting[:1] == ASKS:
            connection.receiver = UnixRequestReceiver(
                connection.wire, self._engine, connection.peer, connection.token, self.show
            )
            self._askers.append(connection)
        else:
            self._engine.count("greetings_refused")
            connection.wire.close()
        for fd in fds:
            os.close(fd)

    # Connections

    def _connect(self, peer: str, what: bytes, kinds: bytes, fds: list[int]) -> UnixConnection | None:
        opened = _unix_socket()
        try:
            opened.connect(endpoints(self._config, peer).local)
            socket.send_fds(opened, [what + self.name.encode() + END + kinds], fds)
        except OSError:
            # Nobody listens, or not yet: whoever asked hears that nothing left, a follower tries again.
            opened.close()
            if what == ASKS:
                self._count_lost("not_connected")
            return None
        connection = UnixConnection(opened, peer)
        connection.greeted = True
        if self._watching:
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
                # It may have died between its last record and the bell.
                self._come()
        if connection.bell >= 0:
            self._doorbells.remove(connection.bell)
            os.close(connection.bell)
            connection.bell = -1
        connection.wire.close()
        connection.socket.close()

    def _count_lost(self, name: str) -> None:
        self._lost[name] = self._lost.get(name, 0) + 1

    def _connections(self) -> list[UnixConnection]:
        found = [*self._clients.values()]
        found += [server for server in self._servers.values() if server is not None]
        found += [each.connection for each in self._followed.values() if each.connection is not None]
        return found


def _unix_socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.setblocking(False)
    return made


def _flag_of(fds: list[int]) -> Flag | None:
    """Return the flag that came with a bell; None if something else came."""
    try:
        return Flag(fds[1]) if len(fds) == FDS_MAX else None
    except OSError:
        return None


def _add(counters: dict[str, int], wire: UnixWire) -> None:
    for name in ("back_pressured", "not_connected", "oversized"):
        n = getattr(wire, name)
        if n:
            counters[name] = counters.get(name, 0) + n
