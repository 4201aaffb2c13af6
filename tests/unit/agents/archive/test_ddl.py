"""The statements that make the archive's tables, on one server and on a cluster."""

from agents.archive.ddl import create_cluster_statements, create_statements
from agents.archive.tables import TABLES


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


def test_the_newest_watermark_of_a_stream_stays() -> None:
    (statement,) = (each for each in create_statements("mesh") if "mesh.watermarks" in each)
    assert "ENGINE = ReplacingMergeTree(seq) ORDER BY (publisher, stream, epoch)" in statement


def test_on_a_cluster_each_table_is_distributed_over_replicated_shards() -> None:
    statements = create_cluster_statements("mesh", "north")
    assert all(" ON CLUSTER north" in statement for statement in statements)
    for table in TABLES:
        (local,) = (each for each in statements if f" mesh.{table.name}_local ON" in each and "CREATE" in each)
        assert f"ReplicatedMergeTree('/clickhouse/tables/{{shard}}/mesh/{table.name}', '{{replica}}')" in local
        key = "cityHash64(venue, symbol)" if "venue" in table.order_by else "cityHash64(publisher)"
        assert any(f"Distributed(north, mesh, {table.name}_local, {key})" in each for each in statements)
