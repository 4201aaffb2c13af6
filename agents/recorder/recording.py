"""A recording of all venues of a configuration: a file set for each, rotated by size and age, packed beside.

Everything that a turn of the loop has received of one venue is written at once, at the end of that turn. Files are packed
by one thread, one after another, so that receipt never waits for it. If the disk does not take something, the recording
ends (`failed`): what was written ends with a whole line, and a start after room was made goes on.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.recorder.segments import SegmentWriter, left_open, pack
from agents.recorder.venue_recorder import VenueRecorder
from agents.venues.adapters import ADAPTERS
from agents.venues.http_ws import VenueShell
from schemas.config import Config, VenueConfig
from schemas.errors import ConfigError, RecordingError

DEPTH = 1000
"""Levels of each side of a snapshot, where the venue lets that be chosen."""


class RecordingLimits(msgspec.Struct, frozen=True):
    """When a file is full."""

    segment_bytes: int
    segment_s: float


class Recorder:
    """What is recorded, and its files."""

    def __init__(self, folder: Path, venues: Collection[VenueRecorder], limits: RecordingLimits) -> None:
        """Write to `folder`; nothing is opened before `start`."""
        self._files = [VenueFiles(folder, venue, limits, self._pack, self._fail) for venue in venues]
        self._folder = folder
        self._packer = ThreadPoolExecutor(1, "pack")
        self._packing: set[asyncio.Future[Path | None]] = set()
        self.packed = 0
        """Files done since the start."""

    async def start(self) -> None:
        """Finish what an earlier process left, then open files and connections.

        Raises:
            RecordingError: If the disk does not take it.
        """
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            left = [path for files in self._files for path in left_open(self._folder, files.venue.venue.name)]
        except OSError as error:
            raise RecordingError(f"{self._folder}: cannot be used: {error.strerror}") from error
        for path in left:
            self._pack(path)
        for files in self._files:
            await files.start()

    async def stop(self) -> None:
        """Close the connections and the files, and have them packed.

        Raises:
            RecordingError: If the disk does not take it.
        """
        for files in self._files:
            await files.stop()
        if self._packing:
            await asyncio.wait(self._packing)
        self._packer.shutdown()
        if self.failed.done():
            self.failed.result()

    def status(self) -> list[str]:
        """Return a line for each venue."""
        return [files.status() for files in self._files]

    def _pack(self, path: Path) -> None:
        packing = asyncio.get_running_loop().run_in_executor(self._packer, pack, path)
        self._packing.add(packing)
        packing.add_done_callback(self._packed)

    def _packed(self, packing: "asyncio.Future[Path | None]") -> None:
        self._packing.discard(packing)
        try:
            self.packed += packing.result() is not None
        except RecordingError as error:
            self._fail(error)

    def _fail(self, error: RecordingError) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)


class VenueFiles:
    """One venue's open file, and the lines that are to be written to it at the end of this turn of the loop."""

    def __init__(
        self,
        folder: Path,
        venue: VenueRecorder,
        limits: RecordingLimits,
        pack: Callable[[Path], None],
        fail: Callable[[RecordingError], None],
    ) -> None:
        """Hand full files to `pack`, and what the disk does not take to `fail`."""
        self.venue = venue
        self._writer = SegmentWriter(folder, venue.venue.name)
        self._limits = limits
        self._pack = pack
        self._fail = fail
        self._lines: list[bytes] = []
        self._due = False
        self._old: asyncio.TimerHandle | None = None
        self._bytes = 0
        self._filled = 0

    async def start(self) -> None:
        """Open the first file, then the connections."""
        self._loop = asyncio.get_running_loop()
        self._begin()
        await self.venue.start(self.write)

    async def stop(self) -> None:
        """Close the connections, then the file."""
        await self.venue.stop()
        if self._writer.is_open:
            self.flush()
        if self._old is not None:
            self._old.cancel()
        if self._writer.is_open:
            self._pack(self._writer.finish())

    def write(self, line: bytes, fills: bool = True) -> None:
        """Take a line; it is in the file when this turn of the loop ends. What every file begins with does not fill it."""
        self._lines.append(line)
        if fills:
            self._filled += len(line)
        if not self._due:
            self._due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write all lines; go on in another file if this one is full."""
        self._due = False
        lines, self._lines = b"".join(self._lines), []
        if not self._writer.is_open or not lines:
            return
        try:
            self._writer.append(lines)
            self._bytes += len(lines)
            if self._filled >= self._limits.segment_bytes:
                self._rotate()
        except RecordingError as error:
            self._end(error)

    def status(self) -> str:
        """Return how it is, for a person."""
        written = f"{self._bytes / 1e6:.1f} MB"
        return f"{self.venue.venue.name}: {self.venue.status()}, {written}, {self._writer.path.name}"

    def _begin(self) -> None:
        self._filled = 0
        self._writer.begin(time.time_ns())
        self._writer.append(self.venue.opening())
        self._old = self._loop.call_later(self._limits.segment_s, self._on_old)

    def _on_old(self) -> None:
        try:
            self.flush()
            if self._writer.is_open:
                self._rotate()
        except RecordingError as error:
            self._end(error)

    def _rotate(self) -> None:
        if self._old is not None:
            self._old.cancel()
        self._pack(self._writer.finish())
        self._begin()
        self.venue.file_begun()

    def _end(self, error: RecordingError) -> None:
        """Leave the file as it is: nothing goes into it any more, and a later start packs it."""
        if self._writer.is_open:
            self._writer.finish()
        self._lines.clear()
        self._fail(error)


def build(
    config: Config, folder: Path, venues: Collection[str], symbols: Collection[str], limits: RecordingLimits
) -> Recorder:
    """Make the recording of all configured instruments, or of those named, at all venues, or at those named.

    Raises:
        ConfigError: If a name is not configured, nothing is left, or a venue does not have a feed.
    """
    table = InstrumentTable(config)
    for what, named, known in (
        ("venue", venues, set(table.venues)),
        ("instrument", symbols, {symbol for _, symbol in table.by_symbol}),
    ):
        if missing := set(named) - known:
            raise ConfigError(f"--{what}: {sorted(missing)} not in the configuration, which has {sorted(known)}")
    found = []
    for name, venue in table.venues.items():
        instruments = [info for info in table.at_venue(name) if not symbols or info.symbol in symbols]
        if instruments and (not venues or name in venues):
            found.append(_recorder(venue, instruments))
    if not found:
        raise ConfigError(f"nothing to record: no instrument of {sorted(symbols)} at {sorted(venues)}")
    return Recorder(folder, found, limits)


def _recorder(venue: VenueConfig, instruments: list[InstrumentInfo]) -> VenueRecorder:
    adapter = ADAPTERS[venue.kind]
    feeds, signer = adapter.feeds(venue, instruments), adapter.signer(venue, None)
    depth = DEPTH if not feeds.snapshot_depths or DEPTH in feeds.snapshot_depths else max(feeds.snapshot_depths)
    return VenueRecorder(venue, feeds, signer, VenueShell(venue.name, signer, feeds.heartbeat), depth)
