"""The files of a recorded capture, line by line: which format they are in, and what each line is.

hftbacktest: `<local time, ns or us> <JSON as sent>`, REST snapshots as lines without a stream. cryptofeed:
`<local seconds>: <JSON as sent>`, `URL -> seconds: body` for a REST answer, `URL <-> seconds` for a connection, `URL <-
seconds: message` for what was sent, and `configuration: ...`. cryptofeed 3: one JSON object a line with `t` (recv, send,
connect, http, header), `conn`, `ts` (seconds) and `data`, the text as it was received; a recording of ours
(`agents.recorder`) has `snapshot` too, a whole book that was asked for beside the stream. Any may be gzipped. Nothing is
decoded here beyond what tells the lines apart; what is of no stream, such as an acknowledgement, is left out.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from agents.paper.market.recorded_venue import RecordedVenue
from agents.paper.recordings import venue_of
from schemas.errors import CaptureError

KNOWN_FORMATS = (
    "hftbacktest lines ('<time in us or ns> <JSON>', .gz or plain) and cryptofeed files "
    "('<seconds>: <JSON>', with 'URL -> <seconds>: <body>' lines, or one JSON object a line) of Binance, Bybit and OKX"
)
_HFTBACKTEST = re.compile(rb"[0-9]{16,19} \{")
_CRYPTOFEED = re.compile(rb"(configuration: |(wss?|https?)://|[0-9]{10}\.[0-9]+: \{)")
_REST = re.compile(rb"(https?://\S+) -> ([0-9]+\.?[0-9]*): ")
_SECONDS = re.compile(rb"([0-9]{1,10})(?:\.([0-9]{1,9}))?")
_JSON_LINES = b'{"t":"'
_CONNECTED = re.compile(rb"(wss?://\S+) <-> ")


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a file: `stream` names the frame's stream, `url` the REST call that it answers; `body` from `start`.

    One `beside` its stream has the whole book, and is no frame that a subscriber had.
    """

    ts_ns: int
    start: int
    end: int
    stream: str = ""
    url: str = ""
    beside: bool = False


class CaptureWatch(Protocol):
    """Hears of what is wrong with a file, which is read on then; without one the first damage is an error."""

    def damaged(self, path: Path, line: int, reason: str) -> None:
        """Take note of a line, counted from 1, that is left out; 0 is the end of a file that is not whole."""
        ...

    def late(self, path: Path, line: int) -> None:
        """Take note of a line that was received before the one that stands before it."""
        ...


class _Record(msgspec.Struct, gc=False):
    """A line of cryptofeed 3."""

    t: str
    ts: msgspec.Raw = msgspec.Raw(b"0")
    conn: str = ""
    addr: str = ""
    url: str = ""
    data: str = ""


_record = msgspec.json.Decoder(_Record)
_json = msgspec.json.Decoder(msgspec.Raw)
_PIECE_BYTES = 1 << 16


