"""A tap shows every frame in and out of a live agent, and cannot slow it.

The agent copies frames to an XPUB socket only while somebody is attached and never waits. For a client whose queue is full
the socket drops, and does not say so: the agent cannot count that. Each tap frame has a number, so the client can, as soon
as a later one comes; an agent that beats sends one every `beat_interval_ms`. A tap frame is one part: direction (`I` or
`O`), length of the peer's name, the name, tap number u64, wall clock u64 nanoseconds, then the frame as it was.
"""

import select
import struct
import time
from collections.abc import Callable, Iterator

import msgspec

from core.frame import HEADER_SIZE, Header, unpack
from mesh.protocol.codec import decode
from mesh.transport.sockets import Sockets
from mesh.transport.zmq_wire import Wire
from schemas.errors import FrameError
from schemas.messages import Message

IN, OUT = b"I", b"O"
DRAIN_MAX = 1024
_HEAD = struct.Struct("<cB")
_NUMBERS = struct.Struct("<QQ")
_ATTACH = 1
"""First byte of an XPUB's report of a new subscription; 0 is the end of one."""


class Tap:
    """The agent's end: `attached` says whether anyone looks, `record` copies a frame to them."""

    def __init__(self, wire: Wire, changed: Callable[[bool], None]) -> None:
        """Copy to the XPUB of `wire`; `changed(attached)` is called when the first client comes and the last goes."""
        self.attached = False
        self._wire = wire
        self._changed = changed
        self._prefixes: set[bytes] = set()
        self._heads: dict[tuple[bytes, str], bytes] = {}
        self._seq = 0

    def subscription(self, report: bytes) -> None:
        """Take a report of the XPUB: somebody subscribed to a prefix, or nobody is any more."""
        if report[:1] == bytes([_ATTACH]):
            self._prefixes.add(report[1:])
        else:
            self._prefixes.discard(report[1:])
        if self.attached != bool(self._prefixes):
            self.attached = bool(self._prefixes)
            self._changed(self.attached)

    def record(self, direction: bytes, peer: str, frame: bytes, wall_ns: int) -> None:
        """Copy one frame that came from `peer` (IN) or goes to it (OUT); a client whose queue is full does not get it."""
        self._seq += 1
        head = self._heads.get((direction, peer)) or self._head(direction, peer)
        self._wire.send(b"".join((head, _NUMBERS.pack(self._seq, wall_ns), frame)))

    def _head(self, direction: bytes, peer: str) -> bytes:
        name = peer.encode()[:255]
        if len(self._heads) >= DRAIN_MAX:
            self._heads.clear()
        head = self._heads[direction, peer] = _HEAD.pack(direction, len(name)) + name
        return head


class TapRecord(msgspec.Struct, frozen=True):
    """One frame that passed an agent, decoded; `message` is None if the frame is not one that this version knows."""

    direction: str
    """`I` or `O`."""
    peer: str
    """Who sent it or gets it; empty for a publication to everyone."""
    seq: int
    wall_ns: int
    dropped: int
    """Records that this client did not get, between the one before and this one."""
    frame: bytes
    header: Header | None
    message: Message | None


class TapClient:
    """The looking end, attached to the tap of one agent; `dropped` counts what it did not get before the last it got."""

    def __init__(self, endpoint: str) -> None:
        """Attach to the tap at `endpoint`, now or when it comes up."""
        self._sockets = Sockets()
        self._socket = self._sockets.tap_client(endpoint)
        self._records: list[TapRecord] = []
        self._seq = 0
        self.dropped = 0

    def read(self, timeout_s: float) -> list[TapRecord]:
        """Return what has come, in order; empty if nothing came within `timeout_s`.

        Raises:
            FrameError: If what came is not a tap's.
        """
        deadline = time.monotonic() + timeout_s
        while not self._drain() and (left_s := deadline - time.monotonic()) > 0:
            poll = select.poll()
            poll.register(self._socket.fd, select.POLLIN)
            poll.poll(left_s * 1e3)
        records, self._records = self._records, []
        return records

    def close(self) -> None:
        """Detach."""
        self._sockets.close()

    def _drain(self) -> bool:
        self._socket.wire.drain(self._take, DRAIN_MAX)
        return bool(self._records)

    def _take(self, data: bytes) -> None:
        record = _parse(data, self._seq)
        self.dropped += record.dropped
        self._seq = record.seq
        self._records.append(record)


def attach(endpoint: str, idle_s: float | None = None) -> Iterator[TapRecord]:
    """Yield what passes the agent at `endpoint`, for ever or until nothing has passed for `idle_s`."""
    client = TapClient(endpoint)
    try:
        while True:
            records = client.read(idle_s if idle_s is not None else 1.0)
            if not records and idle_s is not None:
                return
            yield from records
    finally:
        client.close()


def _parse(data: bytes, before: int) -> TapRecord:
    try:
        direction, length = _HEAD.unpack_from(data)
        numbers = _HEAD.size + length
        seq, wall_ns = _NUMBERS.unpack_from(data, numbers)
    except struct.error as error:
        raise FrameError(f"{len(data)} bytes are not a tap frame: {error}") from error
    frame = data[numbers + _NUMBERS.size :]
    # A number that goes back is a restarted agent; the first number seen is where we came in.
    dropped = seq - before - 1 if before and seq > before else 0
    header, message = _decoded(frame)
    peer = data[_HEAD.size : numbers].decode(errors="replace")
    return TapRecord(direction.decode(), peer, seq, wall_ns, dropped, frame, header, message)


def _decoded(frame: bytes) -> tuple[Header | None, Message | None]:
    try:
        header = unpack(frame)
    except FrameError:
        return None, None
    try:
        return header, decode(header.type, memoryview(frame)[HEADER_SIZE:])
    except FrameError:
        return header, None
