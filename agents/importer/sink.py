"""Where what is imported goes: the archive's tables, each row once, whatever becomes of the process.

The rows of a file are those of a publisher of its own, which is called after what the file holds (`import:` and a part of
its SHA-256), and are numbered from 1 in each stream, so that a row has the same place however often the file is read. Which
rows are in a table already is asked of the table; whatever follows is inserted, as the archive does after a crash
(`agents.archive.database`). No watermark is written: a file is read from its beginning again, which costs time alone.
"""

import hashlib
from pathlib import Path

import numpy as np

from agents.archive.arrivals import Arrivals
from agents.archive.batch import Batch, ColumnRows, StreamKey
from agents.archive.database import AWAY, Database
from agents.archive.retention import days_kept, kept_since_ns
from agents.archive.tables import TABLES
from agents.importer.rows import Numbers, PlacedRows, RowSet, TableRows
from agents.instruments import InstrumentInfo
from core.columns import Rows
from core.frame import Header
from schemas.config import ArchiveConfig, Config
from schemas.errors import CaptureError, ConfigError, DamagedFileError, UnavailableError
from schemas.messages import Message
from schemas.streams import Kind, stream_id

FLUSH_ROWS = 250_000
FLUSH_BYTES = 64 << 20
"""Rows, or bytes of book levels, that are inserted at once."""
PREFIX = "import:"
INT64_MAX = 2**63 - 1
KINDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK, Kind.BAR, Kind.INSTRUMENT)

_LAYOUTS = {table.name: table.layout() for table in TABLES}
_TABLE_OF = {message: table.name for table in TABLES for message in table.messages}


