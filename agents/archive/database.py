"""One ClickHouse client: tables, positions, and inserts that happen exactly once.

An insert can end in three ways: done, refused, or nobody knows. The last two are treated alike: what each table holds is
read again before anything is sent again. The same reading, at the start, finds what a crashed archive had inserted after
its last watermark. All calls block; one thread at a time makes them.
"""

import sys
import time
import uuid
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import clickhouse_connect
import numpy as np
from clickhouse_connect.driver.exceptions import ClickHouseError

from agents.archive.batch import Batch, Resume, StreamKey, StreamPosition
from agents.archive.columns import ArchiveTable
from agents.archive.ddl import WATERMARKS
from agents.archive.engine import connect_embedded
from agents.archive.native import Block, Part, block, split_by_day
from agents.archive.retention import wall_ns
from agents.archive.tables import TABLES
from agents.archive.versions import Tell, prepare
from schemas.config import ArchiveConfig, Config
from schemas.errors import ConfigError, TickmeshError, UnavailableError
from schemas.streams import stream_kind

AWAY = (ClickHouseError, OSError)
"""What a client raises when ClickHouse refuses, fails or does not answer."""

INSERT_ROWS_MAX = 500_000
"""Rows in one block: smaller ones cost more merging of parts, larger ones only hold more memory."""

_TABLES = {table.name: table for table in TABLES}
_CONNECT_TIMEOUT_S = 3
_ANSWER_TIMEOUT_S = 10
_IN_FLIGHT_WAIT_S = 30.0
_IN_FLIGHT_POLL_S = 0.2
_COUNT_INTERVAL_S = 10.0  # own inserts are counted meanwhile; asking costs as much as inserting a small block
# One block of the client is one part on disk only if the engine neither gathers nor splits it. The engine's own list of
# blocks seen is written before the part that it stands for: a block of which a crash left only that would be dropped.
_INSERT_SETTINGS = {
    "async_insert": 0,
    "insert_deduplicate": 0,
    "max_insert_threads": 1,
    "input_format_parallel_parsing": 0,
}


