"""The files of a recorded capture, line by line: which format they are in, and what each line is.

hftbacktest: `<local time, ns or us> <JSON as sent>`, REST snapshots as lines without "stream". cryptofeed:
`<local seconds>: <JSON as sent>`, `URL -> seconds: body` for a REST answer, `URL <-> seconds` for a connection and
`configuration: ...`. Either may be gzipped. Nothing is decoded here beyond what tells the lines apart.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from schemas.errors import CaptureError

KNOWN_FORMATS = (
    "hftbacktest lines ('<time in us or ns> <JSON>', .gz or plain) and cryptofeed files "
    "('<seconds>: <JSON>', with 'URL -> <seconds>: <body>' lines) of Binance spot and USDT-M"
)
_HFTBACKTEST = re.compile(rb"[0-9]{16,19} \{")
_CRYPTOFEED = re.compile(rb"(configuration: |(wss?|https?)://|[0-9]{10}\.[0-9]+: \{)")
_REST = re.compile(rb"(https?://\S+) -> ([0-9]+\.?[0-9]*): ")
_SECONDS = re.compile(rb"([0-9]{10})(?:\.([0-9]{1,9}))?")
_STREAM_HEAD = b'{"stream":"'


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a file: `stream` names the frame's stream, `url` the REST call that it answers; `body` from `start`."""

    ts_ns: int
    start: int
    end: int
    stream: bytes = b""
    url: str = ""


class CaptureFile:
    """One file in memory: its bytes, uncompressed, and its lines."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            CaptureError: If it is missing, damaged, or in no known format.
        """
        self.path = path
        self.data = _read(path)
        head = self.data[:200].lstrip()
        self.hftbacktest = _HFTBACKTEST.match(head) is not None
        if not self.hftbacktest and _CRYPTOFEED.match(head) is None:
            raise CaptureError(f"{path}: not a capture in a known format; known are {KNOWN_FORMATS}")

    def lines(self) -> Iterator[Line]:
        """Yield frames and REST answers in file order."""
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
        return Line(ts_ns, space + 1, end, self._stream(space + 1, end))

    def _cryptofeed_line(self, start: int, end: int) -> Line | None:
        if self.data[start : start + 1].isdigit():
            colon = self.data.find(b": ", start, end)
            ts_ns = self._seconds(start, colon)
            return Line(ts_ns, colon + 2, end, self._stream(colon + 2, end))
        rest = _REST.match(self.data, start, end)
        if rest is None:
            return None
        return Line(self._seconds(*rest.span(2)), rest.end(), end, url=rest[1].decode())

    def _seconds(self, start: int, end: int) -> int:
        match = _SECONDS.fullmatch(self.data, start, end)
        if match is None:
            raise CaptureError(f"{self.path}: byte {start}: no receive time at the start of the line")
        return int(match[1]) * 1_000_000_000 + int((match[2] or b"").ljust(9, b"0"))

    def _stream(self, start: int, end: int) -> bytes:
        if not self.data.startswith(_STREAM_HEAD, start):
            return b""
        start += len(_STREAM_HEAD)
        return self.data[start : self.data.find(b'"', start, end)]


def _read(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except FileNotFoundError:
        raise CaptureError(f"{path}: no such file; give a capture in a known format: {KNOWN_FORMATS}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CaptureError(f"{path}: cannot be read: {error}; known formats are {KNOWN_FORMATS}") from error
