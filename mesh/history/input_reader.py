"""The recorded inputs of one start of an agent, read in order (`mesh.protocol.input_log` has the layout)."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.frame import HEADER_SIZE, Header, unpack
from core.log import LogReader
from mesh.protocol.input_log import (
    ASKED,
    BATCH,
    CALLED,
    CONTINUED,
    DELIVERED,
    FRAME,
    PAUSE,
    PUBLICATION,
    REPLY,
    REQUEST,
    SOCKET,
    STARTED,
    STOP,
    STOPPING,
    TIMERS,
    VENUE_REPLY,
)
from schemas.errors import LogDamagedError

CHUNK_RECORDS = 1024
KINDS = {
    STARTED: "start",
    DELIVERED: "message",
    BATCH: "messages",
    PUBLICATION: "publication",
    REQUEST: "request",
    REPLY: "reply",
    SOCKET: "socket",
    FRAME: "venue frame",
    VENUE_REPLY: "venue reply",
    TIMERS: "timers",
    PAUSE: "pause",
    STOPPING: "told to get ready to end",
    STOP: "told to end",
}


class Asked(msgspec.Struct, frozen=True):
    """A request that the agent sent while it handled an input: to whom, its frame, and whether it left."""

    peer: str
    frame: bytes
    left: bool


class Input(msgspec.Struct, frozen=True):
    """One input: its number within the start, its kind, both times, and what it is.

    `stream`, `epoch`, `first` and `seq` tell where the messages lie in the log of the publisher `sender`; `tag` and `data`
    are what came by value; `number` is that of `corr`.
    """

    number: int
    kind: int
    now_ns: int
    wall_ns: int
    sender: int = 0
    stream: int = 0
    epoch: int = 0
    first: int = 0
    seq: int = 0
    tag: bytes = b""
    data: bytes = b""
    asked: tuple[Asked, ...] = ()
    called: tuple[tuple[str, bytes], ...] = ()
    """What the venue was asked: on which websocket, if it was one, and the message or the call."""

    @property
    def name(self) -> str:
        """Return the connection or the peer that it came from."""
        return self.tag.decode()


class InputReader:
    """The inputs of one start, oldest first."""

    def __init__(self, folder: Path) -> None:
        """Read the recording in `folder`."""
        self.damage = ""
        """What ended the reading before the end of the recording, if anything did."""
        self._folder = folder

    def __iter__(self) -> Iterator[Input]:
        """Yield each input with what was asked because of it."""
        number = 0
        last: Input | None = None
        asked: list[Asked] = []
        called: list[tuple[str, bytes]] = []
        for header, payload in self._records():
            tag, data = _split(payload) if payload else (b"", b"")
            if header.type == ASKED:
                asked.append(Asked(tag.decode(), data, bool(header.corr)))
                continue
            if header.type == CALLED:
                called.append((tag.decode(), data))
                continue
            if last is not None:
                yield msgspec.structs.replace(last, asked=tuple(asked), called=tuple(called))
                asked.clear()
                called.clear()
            number += 1
            last = _input(number, header, tag, data)
        if last is not None:
            yield msgspec.structs.replace(last, asked=tuple(asked), called=tuple(called))

    def _records(self) -> Iterator[tuple[Header, bytes]]:
        """Yield records with their whole payloads; one whose end was not written any more is left out."""
        parts: list[bytes] = []
        for frame in self._frames():
            header = unpack(frame)
            parts.append(frame[HEADER_SIZE:])
            if not header.flags & CONTINUED:
                yield header, b"".join(parts)
                parts.clear()

    def _frames(self) -> Iterator[bytes]:
        reader = LogReader(str(self._folder))
        try:
            while frames := reader.poll(CHUNK_RECORDS):
                yield from frames
        except LogDamagedError as error:
            self.damage = str(error)
        finally:
            reader.close()


def _input(number: int, header: Header, tag: bytes, data: bytes) -> Input:
    kind, now_ns, wall_ns = header.type, header.recv_ns, header.send_ns
    if kind not in (DELIVERED, BATCH):
        return Input(number, kind, now_ns, wall_ns, seq=header.corr, tag=tag, data=data)
    place = header.origin_ns & (1 << 64) - 1
    first = header.decided_ns if kind == BATCH else header.corr
    return Input(number, kind, now_ns, wall_ns, header.sender, place >> 32, place & 0xFFFFFFFF, first, header.corr)


def _split(payload: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(payload[:2], "little")
    return payload[2 : 2 + size], payload[2 + size :]
