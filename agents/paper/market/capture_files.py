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
from collections.abc import Iterator
from pathlib import Path

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


class _Record(msgspec.Struct, gc=False):
    """A line of cryptofeed 3."""

    t: str
    ts: msgspec.Raw = msgspec.Raw(b"0")
    conn: str = ""
    addr: str = ""
    url: str = ""
    data: str = ""


_record = msgspec.json.Decoder(_Record)


class CaptureFile:
    """One file in memory: its bytes, uncompressed, and its lines."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            CaptureError: If it is missing, damaged, or in no known format.
        """
        self.path = path
        self.data = _read(path)
        self.venue: RecordedVenue | None = None
        """Whose frames there are; known once the first was met."""
        self._address = ""
        head = self.data[:200].lstrip()
        self.hftbacktest = _HFTBACKTEST.match(head) is not None
        self._json_lines = self._unpacked() if head.startswith(_JSON_LINES) else None
        if self._json_lines is None and not self.hftbacktest and _CRYPTOFEED.match(head) is None:
            raise CaptureError(f"{path}: not a capture in a known format; known are {KNOWN_FORMATS}")

    def lines(self) -> Iterator[Line]:
        """Yield frames and REST answers in file order."""
        if self._json_lines is not None:
            yield from self._json_lines
            return
        parse = self._hftbacktest_line if self.hftbacktest else self._cryptofeed_line
        start, size = 0, len(self.data)
        while start < size:
            end = self.data.find(b"\n", start)
            end = size if end < 0 else end
            line = parse(start, end) if end > start else None
            if line is not None:
                yield line
            start = end + 1

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
        size = place = 0
        for text in self.data.split(b"\n"):
            try:
                record = _record.decode(text) if text.strip() else None
            except msgspec.MsgspecError as error:
                raise CaptureError(f"{self.path}: byte {place}: not a line of a recording: {error}") from error
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
            if url or stream:
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


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except FileNotFoundError:
        raise CaptureError(f"{path}: no such file; give a capture in a known format: {KNOWN_FORMATS}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CaptureError(f"{path}: cannot be read: {error}; known formats are {KNOWN_FORMATS}") from error
