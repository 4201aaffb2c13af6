"""A recorded capture: every frame that a venue sent, in order, to be sent again byte for byte.

The files are kept as bytes; of each frame only its place, receive time and stream are noted (arrays, 23 bytes a frame),
and nothing is decoded until it is played, save once for the price and quantity decimals. What
frames say is read by their venue's `recorded_venue.RecordedVenue`. REST snapshots are not frames: the one that joins a
symbol's updates becomes its starting book.

Files that lie beside a capture and belong to it are used without being named: cryptofeed's `STEM.http.*` companions,
its recorded exchangeInfo, and the capture of the day before where no snapshot was recorded.
"""

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agents.paper.market.capture_files import KNOWN_FORMATS, CaptureFile, CaptureWatch, Line
from agents.paper.market.capture_sizes import infer_sizes, with_stated, within_e8
from agents.paper.market.recorded_venue import BookSeed, RecordedVenue, RestAnswer, RestSnapshot, Sizes, Stream
from schemas.errors import CaptureError


class CaptureEvent(msgspec.Struct, frozen=True, gc=False):
    """One recorded frame exactly as it was received at `ts_ns`; `ticks` is how many a subscriber of its stream has."""

    ts_ns: int
    kind: str
    stream: str
    frame: bytes
    symbol: str
    ticks: int


class Capture:
    """The frames of one or several files in order of receipt; made by `Capture.open`."""

    def __init__(
        self, venue: RecordedVenue, market: str, files: Sequence[CaptureFile], streams: Sequence[Stream]
    ) -> None:
        """Begin an empty capture; `open` fills it."""
        self.venue = venue
        self.market = market
        self.stream_table = tuple(streams)
        self.streams = tuple(stream.name for stream in streams)
        self.symbols = tuple(dict.fromkeys(stream.symbol for stream in streams))
        self.books: dict[str, BookSeed] = {}
        self.snapshots: list[tuple[int, RestSnapshot]] = []
        """REST snapshots with the index of the frame that they precede."""
        self.sizes: dict[str, Sizes] = {}
        self.stated: dict[str, dict[str, Any]] = {}
        """What recorded listings state of symbols, by the keys of an instrument's table."""
        self.notes: list[str] = []
        self.tick_count = 0
        self._data = [file.data for file in files]
        self._ts = array("q")
        self._start = array("q")
        self._size = array("i")
        self._file = array("H")
        self._stream = array("H")
        self._ticks = array("H")

    @classmethod
    def open(cls, paths: Sequence[str], watch: CaptureWatch | None = None) -> "Capture":
        """Read the files, and whatever beside them belongs to them; what is damaged in them goes to `watch`.

        Raises:
            CaptureError: If a file is missing or in no known format, or the files hold no frames of one market.
        """
        if not paths:
            raise CaptureError(f"no capture named; known formats are {KNOWN_FORMATS}")
        files = [CaptureFile(path, watch) for path in _with_companions([Path(path) for path in paths])]
        records = sorted(((i, line) for i, file in enumerate(files) for line in file.lines()), key=lambda r: r[1].ts_ns)
        names = dict.fromkeys(line.stream for _, line in records if line.stream)
        if not names:
            raise CaptureError(f"{paths[0]}: holds no frames; known formats are {KNOWN_FORMATS}")
        venue, market = _venue_and_market(files, records)
        capture = cls(venue, market, files, [venue.stream(name) for name in names])
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
        return CaptureEvent(self._ts[index], stream.kind, stream.name, frame, stream.symbol, self._ticks[index])

    def _index(self, files: list[CaptureFile], records: list[tuple[int, Line]], numbers: dict[str, int]) -> None:
        for file, line in records:
            if line.beside:
                self._add_whole(files[file], line, numbers[line.stream])
            elif line.stream:
                number = numbers[line.stream]
                self._ts.append(line.ts_ns)
                self._start.append(line.start)
                self._size.append(line.end - line.start)
                self._file.append(file)
                self._stream.append(number)
                frame = files[file].data[line.start : line.end]
                self._ticks.append(self.venue.ticks(self.stream_table[number], frame))
                self.tick_count += self._ticks[-1]
            else:
                self._add_snapshot(files[file], line)

    def _add_snapshot(self, file: CaptureFile, line: Line) -> None:
        if not line.url and len(self.symbols) != 1:
            raise CaptureError(f"{file.path}: byte {line.start}: a REST snapshot that does not say of which symbol")
        snapshot = self.venue.snapshot(_answer(file, line), self.symbols)
        if snapshot is not None:
            self.snapshots.append((len(self._ts), snapshot))

    def _add_whole(self, file: CaptureFile, line: Line, number: int) -> None:
        book = self.venue.book(file.data[line.start : line.end])
        snapshot = RestSnapshot(self.stream_table[number].symbol, book.last_id, book.bids, book.asks)
        self.snapshots.append((len(self._ts), snapshot))

    def _complete(self, files: list[CaptureFile]) -> None:
        self.sizes = infer_sizes(self, self.snapshots, self.venue.amounts)
        paths = [file.path for file in files]
        listings = [*files, *(CaptureFile(path) for path in self.venue.beside(paths))]
        answers = [_answer(file, line) for file in listings for line in file.lines() if line.url]
        self.stated = self.venue.stated(answers, self.symbols)
        for symbol, stated in self.stated.items():
            self.sizes[symbol] = with_stated(self.sizes[symbol], stated)
        too_fine = [symbol for symbol, sizes in self.sizes.items() if not within_e8(sizes)]
        if too_fine:
            self._leave_out(too_fine)
        self.books, notes = self.venue.seeds(self, paths, Capture.open)
        self.notes += notes

    def _leave_out(self, symbols: list[str]) -> None:
        """Let the frames of some symbols be sent again, but be read by nobody."""
        self.notes.append(f"{', '.join(symbols)}: prices or quantities of more than eight decimals")
        self.stream_table = tuple(
            Stream(each.name, "", each.symbol) if each.symbol in symbols else each for each in self.stream_table
        )
        for index, stream in enumerate(self._stream):
            if not self.stream_table[stream].feed:
                self._ticks[index] = 0
        self.tick_count = sum(self._ticks)


def _answer(file: CaptureFile, line: Line) -> RestAnswer:
    return RestAnswer(line.url, file.data[line.start : line.end], f"{file.path}: byte {line.start}")


def _with_companions(paths: list[Path]) -> list[Path]:
    """Add the HTTP companions of cryptofeed's websocket files that were not named."""
    found = list(paths)
    for path in paths:
        stem, ws, _ = path.name.partition(".ws.")
        if ws:
            found += [p for p in sorted(path.parent.glob(f"{stem}.http.*")) if p not in found]
    return found


def _venue_and_market(files: list[CaptureFile], records: list[tuple[int, Line]]) -> tuple[RecordedVenue, str]:
    """Return whose frames these are, and of which of its markets, told by what only one market's frames have."""
    venues = {id(file.venue): file.venue for file in files if file.venue is not None}
    found: dict[str, Path] = {}
    seen: set[tuple[int, str]] = set()
    for number, line in records:
        file = files[number]
        if line.stream and file.venue is not None and (number, line.stream) not in seen:
            seen.add((number, line.stream))
            market = file.venue.market(file.data[line.start : line.end], line.stream)
            found.setdefault(market, file.path)
    found.pop("", None)
    if len(found) > 1 or len(venues) > 1:
        raise CaptureError(f"captures of different markets cannot be played together: {found}")
    (venue,) = venues.values()
    return venue, next(iter(found), venue.markets[0])