class Database:
    """The archive's database, on a server or embedded; made ready by `open`."""

    def __init__(self, name: str, config: Config, streams: Iterable[StreamKey], *, writer: str = "") -> None:
        """Take the archive's `name` and the streams that it follows; `writer` is who inserts, if not the archive itself."""
        archive = config.agents[name]
        assert isinstance(archive, ArchiveConfig)
        self._name = name
        self._writer = writer or name
        self._config = config
        self._archive = archive
        self._streams = [*streams, (name, 0)]
        self._client: Any = None
        self._positions: dict[StreamKey, StreamPosition] = {}
        self._held: dict[str, dict[StreamKey, StreamPosition]] = {}
        self._rows: dict[str, int] = {}
        self._counted_s = 0.0
        self._proven = False
        self._tell = told_on_stderr(self._writer)

    def open(self) -> Resume:
        """Connect, create what is missing, and return what ClickHouse holds.

        Raises:
            SchemaVersionError: If its tables are of a newer version.
            UnavailableError: If ClickHouse does not answer, or the embedded engine's folder is in use.
        """
        try:
            self._client = connect(self._name, self._config)
            self._prove()
            self._count()
        except AWAY as error:
            self.close()
            raise UnavailableError(f"ClickHouse of {self._name} does not answer: {error}") from error
        except TickmeshError:
            self.close()
            raise
        return Resume(positions=dict(self._positions), rows=dict(self._rows))

    def write(self, batch: Batch) -> dict[str, int]:
        """Insert what is not there yet of `batch`, then its watermarks; return the rows of each table.

        May be called again with the same batch after any error.

        Raises:
            ClickHouseError, OSError: If ClickHouse is away; what was inserted is not known.
        """
        if not self._proven:
            self._prove()
        self._proven = False
        for name, rows in batch.tables.items():
            self._insert_rows(_TABLES[name], Part(rows, batch))
        self._insert_watermarks(batch)
        self._proven = True
        self._positions.update(batch.positions)
        self._forget_passed(batch)
        if time.monotonic() - self._counted_s >= _COUNT_INTERVAL_S:
            self._count()
        return dict(self._rows)

    def wall_ns(self) -> int:
        """Return ClickHouse's time of day, Unix time.

        Raises:
            ClickHouseError, OSError: If ClickHouse is away.
        """
        return wall_ns(self._client)

    def rows_of(self, publisher: str) -> int:
        """Return the number of rows of one publisher in all tables.

        Raises:
            ClickHouseError, OSError: If ClickHouse is away.
        """
        counts = " + ".join(
            f"(SELECT count() FROM {self._full(table.name)} WHERE publisher = '{publisher}')" for table in TABLES
        )
        rows: int = self._client.query(f"SELECT {counts}").result_rows[0][0]
        return rows

    def close(self) -> None:
        """Close the client; the embedded engine's folder is free afterwards."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _prove(self) -> None:
        """Find out what every table holds, once nothing of this archive is being inserted any more."""
        prepare(self._client, self._archive.database, self._archive.keep_days, self._tell)
        self._wait_in_flight()
        self._positions = self._read_watermarks()
        self._held = {table.name: self._read_held(table) for table in TABLES}
        self._proven = True

    def _wait_in_flight(self) -> None:
        """Wait until the server has ended each insert that this archive, or an earlier run of it, gave up on."""
        if not self._archive.dsn:
            return
        query = f"SELECT count() FROM system.processes WHERE startsWith(query_id, '{self._query_prefix()}')"
        deadline_s = time.monotonic() + _IN_FLIGHT_WAIT_S
        while self._client.query(query).result_rows[0][0]:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"an insert of {self._name} still runs after {_IN_FLIGHT_WAIT_S:.0f} s")
            time.sleep(_IN_FLIGHT_POLL_S)

    def _read_watermarks(self) -> dict[StreamKey, StreamPosition]:
        query = f"SELECT publisher, stream, max((epoch, seq)) FROM {self._full(WATERMARKS)} GROUP BY publisher, stream"
        return _positions(self._client.query(query).result_rows)

    def _read_held(self, table: ArchiveTable) -> dict[StreamKey, StreamPosition]:
        """Return the highest position of each stream that `table` holds after the stream's watermark."""
        conditions = [
            _after(publisher, stream, *self._positions.get((publisher, stream), (0, 0)))
            for publisher, stream in self._streams
            if stream_kind(stream) in table.kinds
        ]
        if not conditions:
            return {}
        query = (
            f"SELECT publisher, stream, max((epoch, seq)) FROM {self._full(table.name)}"
            f" WHERE {' OR '.join(conditions)} GROUP BY publisher, stream"
        )
        return _positions(self._client.query(query).result_rows)

    def _insert_rows(self, table: ArchiveTable, part: Part) -> None:
        held = self._held.get(table.name)
        if held:
            part = _after_held(part, held)
        for day in split_by_day(table, part):
            for start in range(0, len(day), INSERT_ROWS_MAX):
                chunk = day.part(start, start + INSERT_ROWS_MAX)
                self._insert(table.name, [column.name for column in table.columns], block(table, chunk))
                self._rows[table.name] = self._rows.get(table.name, 0) + len(chunk)

    def _insert(self, table: str, columns: list[str], data: Block) -> None:
        settings: dict[str, Any] = dict(_INSERT_SETTINGS)
        if self._archive.dsn:
            settings["query_id"] = f"{self._query_prefix()}{uuid.uuid4().hex}"
        # The client sends `bytes` again by itself if the connection is cut, which would double what was done already; what
        # it can only read it does not.
        self._client.raw_insert(self._full(table), columns, data, settings=settings, fmt="Native")

    def _insert_watermarks(self, batch: Batch) -> None:
        rows = [
            f"('{publisher}', {stream}, {epoch}, {seq}, fromUnixTimestamp64Nano({batch.wall_ns}, 'UTC'))"
            for (publisher, stream), (epoch, seq) in batch.positions.items()
        ]
        if rows:
            self._client.command(
                f"INSERT INTO {self._full(WATERMARKS)} SETTINGS async_insert = 0 VALUES {', '.join(rows)}"
            )

    def _forget_passed(self, batch: Batch) -> None:
        for held in self._held.values():
            for key in [key for key, position in held.items() if batch.positions.get(key, (0, 0)) >= position]:
                del held[key]

    def _count(self) -> None:
        self._rows = _count(self._client, self._archive.database)
        self._counted_s = time.monotonic()

    def _query_prefix(self) -> str:
        return f"tickmesh-{self._archive.database}-{self._writer}-"

    def _full(self, table: str) -> str:
        return f"{self._archive.database}.{table}"