def publisher_of(path: Path) -> str:
    """Return the name of the publisher of a file's rows.

    Raises:
        CaptureError: If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return PREFIX + hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read: {error.strerror}") from error


class ArchiveSink:
    """The archive `name` while one file is imported; a context manager, after which everything is in it."""

    def __init__(self, name: str, config: Config, publisher: str, instruments: list[InstrumentInfo]) -> None:
        """Take rows of `instruments` alone."""
        self._publisher = publisher
        self._links: list[Arrivals] = []
        self._numbers: dict[int, int] = {}
        for info in instruments:
            for kind in KINDS:
                stream = stream_id(kind, info.venue.id, info.id)
                self._numbers[stream] = len(self._links)
                self._links.append(
                    Arrivals(len(self._links), publisher, stream, info.venue.name, info.symbol, False, False, {})
                )
        self._database = Database(name, config, _keys(self._links), writer=f"import-{name}")
        archive = config.agents[name]
        assert isinstance(archive, ArchiveConfig)
        self._name, self._keep = name, archive.keep_days
        self._since_ns: dict[str, int] = {}
        self._listed: set[int] = set()
        self._messages: dict[str, Rows] = {}
        self._sets: dict[str, list[PlacedRows]] = {}
        self._waiting = self._level_bytes = self._batches = 0
        self._wall_ns = self._before = 0
        self.rows: dict[str, int] = {}
        """Rows by table that the file has brought so far, in the archive before or not."""
        self.new_rows = 0
        """How many of those inserted were not in the archive before."""

    def __enter__(self) -> "ArchiveSink":
        """Open the archive.

        Raises:
            SchemaVersionError: If its tables are of a newer version.
            UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
        """
        self._database.open()
        now_ns = self._database.wall_ns()
        self._since_ns = {table.name: kept_since_ns(table.name, self._keep, now_ns) for table in TABLES}
        self._before = self._database.rows_of(self._publisher)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if kind is None or issubclass(kind, DamagedFileError):
                self.flush()
                self.new_rows = self._database.rows_of(self._publisher) - self._before
        finally:
            self._database.close()

    @property
    def total(self) -> int:
        """How many rows the file has brought so far."""
        return sum(self.rows.values())

    def list_instrument(self, info: InstrumentInfo, wall_ns: int) -> None:
        """Add what is configured of an instrument, once; `wall_ns` is when the file begins if it is the first."""
        if info.id not in self._listed:
            self._listed.add(info.id)
            self._wall_ns = self._wall_ns or wall_ns
            self.add_message(info.stream(Kind.INSTRUMENT), info.message(), 1, 0)

    def add_message(self, stream: int, message: Message, seq: int, flags: int) -> None:
        """Take a message at a place of its stream, above that of the one before.

        Raises:
            ConfigError: If the archive keeps no message of that time.
        """
        number = self._numbers[stream]
        table = _TABLE_OF[type(message)]
        self._check_kept(table, getattr(message, "ts_recv_ns", INT64_MAX))
        rows = self._messages.get(table)
        if rows is None:
            rows = self._messages[table] = Rows(_LAYOUTS[table])
        header = Header(stream=stream, type=0, sender=0, epoch=1, seq=seq, flags=flags)
        self._level_bytes += rows.append(number, header, message)
        self._took(table, 1)
        self._flush_full()

    def add(self, found: list[RowSet]) -> None:
        """Take what was read together, and number it in the order of each stream.

        Raises:
            ConfigError: If the archive keeps no rows of that time.
        """
        by_stream: dict[int, list[RowSet]] = {}
        for rows in found:
            if len(rows):
                if self._since_ns[rows.table]:
                    self._check_kept(rows.table, int(np.asarray(rows.columns["ts_recv_ns"]).min()))
                by_stream.setdefault(rows.info.stream(rows.kind), []).append(rows)
        for stream, sets in by_stream.items():
            link = self._links[self._numbers[stream]]
            for rows, seqs in zip(sets, _places(sets, link.seq), strict=True):
                self.list_instrument(rows.info, int(np.asarray(rows.columns["ts_recv_ns"])[0]))
                self._sets.setdefault(rows.table, []).append(PlacedRows(rows, link.number, seqs))
                self._level_bytes += sum(16 * len(side.prices) for side in rows.levels.values())
                self._took(rows.table, len(rows))
                link.seq += len(rows)
        self._flush_full()

    def flush(self) -> None:
        """Insert what waits.

        Raises:
            UnavailableError: If ClickHouse does not take it; what it has taken is found when the file is imported again.
        """
        tables: dict[str, ColumnRows] = dict(self._messages)
        for name, parts in self._sets.items():
            tables[name] = TableRows(name, parts)
        self._messages, self._sets = {}, {}
        self._waiting = self._level_bytes = 0
        self._batches += 1
        batch = Batch(self._batches, self._wall_ns, 0, tuple(self._links), tables, {})
        try:
            self._database.write(batch)
        except AWAY as error:
            raise UnavailableError(f"ClickHouse took no more: {error}; import again to go on") from error

    def _check_kept(self, table: str, ts_recv_ns: int) -> None:
        """Refuse a row that would go at once: each import of its file would bring it anew."""
        if ts_recv_ns < self._since_ns[table]:
            day = np.datetime64(ts_recv_ns, "ns").astype("M8[D]")
            raise ConfigError(
                f"agents.{self._name}.keep_days: {table} are kept {days_kept(table, self._keep)} days; found {day}; import "
                "into an archive that keeps them"
            )

    def _took(self, table: str, count: int) -> None:
        self.rows[table] = self.rows.get(table, 0) + count
        self._waiting += count

    def _flush_full(self) -> None:
        if self._waiting >= FLUSH_ROWS or self._level_bytes >= FLUSH_BYTES:
            self.flush()


def _places(sets: list[RowSet], passed: int) -> list[Numbers]:
    """Return the places of the rows of each set, by the order of all, after the `passed` ones before."""
    if len(sets) == 1:
        return [np.arange(passed + 1, passed + len(sets[0]) + 1, dtype=np.uint64)]
    order = np.concatenate([rows.order for rows in sets])
    places = np.empty(len(order), np.uint64)
    places[np.argsort(order, kind="stable")] = np.arange(passed + 1, passed + len(order) + 1, dtype=np.uint64)
    return np.split(places, np.cumsum([len(rows) for rows in sets])[:-1])


def _keys(links: list[Arrivals]) -> list[StreamKey]:
    return [(link.publisher, link.stream) for link in links]
