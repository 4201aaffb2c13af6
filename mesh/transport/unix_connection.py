"""One connection between two agents of a host: a Unix socket, and the greeting with which it begins.

Who connects says with its first message who it is and what it wants: `F`, its name, a zero, the kinds of stream to ring
for, a zero and those that it has conflated, with the descriptors of its doorbell and of a flag that says that
it was rung; `R`, its name and a zero, to ask. A connection tells at once when the process behind it is gone.

This file is compiled (`unix_connection.pxd` has the C types).
"""

import os
import socket
from pathlib import Path
from typing import NamedTuple

from mesh.transport.receivers import Receiver
from mesh.transport.unix_wire import Flag, UnixWire
from schemas.errors import AddressTakenError

FOLLOWS, ASKS = b"F", b"R"
END = b"\0"
GREETING_BYTES_MAX = 512
FDS_MAX = 2
BACKLOG = 128
QUEUED_BYTES = 4 << 20
"""What one end may have under way, memory of the kernel included (0.8 KB a message, twice that is given): some 10,000
messages, where the host allows so much (net.core.wmem_max). What a full socket refuses is only tried again after 50 ms."""


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
        """Routes answers to a client; empty where we are the client."""
        self.doorbell = -1
        """The follower's at the other end, ours to close."""
        self.greeted = False

    def close(self) -> None:
        """Close the socket, and the doorbell that came with it."""
        if self.doorbell >= 0:
            os.close(self.doorbell)
            self.doorbell = -1
        self.wire.close()
        self.socket.close()


class Greeting(NamedTuple):
    """Who connected and what for; `what` is empty if that cannot be read from what came."""

    what: bytes
    name: str
    kinds: bytes = b""
    conflated: bytes = b""
    doorbell: int = -1
    flag: Flag | None = None

    def __bytes__(self) -> bytes:
        """Return the message; descriptors go beside it."""
        wanted = self.kinds + END + self.conflated if self.what == FOLLOWS else b""
        return self.what + self.name.encode() + END + wanted


def listen(path: str) -> socket.socket:
    """Listen at `path`, whatever is left there: the instance lock has proven that no other process is this agent.

    Raises:
        AddressTakenError: If that is not possible.
    """
    listener = _unix_socket()
    try:
        Path(path).unlink(missing_ok=True)
        listener.bind(path)
    except OSError as error:
        listener.close()
        raise AddressTakenError(f"cannot listen at {path}: {error.strerror}") from error
    listener.listen(BACKLOG)
    return listener


def connect(path: str, peer: str, greeting: Greeting, fds: list[int]) -> UnixConnection | None:
    """Connect to `peer`, which listens at `path`, and greet it; None if nobody listens there, or not yet."""
    opened = _unix_socket()
    try:
        opened.connect(path)
        socket.send_fds(opened, [bytes(greeting)], fds)
    except OSError:
        opened.close()
        return None
    connection = UnixConnection(opened, peer)
    connection.greeted = True
    return connection


def accept(listener: socket.socket) -> UnixConnection | None:
    """Return the next connection that waits, of a peer that is to greet; None if none does."""
    try:
        opened, _ = listener.accept()
    except BlockingIOError:
        return None
    opened.setblocking(False)
    return UnixConnection(opened, "")


def take_greeting(connection: UnixConnection) -> Greeting:
    """Learn who connected and what for: its first message says it. The doorbell becomes the connection's."""
    connection.greeted = True
    try:
        said, fds, _, _ = socket.recv_fds(connection.socket, GREETING_BYTES_MAX, FDS_MAX)
    except ConnectionResetError:
        said, fds = b"", []
    what, (name, _, wanted) = said[:1], said[1:].partition(END)
    kinds, _, conflated = wanted.partition(END)
    flag = _flag_of(fds)
    connection.peer = name.decode(errors="replace")
    if what == FOLLOWS and flag is not None:
        connection.doorbell = fds.pop(0)
    elif what != ASKS:
        what = b""
    for fd in fds:
        os.close(fd)
    return Greeting(what, connection.peer, kinds, conflated, connection.doorbell, flag)


def _unix_socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.setblocking(False)
    return made


def _flag_of(fds: list[int]) -> Flag | None:
    """Return the flag that came with a doorbell; None if something else came."""
    try:
        return Flag(fds[1]) if len(fds) == FDS_MAX else None
    except OSError:
        return None