def archive_name(config: Config, said: str = "") -> str:
    """Return the name of the archive of a configuration.

    Raises:
        ConfigError: If there is none, or several and none was named.
    """
    names = [name for name, agent in config.agents.items() if isinstance(agent, ArchiveConfig)]
    if said in names:
        return said
    if said or len(names) != 1:
        raise ConfigError(f"--archive: found {said!r} (allowed: {', '.join(names) or 'none is defined'})")
    return names[0]


def connect(name: str, config: Config) -> Any:
    """Return a new clickhouse-connect client of the archive `name`: its server, or the engine embedded in this process."""
    archive = config.agents[name]
    assert isinstance(archive, ArchiveConfig)
    if archive.dsn:
        return clickhouse_connect.get_client(
            dsn=archive.dsn,
            connect_timeout=_CONNECT_TIMEOUT_S,
            send_receive_timeout=_ANSWER_TIMEOUT_S,
            query_retries=0,
            autogenerate_session_id=False,
        )
    return connect_embedded(Path(config.mesh.state_dir) / name)


def connect_prepared(name: str, config: Config) -> Any:
    """Return a client as `connect` does, of an archive whose tables are of today's version; what is done to them is told.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away, or another process has the embedded engine open.
        SchemaVersionError: If its tables are of a newer version.
    """
    archive = config.agents[name]
    assert isinstance(archive, ArchiveConfig)
    client = connect(name, config)
    try:
        prepare(client, archive.database, archive.keep_days, told_on_stderr(name))
    except (*AWAY, TickmeshError):
        client.close()
        raise
    return client


def told_on_stderr(name: str) -> Tell:
    """Return what tells a line about the archive `name` on standard error."""

    def tell(text: str) -> None:
        sys.stderr.write(f"tickmesh archive {name}: {text}\n")

    return tell


def counts(config: Config, name: str) -> dict[str, int]:
    """Return the number of rows of each table of the archive `name`, asked of ClickHouse with a client of its own.

    Raises:
        SchemaVersionError: If its tables are of a newer version.
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
    """
    archive = config.agents[name]
    assert isinstance(archive, ArchiveConfig)
    try:
        with closing(connect_prepared(name, config)) as client:
            return _count(client, archive.database)
    except AWAY as error:
        raise UnavailableError(f"ClickHouse of {name} does not answer: {error}") from error


def _count(client: Any, database: str) -> dict[str, int]:
    counted = ", ".join(f"(SELECT count() FROM {database}.{table.name})" for table in TABLES)
    return dict(zip(_TABLES, client.query(f"SELECT {counted}").result_rows[0], strict=True))


def _after(publisher: str, stream: int, epoch: int, seq: int) -> str:
    place = f"epoch >= {epoch} AND (epoch > {epoch} OR seq > {seq})"
    return f"(publisher = '{publisher}' AND stream = {stream} AND {place})"


def _after_held(part: Part, held: dict[StreamKey, StreamPosition]) -> Part:
    """Return the rows that a table does not hold, given the highest positions that it does."""
    passed = np.array([held.get((link.publisher, link.stream), (0, 0)) for link in part.batch.links], np.uint64)
    epochs, seqs = passed[part.numbers("link")].T
    own_epochs, own_seqs = part.numbers("epoch"), part.numbers("seq")
    return part.take(np.flatnonzero((own_epochs > epochs) | ((own_epochs == epochs) & (own_seqs > seqs))))


def _positions(rows: Iterable[tuple[str, int, tuple[int, int]]]) -> dict[StreamKey, StreamPosition]:
    return {(publisher, stream): (epoch, seq) for publisher, stream, (epoch, seq) in rows}