class CaptureFile:
    """One file in memory: its bytes, uncompressed, and its lines."""

    def __init__(self, path: Path, watch: CaptureWatch | None = None) -> None:
        """Read the file; what of it is damaged is left out if there is a `watch`.

        Raises:
            CaptureError: If it is missing, damaged, or in no known format.
        """
        self.path = path
        self._watch = watch
        self.data = _read(path, watch)
        self.venue: RecordedVenue | None = None
        """Whose frames there are; known once the first was met."""
        self._address = ""
        head = self.data[:200].lstrip()
        self.hftbacktest = _HFTBACKTEST.match(head) is not None
        self._known = self._unpacked() if head.startswith(_JSON_LINES) else None
        """The lines, once they are known: what is damaged is told once."""
        if self._known is None and not self.hftbacktest and _CRYPTOFEED.match(head) is None:
            raise CaptureError(f"{path}: not a capture in a known format; known are {KNOWN_FORMATS}")

    def lines(self) -> Iterator[Line]:
        """Yield frames and REST answers in file order."""
        if self._known is None and self._watch is not None:
            self._known = list(self._scanned())
        yield from self._scanned() if self._known is None else self._known

    def _scanned(self) -> Iterator[Line]:
        parse = self._hftbacktest_line if self.hftbacktest else self._cryptofeed_line
        start, size, number, last_ns = 0, len(self.data), 0, 0
        while start < size:
            end = self.data.find(b"\n", start)
            end = size if end < 0 else end
            number += 1
            line = self._whole(parse, start, end, number) if end > start else None
            if line is not None:
                if self._watch is not None and line.ts_ns < last_ns:
                    self._watch.late(self.path, number)
                last_ns = line.ts_ns
                yield line
            start = end + 1

    def _whole(self, parse: Callable[[int, int], Line | None], start: int, end: int, number: int) -> Line | None:
        """Return what a line is, None if it is nothing or is damaged."""
        if self._watch is None:
            return parse(start, end)
        try:
            line = parse(start, end)
            if line is not None:
                self._prove(line.stream, self.data[line.start : line.end])
        except (CaptureError, msgspec.MsgspecError, ValueError) as error:
            self._watch.damaged(self.path, number, str(error).rpartition(": ")[2] if _is_ours(error) else str(error))
            return None
        return line

    def _prove(self, stream: str, body: bytes) -> None:
        """Read what stands in a line, as whoever plays it will; raises what that raises."""
        _json.decode(body)
        if self.venue is not None and stream:
            told = self.venue.stream(stream)
            self.venue.ticks(told, body)
            for _ in self.venue.amounts(told.kind, body):
                pass

    def _hftbacktest_line(self, start: int, end: int) -> Line | None:
        space = self.data.find(b" ", start, end)
        digits = self.data[start:space] if space > 0 else b""
        if not digits.isdigit():
            raise CaptureError(f"{self.path}: byte {start}: no receive time at the start of the line")
        ts_ns = int(digits) * (1000 if len(digits) <= 16 else 1)
        return Line(ts_ns, space + 1, end, self._stream(self.data[space + 1 : end], ""))

    def _cryptofeed_line(self, start: int, end: int) -> Line | None:
        if self.data[start : start + 1].isdigit():
            colon = self.data.find(b": ", start, end)
            ts_ns = self._seconds(start, self.data[start:colon])
            stream = self._stream(self.data[colon + 2 : end], self._address)
            return Line(ts_ns, colon + 2, end, stream) if stream else None
        connected = _CONNECTED.match(self.data, start, end)
        if connected is not None:
            self._address = connected[1].decode()
            return None
        rest = _REST.match(self.data, start, end)
        if rest is None:
            return None
        return Line(self._seconds(start, rest[2]), rest.end(), end, url=rest[1].decode())

    def _unpacked(self) -> list[Line]:
        """Take what was received out of lines of JSON; from now on that is the data, a line of it each."""
        lines: list[Line] = []
        parts: list[bytes] = []
        addresses: dict[str, str] = {}
        size = place = last_ns = 0
        for number, text in enumerate(self.data.split(b"\n"), 1):
            try:
                record = _record.decode(text) if text.strip() else None
                place += len(text) + 1
                if record is None:
                    continue
                if record.t == "connect":
                    addresses[record.conn] = record.addr
                if record.t not in ("recv", "http", "snapshot"):
                    continue
                body, ts_ns = record.data.encode(), self._seconds(place, bytes(record.ts))
                url = record.url if record.t == "http" else ""
                stream = "" if url else self._stream(body, addresses.get(record.conn, ""))
                if self._watch is not None and stream:
                    self._prove(stream, body)
            except (CaptureError, msgspec.MsgspecError, ValueError) as error:
                if self._watch is None:
                    raise CaptureError(f"{self.path}: byte {place}: not a line of a recording: {error}") from error
                self._watch.damaged(self.path, number, str(error))
                continue
            if url or stream:
                if self._watch is not None and ts_ns < last_ns:
                    self._watch.late(self.path, number)
                last_ns = ts_ns
                lines.append(Line(ts_ns, size, size + len(body), stream, url, record.t == "snapshot"))
                parts.append(body)
                size += len(body) + 1
        self.data = b"\n".join(parts)
        return lines

    def _seconds(self, start: int, text: bytes) -> int:
        match = _SECONDS.fullmatch(text)
        if match is None:
            raise CaptureError(f"{self.path}: byte {start}: no receive time at the start of the line")
        return int(match[1]) * 1_000_000_000 + int((match[2] or b"").ljust(9, b"0"))

    def _stream(self, frame: bytes, address: str) -> str:
        if self.venue is None:
            self.venue = venue_of(frame, address)
        return self.venue.stream_name(frame, address) if self.venue is not None else ""


def known_head(data: bytes) -> bool:
    """Return whether a file that begins so, unpacked, is a capture."""
    data = data[:200].lstrip()
    patterns = (_HFTBACKTEST, _CRYPTOFEED)
    return data.startswith(_JSON_LINES) or any(pattern.match(data) is not None for pattern in patterns)


def _is_ours(error: Exception) -> bool:
    return isinstance(error, CaptureError)


def _read(path: Path, watch: CaptureWatch | None) -> bytes:
    try:
        raw = path.read_bytes()
        if raw[:2] != b"\x1f\x8b":
            return raw
        return gzip.decompress(raw) if watch is None else _unpacked_far(path, raw, watch)
    except FileNotFoundError:
        raise CaptureError(f"{path}: no such file; give a capture in a known format: {KNOWN_FORMATS}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CaptureError(f"{path}: cannot be read: {error}; known formats are {KNOWN_FORMATS}") from error


def _unpacked_far(path: Path, raw: bytes, watch: CaptureWatch) -> bytes:
    """Return the lines of a gzipped file as far as it is whole."""
    parts: list[bytes] = []
    trouble = ""
    while raw and not trouble:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            for start in range(0, len(raw), _PIECE_BYTES):
                parts.append(unpacker.decompress(raw[start : start + _PIECE_BYTES]))
                if unpacker.eof:
                    raw = unpacker.unused_data + raw[start + _PIECE_BYTES :]
                    break
            else:
                trouble = "the gzip file ends early"
        except zlib.error as error:
            trouble = f"the gzip file is damaged: {error}"
    data = b"".join(parts)
    if trouble:
        data = data[: data.rfind(b"\n") + 1]
        watch.damaged(path, 0, trouble)
    return data
