"""What `tickmesh archive` does: tells what an archive is, prints its tables in SQL, migrates, backs up and restores it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agents.archive import backup, versions
from agents.archive.backup import BackupMade
from agents.archive.database import AWAY, connect, connect_prepared
from agents.archive.ddl import SHARDING, create_cluster_statements, create_statements
from agents.archive.retention import days_kept
from agents.archive.tables import TABLES
from schemas.config import ArchiveConfig, Config
from schemas.errors import ConfigError, RecordingError, UnavailableError

NOT_RUN = """\
-- For a cluster: not run on a cluster here; each statement is parsed by ClickHouse's own parser in a test.
-- An archive writes to {database}, to the shard of the server that its dsn names: all that its desk does lies on that
-- shard, so joins by id need no other. Queries over all shards go to {database}_all.
-- Rows that are written through {database}_all are spread by {by}: {why}.
-- A server of a shard may stand in for another once it has its rows: give the archive's user insert_quorum = 'auto'.
-- After an upgrade: start each archive once (or `tickmesh archive migrate`), then run these again."""
_WHY = {
    "instrument": "an order, its signal, decisions, fills and positions, and the ticks that they rest on, have one venue"
    " and symbol, so they lie together; equity, which has none, does not",
    "venue": "all of a venue's instruments and its account lie together, equity of the account too",
    "publisher": "all that one agent said lies together; what two agents said is joined over shards",
}
assert set(_WHY) == set(SHARDING)

Found = TypeVar("Found")


class TableHeld(msgspec.Struct, frozen=True):
    """One table: rows, bytes on disk, first and last day, and how many days rows are kept (0: for good)."""

    name: str
    rows: int
    bytes: int
    first_day: str
    last_day: str
    keep_days: int


class ArchiveHeld(msgspec.Struct, frozen=True):
    """An archive as it is: `version` is 0 if there is none yet, `allowed` the newest that this Tickmesh knows."""

    archive: str
    database: str
    version: int
    allowed: int
    tables: list[TableHeld]


def statements(
    config: Config | None, name: str, cluster: str = "", shard_by: str = "instrument", database: str = ""
) -> str:
    """Return the tables of an archive in SQL, as it makes them itself, or for a cluster."""
    archive = _archive(config, name) if config is not None else ArchiveConfig(id=1, sources=())
    database = database or archive.database
    if not cluster:
        return _text(create_statements(database, archive.keep_days))
    head = NOT_RUN.format(database=database, by=SHARDING[shard_by][0], why=_WHY[shard_by])
    return f"{head}\n{_text(create_cluster_statements(database, cluster, archive.keep_days, shard_by))}"


def look(config: Config, name: str) -> ArchiveHeld:
    """Return what an archive is; nothing of it is changed.

    Raises:
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
    """
    archive = _archive(config, name)

    def run(client: Any) -> ArchiveHeld:
        version = versions.found_version(client, archive.database) or 0
        query = (
            "SELECT table, sum(rows), sum(bytes_on_disk), min(partition), max(partition) FROM system.parts"
            f" WHERE active AND database = '{archive.database}' AND rows > 0 GROUP BY table"
        )
        found: dict[str, tuple[int, int, str, str]] = {
            name: (rows, size, first, last) for name, rows, size, first, last in client.query(query).result_rows
        }
        tables = [
            TableHeld(table.name, *found.get(table.name, (0, 0, "", "")), days_kept(table.name, archive.keep_days))
            for table in TABLES
        ]
        return ArchiveHeld(name, archive.database, version, versions.VERSION, tables)

    return _with(config, name, connect, run)


def migrate(config: Config, name: str) -> None:
    """Bring an archive's tables up to today's version, and its rows' time to what the configuration says; both are told.

    Raises:
        SchemaVersionError: If its tables are of a newer version.
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
    """
    _with(config, name, connect_prepared, lambda client: None)


def back_up(config: Config, name: str, folder: Path) -> BackupMade:
    """Back an archive up to `folder`.

    Raises:
        ConfigError: If there is no archive.
        RecordingError: If the folder is there already.
        UnavailableError: If ClickHouse does not answer or does not write there, or another process has the embedded engine.
    """
    archive = _archive(config, name)
    if not archive.dsn and folder.exists():
        raise RecordingError(f"{folder}: is there already; a backup is written to a folder of its own")
    return _with(config, name, connect, lambda client: backup.back_up(client, archive.database, folder.absolute()))


def restore(config: Config, name: str, folder: Path) -> dict[str, int]:
    """Make an empty archive what the backup in `folder` is, in tables of today; return the rows of its tables.

    Raises:
        ConfigError: If the archive holds anything.
        SchemaVersionError: If the backup is of a newer version.
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open, or no whole backup
            is there.
    """
    archive = _archive(config, name)

    def run(client: Any) -> dict[str, int]:
        backup.restore(client, archive.database, folder.absolute())
        return backup.rows_held(client, archive.database)

    rows = _with(config, name, connect, run)
    migrate(config, name)
    return rows


def _archive(config: Config, name: str) -> ArchiveConfig:
    archive = config.agents.get(name)
    if not isinstance(archive, ArchiveConfig):
        raise ConfigError(f"agents.{name}: is not of the role archive")
    return archive


def _with(config: Config, name: str, open_client: Callable[[str, Config], Any], run: Callable[[Any], Found]) -> Found:
    try:
        with closing(open_client(name, config)) as client:
            return run(client)
    except AWAY as error:
        raise UnavailableError(f"ClickHouse of {name} does not do it: {error}") from error


def _text(found: list[str]) -> str:
    return "".join(f"{statement};\n" for statement in found)
