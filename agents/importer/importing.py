"""One file after another into the archive, each in its own format and each row once."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from agents.archive.database import archive_name
from agents.importer.captures import OpenCapture
from agents.importer.delimited import DelimitedReader
from agents.importer.faults import Faults
from agents.importer.formats import CAPTURE, NPZ, PARQUET, Format, format_of
from agents.importer.lines import line_blocks
from agents.importer.npz_files import NpzReading
from agents.importer.sink import ArchiveSink, publisher_of
from agents.importer.targets import Targets
from agents.instruments import InstrumentInfo, InstrumentTable
from schemas.config import Config
from schemas.errors import AlreadyRunningError

LOCK = "import.lock"

Progress = Callable[[int, int, int], None]
"""Hears how far a file is: how much of it is read, how much there is, and the rows so far."""


class ImportOptions(msgspec.Struct, frozen=True):
    """What was said of the files: venue and symbols that they are of, their format, and whether damage is the end."""

    venue: str = ""
    symbols: tuple[str, ...] = ()
    format: str = ""
    strict: bool = False
    archive: str = ""


class ImportedFile(msgspec.Struct, frozen=True):
    """What became of one file: its rows by table, how many of them are new, and what is wrong with it."""

    file: str
    format: str
    publisher: str
    rows: dict[str, int]
    new_rows: int
    damaged: int
    damage: list[str]
    notes: list[str]


def import_files(
    config: Config, paths: Sequence[Path], options: ImportOptions, progress: Callable[[Path], Progress]
) -> Iterator[ImportedFile]:
    """Import files, and yield what became of each; `progress` is asked for one file's at its beginning.

    Raises:
        AlreadyRunningError: If another import into this state folder runs.
        CaptureError: If a file is missing or in no known format.
        ConfigError: If a venue, an instrument or the archive is not in the configuration, or the units do not fit.
        DamagedFileError: If a file is damaged and that is to be the end; what stands before it is in the archive.
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
    """
    name = archive_name(config, options.archive)
    targets = Targets(config, options.venue, options.symbols)
    with _alone(Path(config.mesh.state_dir)):
        for path in paths:
            yield _import_file(config, name, path, targets, options, progress(path))


def _import_file(
    config: Config, archive: str, path: Path, targets: Targets, options: ImportOptions, progress: Progress
) -> ImportedFile:
    faults = Faults(str(path), strict=options.strict)
    found = format_of(path, options.format)
    kind = found.name
    publisher = publisher_of(path)
    if found.name == CAPTURE:
        capture = OpenCapture(path, targets, faults)
        with (
            ArchiveSink(archive, config, publisher, capture.instruments) as sink,
            tempfile.TemporaryDirectory(prefix="tickmesh-import-") as folder,
        ):
            capture.play(config, sink, Path(folder), lambda done, total: progress(done, total, sink.total))
    else:
        with ArchiveSink(archive, config, publisher, list(_instruments(config, options.venue))) as sink:
            kind = _import_rows(path, found, targets, faults, sink, progress, options.format)
    faults.finish()
    return ImportedFile(
        file=str(path),
        format=kind,
        publisher=publisher,
        rows=sink.rows,
        new_rows=sink.new_rows,
        damaged=faults.count,
        damage=faults.named,
        notes=faults.notes,
    )


def _import_rows(
    path: Path, found: Format, targets: Targets, faults: Faults, sink: ArchiveSink, progress: Progress, said: str
) -> str:
    """Import a file that has rows; return its format."""
    if found.name == PARQUET:
        return _import_parquet(path, targets, faults, sink, progress, said)
    if found.name == NPZ:
        events = NpzReading(path, targets, faults)
        for passed, rows in events.rows():
            sink.add(rows)
            progress(passed, events.total, sink.total)
        return found.name
    assert found.layout is not None
    reader = DelimitedReader(found.layout, targets, faults, found.symbol, path.name)
    size, header = path.stat().st_size, found.header
    for block in line_blocks(path, faults):
        sink.add(reader.rows(block.first + header, block.lines[header:]))
        header = 0
        progress(block.read_bytes, size, sink.total)
    sink.add(reader.finish())
    return found.name


def _import_parquet(
    path: Path, targets: Targets, faults: Faults, sink: ArchiveSink, progress: Progress, said: str
) -> str:
    from agents.importer.parquet_files import ParquetReading

    reading = ParquetReading(path, targets, faults, said)
    for passed, found in reading.rows():
        sink.add(found)
        progress(passed, reading.total, sink.total)
    return reading.name


def _instruments(config: Config, venue: str) -> Iterator[InstrumentInfo]:
    return (info for info in InstrumentTable(config).by_id.values() if not venue or info.venue.name == venue)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the right to import into a state folder: two imports of one file at once would bring its rows twice."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(f"{folder}: another import runs; wait for its end") from error
        yield
    finally:
        os.close(lock)
