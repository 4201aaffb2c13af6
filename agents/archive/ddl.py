"""The tables of the archive in SQL: for one server or the embedded engine, and for a cluster.

The minmax index over positions lets the archive ask, at its start, what a table holds after a given position without
reading the table. A part is on disk before its insert is answered (`fsync_after_insert`), so a watermark never outlives
what it stands for. The parts of inserts keep all columns in one file: with a file for each, a part waits for the disk
some fifty times instead of a dozen, and a busy disk makes that the most of an insert.
"""

from agents.archive.columns import TIME, ArchiveTable
from agents.archive.tables import TABLES

WATERMARKS = "watermarks"
RETYPED = (("trades", "trade_id"), ("fills", "trade_id"))
"""Columns that were of another type in the first version; a table of then is changed when it is opened, its rows too."""

_TERMS = ("exec_inst", "lifetime_ms", "take_profit_ticks", "stop_ticks", "replaces")
_BANDS = ("bid_band_down_ppm", "bid_band_up_ppm", "ask_band_down_ppm", "ask_band_up_ppm", "band_minutes")
ADDED: dict[str, tuple[str, ...]] = {
    "instruments": (
        *("qty_step_lots", "price_step_ticks", "contract_size_e8", "fault", "max_notional_e8", "max_position_lots"),
        *(*_BANDS, "min_price_ticks", "max_price_ticks", "max_open_orders"),
    ),
    "signals": _TERMS,
    "decisions": _TERMS,
    "orders": (*_TERMS, "approver", "parent"),
    "reconciliations": ("balances",),
    "positions": ("net_qty", "avg_px", "mark_px"),
    "equity": ("transfers_e8", "opening_e8"),
}
"""Columns that the first version did not have: a table of then gets them when it is opened."""

_FSYNC = "fsync_after_insert = 1, fsync_part_directory = 1"
_ONE_FILE = "min_bytes_for_wide_part = 67108864"


def create_statements(database: str) -> list[str]:
    """Return the statements that create the database and every table on one server or in the embedded engine."""
    statements = [f"CREATE DATABASE IF NOT EXISTS {database}"]
    for table in TABLES:
        statements.append(_create(f"{database}.{table.name}", table, "MergeTree", f" SETTINGS {_FSYNC}, {_ONE_FILE}"))
    statements.append(_create_watermarks(f"{database}.{WATERMARKS}", "ReplacingMergeTree(seq)"))
    statements += [_retype(f"{database}.{table}", table, column) for table, column in RETYPED]
    statements += [_extend(f"{database}.{table}", table) for table in ADDED]
    return statements


def create_cluster_statements(database: str, cluster: str) -> list[str]:
    """Return the same for a cluster: each table a Distributed one over replicated shards, split by venue and symbol.

    A block for a Distributed table is split by shard, so one insert is atomic per shard only; an archive on a cluster
    writes to the `_local` tables of one shard.
    """
    on = f" ON CLUSTER {cluster}"
    path = "'/clickhouse/tables/{shard}/" + database
    statements = [f"CREATE DATABASE IF NOT EXISTS {database}{on}"]
    for table in TABLES:
        local = f"{database}.{table.name}_local"
        engine = f"ReplicatedMergeTree({path}/{table.name}', '{{replica}}')"
        key = "cityHash64(venue, symbol)" if "venue" in table.order_by else "cityHash64(publisher)"
        statements.append(_create(local, table, engine, f" SETTINGS {_FSYNC}", on))
        statements.append(
            f"CREATE TABLE IF NOT EXISTS {database}.{table.name}{on} AS {local}"
            f" ENGINE = Distributed({cluster}, {database}, {table.name}_local, {key})"
        )
    engine = f"ReplicatedReplacingMergeTree({path}/{WATERMARKS}', '{{replica}}', seq)"
    statements.append(_create_watermarks(f"{database}.{WATERMARKS}", engine, on))
    for suffix in ("_local", ""):
        statements += [_retype(f"{database}.{table}{suffix}", table, column, on) for table, column in RETYPED]
        statements += [_extend(f"{database}.{table}{suffix}", table, on) for table in ADDED]
    return statements


def _create(name: str, table: ArchiveTable, engine: str, settings: str, on: str = "") -> str:
    columns = [f"    {column.name} {column.type} {column.codec}" for column in table.columns]
    columns.append("    INDEX position (stream, epoch, seq) TYPE minmax GRANULARITY 1")
    return (
        f"CREATE TABLE IF NOT EXISTS {name}{on} (\n" + ",\n".join(columns) + f"\n) ENGINE = {engine}"
        f" PARTITION BY toYYYYMMDD({table.time}) ORDER BY ({', '.join(table.order_by)}){settings}"
    )


def _retype(name: str, table: str, column: str, on: str = "") -> str:
    now = next(each for one in TABLES if one.name == table for each in one.columns if each.name == column)
    return f"ALTER TABLE {name}{on} MODIFY COLUMN {now.name} {now.type} {now.codec}"


def _extend(name: str, table: str, on: str = "") -> str:
    columns = {each.name: each for one in TABLES if one.name == table for each in one.columns}
    added = [columns[column] for column in ADDED[table]]
    return f"ALTER TABLE {name}{on} " + ", ".join(
        f"ADD COLUMN IF NOT EXISTS {each.name} {each.type} {each.codec}" for each in added
    )


def _create_watermarks(name: str, engine: str, on: str = "") -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {name}{on} (publisher String, stream UInt32, epoch UInt32, seq UInt64, ts {TIME})"
        f" ENGINE = {engine} ORDER BY (publisher, stream, epoch) SETTINGS {_FSYNC}"
    )
