"""A recorded capture: every frame that a venue sent, in order, to be sent again byte for byte.

The files are kept as bytes; of each frame only its place, receive time and stream are noted (arrays, 21 bytes a frame),
and nothing is decoded until it is played, save once for the price and quantity decimals. REST snapshots are not
frames: the one that joins a symbol's updates becomes its starting book (`agents.paper.market.starting_book`).

Files that lie beside a capture and belong to it are used without being named: cryptofeed's `STEM.http.*` companions,
its recorded exchangeInfo, and the capture of the day before where no snapshot was recorded.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from agents.paper.market.capture_files import KNOWN_FORMATS, CaptureFile, Line
from agents.paper.market.capture_sizes import Sizes, infer_sizes, recorded_sizes
from agents.paper.market.starting_book import BookSeed, RestSnapshot, seed_books
from schemas.errors import CaptureError

SPOT = "binance-spot"
USDM = "binance-usdm"
TICK_KINDS = frozenset({"trade", "aggTrade", "depth", "bookTicker", "markPrice"})
"""Kinds of frames that count as ticks; klines and others are sent but not counted."""

_COINM = re.compile(rb"[a-z0-9]+usd_")
_SYMBOL = re.compile(r"[?&]symbol=([A-Z0-9_]+)")


class Stream(msgspec.Struct, frozen=True):
    """One stream of a capture, such as `btcusdt@depth@100ms`."""

    name: str
    kind: str
    symbol: str

    @classmethod
    def named(cls, name: str) -> "Stream":
        """Return the stream of that name; `kind` is the part after the symbol without interval or speed."""
        symbol, _, rest = name.partition("@")
        return cls(name, re.sub(r"[@_].*", "", rest), symbol.upper())


class CaptureEvent(msgspec.Struct, frozen=True, gc=False):
    """One recorded frame: `frame` is the combined-stream frame exactly as it was received at `ts_ns`."""

    ts_ns: int
    kind: str
    stream: str
    frame: bytes
    symbol: str


class Capture:
    """The frames of one or several files in order of receipt; made by `Capture.open`."""

    def __init__(self, market: str, files: Sequence[CaptureFile], streams: Sequence[Stream]) -> None:
        """Begin an empty capture; `open` fills it."""
        self.market = market
        self.stream_table = tuple(streams)
        self.streams = tuple(stream.name for stream in streams)
        self.symbols = tuple(dict.fromkeys(stream.symbol for stream in streams))
        self.books: dict[str, BookSeed] = {}
        self.snapshots: list[tuple[int, RestSnapshot]] = []
        """REST snapshots with the index of the frame that they precede."""
        self.sizes: dict[str, Sizes] = {}
        self.notes: list[str] = []
        self.tick_count = 0
        self._data = [file.data for file in files]
        self._ts = array("q")
        self._start = array("q")
        self._size = array("i")
        self._file = array("H")
        self._stream = array("H")

    @classmethod
    def open(cls, paths: Sequence[str]) -> "Capture":
        """Read the files, and whatever beside them belongs to them.

        Raises:
            CaptureError: If a file is missing or in no known format, or the files hold no frames of one market.
        """
        if not paths:
            raise CaptureError(f"no capture named; known formats are {KNOWN_FORMATS}")
        files = [CaptureFile(path) for path in _with_companions([Path(path) for path in paths])]
        records = sorted(((i, line) for i, file in enumerate(files) for line in file.lines()), key=lambda r: r[1].ts_ns)
        names = dict.fromkeys(line.stream for _, line in records if line.stream)
        if not names:
            raise CaptureError(f"{paths[0]}: holds no frames; known formats are {KNOWN_FORMATS}")
        capture = cls(_market(files, records), files, [Stream.named(name.decode()) for name in names])
        capture._index(files, records, {name: index for index, name in enumerate(names)})
        capture._complete(files)
        return capture

    @property
    def duration_ns(self) -> int:
        """Return the time from the first frame to the last."""
        return self._ts[-1] - self._ts[0]

    @property
    def tick_size(self) -> dict[str, str]:
        """Return the price unit of each symbol as a decimal string."""
        return {symbol: sizes.tick_size for symbol, sizes in self.sizes.items()}

    @property
    def lot_size(self) -> dict[str, str]:
        """Return the quantity unit of each symbol as a decimal string."""
        return {symbol: sizes.lot_size for symbol, sizes in self.sizes.items()}

    def __len__(self) -> int:
        """Return the number of recorded frames."""
        return len(self._ts)

    def __iter__(self) -> Iterator[CaptureEvent]:
        """Yield the frames in order of receipt."""
        return (self.event(index) for index in range(len(self._ts)))

    def ts_ns(self, index: int) -> int:
        """Return when frame `index` was received, Unix nanoseconds."""
        return self._ts[index]

    def event(self, index: int) -> CaptureEvent:
        """Return frame `index`."""
        stream = self.stream_table[self._stream[index]]
        start = self._start[index]
        frame = self._data[self._file[index]][start : start + self._size[index]]
        return CaptureEvent(self._ts[index], stream.kind, stream.name, frame, stream.symbol)

    def _index(self, files: list[CaptureFile], records: list[tuple[int, Line]], numbers: dict[bytes, int]) -> None:
        ticks = [stream.kind in TICK_KINDS for stream in self.stream_table]
        for file, line in records:
            if line.stream:
                number = numbers[line.stream]
                self._ts.append(line.ts_ns)
                self._start.append(line.start)
                self._size.append(line.end - line.start)
                self._file.append(file)
                self._stream.append(number)
                self.tick_count += ticks[number]
            else:
                self._add_snapshot(files[file], line)

    def _add_snapshot(self, file: CaptureFile, line: Line) -> None:
        if not line.url and len(self.symbols) != 1:
            raise CaptureError(f"{file.path}: byte {line.start}: a REST snapshot that does not say of which symbol")
        named = _SYMBOL.search(line.url)
        if line.url and (named is None or "/depth?" not in line.url):
            return
        symbol = named[1] if named else self.symbols[0]
        snapshot = RestSnapshot.of(symbol, file.data[line.start : line.end], f"{file.path}: byte {line.start}")
        self.snapshots.append((len(self._ts), snapshot))

    def _complete(self, files: list[CaptureFile]) -> None:
        self.sizes = infer_sizes(self, self.snapshots)
        if self.market == USDM:
            for symbol, stated in recorded_sizes([file.path for file in files], self.symbols).items():
                self.sizes[symbol] = self.sizes[symbol].common(stated)
        self.books, notes = seed_books(self, [file.path for file in files], Capture.open)
        self.notes += notes


def _with_companions(paths: list[Path]) -> list[Path]:
    """Add the HTTP companions of cryptofeed's websocket files that were not named."""
    found = list(paths)
    for path in paths:
        stem, ws, _ = path.name.partition(".ws.")
        if ws:
            found += [p for p in sorted(path.parent.glob(f"{stem}.http.*")) if p not in found]
    return found


def _market(files: list[CaptureFile], records: list[tuple[int, Line]]) -> str:
    """Return the market that all streams are of, told by what only one market's frames have."""
    found: dict[str, Path] = {}
    seen: set[tuple[int, bytes]] = set()
    for number, line in records:
        if line.stream and (number, line.stream) not in seen:
            seen.add((number, line.stream))
            file = files[number]
            found.setdefault(_frame_market(file, line), file.path)
    found.pop("", None)
    if len(found) > 1:
        raise CaptureError(f"captures of different markets cannot be played together: {found}")
    return next(iter(found), SPOT)


def _frame_market(file: CaptureFile, line: Line) -> str:
    if _COINM.match(line.stream):
        raise CaptureError(f"{file.path}: COIN-M is not played by the paper venue; known are {KNOWN_FORMATS}")
    frame, kind = file.data[line.start : line.end], Stream.named(line.stream.decode()).kind
    if kind == "depth":
        return USDM if b'"pu":' in frame else SPOT
    if kind == "bookTicker":
        return USDM if b'"e":"bookTicker"' in frame else SPOT
    if kind in ("trade", "aggTrade"):
        return SPOT if b'"M":' in frame else USDM
    return USDM if kind == "markPrice" else ""
