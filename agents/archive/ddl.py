"""The tables of the archive in SQL: for one server or the embedded engine, and for a cluster.

The minmax index over positions lets the archive ask, at its start, what a table holds after a given position without
reading the table. A part is on disk before its insert is answered (`fsync_after_insert`), so a watermark never outlives
what it stands for. The parts of inserts keep all columns in one file: with a file for each, a part waits for the disk
some fifty times instead of a dozen, and a busy disk makes that the most of an insert.

On a cluster the tables of that same database are replicated ones, so an archive writes to its shard as it writes to one
server, each insert whole or not at all; a second database, `NAME_all`, has a Distributed table above each, to read all
shards. A block for a Distributed table is cut by shard, and whole per shard only: nothing exact is written through it.
"""

from agents.archive.columns import TIME, ArchiveTable, Column
from agents.archive.retention import Keep, ttl_of
from agents.archive.tables import TABLES

WATERMARKS = "watermarks"
SCHEMA_VERSIONS = "schema_versions"

SHARDING = {
    "instrument": ("cityHash64(venue, symbol)", "cityHash64(publisher)"),
    "venue": ("cityHash64(venue)", "cityHash64(publisher)"),
    "publisher": ("cityHash64(publisher)", "cityHash64(publisher)"),
}
"""By what rows are spread over shards: the key of tables with a venue and a symbol, and of those without."""

_FSYNC = "fsync_after_insert = 1, fsync_part_directory = 1"
ONE_FILE = "min_bytes_for_wide_part = 67108864"
_NO_DEDUPLICATION = "replicated_deduplication_window = 0"


def create_statements(database: str, keep: Keep | None = None) -> list[str]:
    """Return the statements that create the database and every table on one server or in the embedded engine.

    `keep` is how many days rows of each kind are kept.
    """
    statements = [f"CREATE DATABASE IF NOT EXISTS {database}"]
    statements.append(_create_versions(database, "MergeTree", _FSYNC))
    for table in TABLES:
        statements.append(_create(database, table, "MergeTree", f"{_FSYNC}, {ONE_FILE}", keep or {}))
    statements.append(_create_watermarks(database, "ReplacingMergeTree(seq)", _FSYNC))
    return statements


def create_cluster_statements(
    database: str, cluster: str, keep: Keep | None = None, shard_by: str = "instrument"
) -> list[str]:
    """Return the same for a cluster: replicated tables, and a database `NAME_all` with a Distributed one above each.

    `shard_by` is a key of `SHARDING`. Said again after an upgrade, they bring the Distributed tables up to date, which
    hold nothing themselves.
    """
    on = f" ON CLUSTER {cluster}"
    above = f"{database}_all"
    settings = f"{_FSYNC}, {_NO_DEDUPLICATION}"

    def engine(name: str, kind: str = "MergeTree", more: str = "") -> str:
        return f"Replicated{kind}('/clickhouse/tables/{{shard}}/{database}/{name}', '{{replica}}'{more})"

    statements = [f"CREATE DATABASE IF NOT EXISTS {database}{on}", f"CREATE DATABASE IF NOT EXISTS {above}{on}"]
    statements.append(_create_versions(database, engine(SCHEMA_VERSIONS), settings, on))
    statements += [
        _create(database, table, engine(table.name), f"{settings}, {ONE_FILE}", keep or {}, on) for table in TABLES
    ]
    statements.append(
        _create_watermarks(database, engine(WATERMARKS, "ReplacingMergeTree", ", seq"), settings, on),
    )
    with_instrument, without = SHARDING[shard_by]
    for table in TABLES:
        key = with_instrument if "venue" in table.order_by else without
        statements.append(
            f"CREATE OR REPLACE TABLE {above}.{table.name}{on} AS {database}.{table.name}"
            f" ENGINE = Distributed({cluster}, {database}, {table.name}, {key})"
        )
    return statements


def added_column(table: str, column: str, later: frozenset[str]) -> str:
    """Return what adds a column to a table that lacks it, in its place among those that are not added `later`."""
    columns = next(each for each in TABLES if each.name == table).columns
    place = [each.name for each in columns].index(column)
    before = next((each.name for each in reversed(columns[:place]) if each.name not in later), "")
    return f"ADD COLUMN IF NOT EXISTS {_column(columns[place])}" + (f" AFTER {before}" if before else " FIRST")


def retyped_column(table: str, column: str) -> str:
    """Return what gives a column the type that it has today; rows are converted."""
    columns = next(each for each in TABLES if each.name == table).columns
    return f"MODIFY COLUMN {_column(next(each for each in columns if each.name == column))}"


def _column(column: Column) -> str:
    return f"{column.name} {column.type} {column.codec}"


def _create(database: str, table: ArchiveTable, engine: str, settings: str, keep: Keep, on: str = "") -> str:
    columns = [f"    {_column(column)}" for column in table.columns]
    columns.append("    INDEX position (stream, epoch, seq) TYPE minmax GRANULARITY 1")
    ttl = ttl_of(table, keep)
    return (
        f"CREATE TABLE IF NOT EXISTS {database}.{table.name}{on} (\n" + ",\n".join(columns) + f"\n) ENGINE = {engine}"
        f" PARTITION BY toYYYYMMDD({table.time}) ORDER BY ({', '.join(table.order_by)})"
        + (f" TTL {ttl}" if ttl else "")
        + f" SETTINGS {settings}"
    )


def _create_watermarks(database: str, engine: str, settings: str, on: str = "") -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {database}.{WATERMARKS}{on}"
        f" (publisher String, stream UInt32, epoch UInt32, seq UInt64, ts {TIME})"
        f" ENGINE = {engine} ORDER BY (publisher, stream, epoch) SETTINGS {settings}"
    )


def _create_versions(database: str, engine: str, settings: str, on: str = "") -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {database}.{SCHEMA_VERSIONS}{on}"
        f" (version UInt32, since DateTime64(3, 'UTC') DEFAULT now64(3))"
        f" ENGINE = {engine} ORDER BY version SETTINGS {settings}"
    )
