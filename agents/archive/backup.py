"""A backup of the archive by ClickHouse's own BACKUP, consistent while the archive writes, and back by its RESTORE.

Each BACKUP takes the parts that a table has at one moment, and an insert is a part: what it takes of a stream is whole from
the beginning to some place. Watermarks are taken before the rows that they stand for, so they are never ahead of these; an
archive that goes on from a backup finds the rows beyond its watermarks as it does after a crash, and asks the publishers'
logs for what comes after.

A restore is done beside: into `NAME_restoring`, which takes the name of the archive when it is whole. One that was cut
off leaves the archive as it was, and is begun anew the next time.
"""

import time
from pathlib import Path
from typing import Any

import msgspec

from agents.archive.ddl import SCHEMA_VERSIONS, WATERMARKS
from agents.archive.versions import VERSION, found_version
from schemas.errors import ConfigError, SchemaVersionError, UnavailableError

NAME = "archive"
"""What the database is called in a backup, whatever it is called where it lies."""

_DONE = ("BACKUP_CREATED", "RESTORED")
_UNDER_WAY = ("CREATING_BACKUP", "RESTORING")
_POLL_S = 0.05


class BackupMade(msgspec.Struct, frozen=True):
    """A backup: where it lies, the schema version of its tables, and how much it is."""

    folder: str
    version: int
    files: int
    bytes: int


def back_up(client: Any, database: str, folder: Path) -> BackupMade:
    """Write all of the archive to `folder`, which ClickHouse makes; a server's is on the server's host.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away.
        ConfigError: If there is no archive.
        UnavailableError: If ClickHouse does not write there.
    """
    version = found_version(client, database)
    if version is None:
        raise ConfigError(f"{database}: there is no archive to back up")
    rows = f"DATABASE {database} AS {NAME} EXCEPT TABLES {database}.{WATERMARKS}"
    found = [
        _run(client, f"BACKUP {what} TO {_place(folder, part)}")
        for part, what in ((WATERMARKS, f"TABLE {database}.{WATERMARKS} AS {NAME}.{WATERMARKS}"), ("rows", rows))
    ]
    return BackupMade(str(folder), version, sum(files for files, _ in found), sum(size for _, size in found))


def restore(client: Any, database: str, folder: Path) -> None:
    """Make the archive what the backup in `folder` is.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away.
        ConfigError: If the archive holds anything.
        SchemaVersionError: If the backup is of a newer version.
        UnavailableError: If there is no whole backup; the archive is as it was.
    """
    held = rows_held(client, database)
    if held:
        told = ", ".join(f"{table} {rows:,}" for table, rows in held.items())
        raise ConfigError(f"{database}: a backup is restored into an empty archive; found {told} rows")
    beside = f"{database}_restoring"
    client.command(f"DROP DATABASE IF EXISTS {beside} SYNC")
    client.command(f"CREATE DATABASE {beside}")
    _run(client, f"RESTORE TABLE {NAME}.{WATERMARKS} AS {beside}.{WATERMARKS} FROM {_place(folder, WATERMARKS)}")
    _run(client, f"RESTORE DATABASE {NAME} AS {beside} FROM {_place(folder, 'rows')}")
    version = found_version(client, beside)
    if version is not None and version > VERSION:
        client.command(f"DROP DATABASE {beside} SYNC")
        raise SchemaVersionError(str(folder), version, VERSION)
    client.command(f"DROP DATABASE IF EXISTS {database} SYNC")
    client.command(f"RENAME DATABASE {beside} TO {database}")


def rows_held(client: Any, database: str) -> dict[str, int]:
    """Return the rows of each table that has any, but for the schema's version."""
    query = (
        f"SELECT name, total_rows FROM system.tables WHERE database = '{database}' AND total_rows > 0"
        f" AND name != '{SCHEMA_VERSIONS}' ORDER BY name"
    )
    return dict(client.query(query).result_rows)


def _place(folder: Path, part: str) -> str:
    return "File('" + str(folder / part).replace("\\", "\\\\").replace("'", "\\'") + "')"


def _run(client: Any, statement: str) -> tuple[int, int]:
    """Run a BACKUP or RESTORE to its end, however long that is; return its files and bytes.

    Raises:
        UnavailableError: If it failed.
    """
    # The client gives up on an answer after seconds.
    number = client.command(f"{statement} ASYNC")[0]
    query = f"SELECT status, error, num_files, total_size FROM system.backups WHERE id = '{number}'"
    while True:
        status, error, files, size = client.query(query).result_rows[0]
        if status in _DONE:
            return files, size
        if status not in _UNDER_WAY:
            raise UnavailableError(f"{statement}: {status}: {error.partition(', Stack trace')[0]}")
        time.sleep(_POLL_S)
