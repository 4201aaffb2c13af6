"""The statements that make the archive's tables, on one server and on a cluster."""

import hashlib

import pytest

from agents.archive.ddl import SHARDING, added_column, create_cluster_statements, create_statements
from agents.archive.tables import TABLES
from agents.archive.versions import VERSION

MADE_BY_VERSION = {3: "5a32c990a9a6d942"}
"""By schema version, what the statements that make its tables come to."""


def test_tables_are_those_of_their_version() -> None:
    """Whoever changes a table raises the version, adds what leads there from the one before, and a line here."""
    made = hashlib.sha256("\n".join(create_statements("mesh")).encode()).hexdigest()[:16]
    assert {VERSION: made} == MADE_BY_VERSION


def test_every_table_is_created_with_its_columns_and_positions() -> None:
    statements = create_statements("mesh")
    assert statements[0] == "CREATE DATABASE IF NOT EXISTS mesh"
    for table in TABLES:
        (statement,) = (
            each for each in statements if each.startswith(f"CREATE TABLE IF NOT EXISTS mesh.{table.name} ")
        )
        assert all(f"    {column.name} {column.type} {column.codec}" in statement for column in table.columns)
        assert "INDEX position (stream, epoch, seq) TYPE minmax" in statement
        assert f"PARTITION BY toYYYYMMDD({table.time}) ORDER BY ({', '.join(table.order_by)})" in statement
        assert "fsync_after_insert = 1" in statement
        assert " TTL " not in statement


def test_rows_that_are_kept_for_some_days_have_a_ttl() -> None:
    trades = next(each for each in create_statements("mesh", {"ticks": 5}) if "mesh.trades " in each)
    assert "seq) TTL toDate(ts_recv_ns) + toIntervalDay(6) SETTINGS fsync" in trades


def test_the_newest_watermark_of_a_stream_stays() -> None:
    (statement,) = (each for each in create_statements("mesh", {"ticks": 5}) if "mesh.watermarks" in each)
    assert "ENGINE = ReplacingMergeTree(seq) ORDER BY (publisher, stream, epoch) SETTINGS" in statement


@pytest.mark.parametrize("shard_by", SHARDING)
def test_on_a_cluster_tables_are_replicated_and_distributed_ones_stand_above(shard_by: str) -> None:
    statements = create_cluster_statements("mesh", "north", {"ticks": 5}, shard_by)
    assert all(" ON CLUSTER north" in statement for statement in statements)
    for table in TABLES:
        (local,) = (each for each in statements if f" mesh.{table.name} ON" in each)
        assert f"ReplicatedMergeTree('/clickhouse/tables/{{shard}}/mesh/{table.name}', '{{replica}}')" in local
        assert "replicated_deduplication_window = 0" in local
        key = SHARDING[shard_by]["venue" not in table.order_by]
        (above,) = (each for each in statements if f" mesh_all.{table.name} ON" in each)
        assert above.endswith(f"AS mesh.{table.name} ENGINE = Distributed(north, mesh, {table.name}, {key})")
    assert sum("Distributed" in each for each in statements) == len(TABLES)


def test_an_order_and_what_it_rests_on_lie_together_by_instrument() -> None:
    way = ("trades", "book_deltas", "quotes", "signals", "decisions", "orders", "fills", "positions")
    above = [each for each in create_cluster_statements("mesh", "north") if "Distributed" in each]
    keys = {each.split(" AS mesh.")[1].split()[0]: each.rpartition("cityHash64")[2] for each in above}
    assert {keys[table] for table in way} == {"(venue, symbol))"}


def test_a_column_is_added_in_its_place_among_those_of_its_version() -> None:
    assert added_column("transfers", "transfer_id", frozenset()) == (
        "ADD COLUMN IF NOT EXISTS transfer_id String CODEC(ZSTD(1)) AFTER text"
    )
    later = frozenset(("recv_ns", "decided_ns"))
    assert added_column("fills", "send_ns", later).endswith(" AFTER origin_ns")
