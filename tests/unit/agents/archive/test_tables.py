"""The archive's schema as text: one server and cluster, and a place for every published message."""

import pytest

from agents.archive.ddl import create_cluster_statements, create_statements
from agents.archive.tables import TABLE_OF, TABLES
from agents.archive.versions import statements_to
from schemas.messages import (
    MESSAGE_TYPES,
    Ack,
    BreakerChanged,
    CancelAll,
    CancelOrder,
    Instrument,
    OrdersReaped,
    SubmitOrder,
)

COMMANDS = (SubmitOrder, CancelOrder, CancelAll, Ack)
PUBLISHED = [
    *(message for number, message in MESSAGE_TYPES.items() if number < 60 and message not in COMMANDS),
    *(BreakerChanged, OrdersReaped),
]


@pytest.mark.parametrize("message", PUBLISHED)
def test_every_published_message_has_a_table(message: type) -> None:
    assert message in TABLE_OF


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_row_has_its_position(table) -> None:  # type: ignore[no-untyped-def]
    names = [column.name for column in table.columns]
    assert {"publisher", "stream", "epoch", "seq"} <= set(names)
    assert len(set(names)) == len(names)
    assert set(table.order_by) <= set(names)
    assert table.time in names


def test_ticks_are_ordered_by_instrument_and_time_and_partitioned_by_day() -> None:
    [trades] = [statement for statement in create_statements("tm") if "EXISTS tm.trades " in statement]
    assert "ENGINE = MergeTree PARTITION BY toYYYYMMDD(ts_event_ns)" in trades
    assert "ORDER BY (venue, symbol, ts_event_ns, seq)" in trades
    assert "symbol LowCardinality(String)" in trades
    assert "ts_event_ns DateTime64(9, 'UTC') CODEC(T64, LZ4)" in trades
    assert "price_ticks Int64 CODEC(T64, LZ4)" in trades


def test_columns_that_were_of_another_type_are_changed_on_the_way_to_version_2() -> None:
    changed = "MODIFY COLUMN trade_id String CODEC(ZSTD(1))"
    assert [s for s in statements_to(2, "tm") if "MODIFY COLUMN" in s] == [
        f"ALTER TABLE tm.trades {changed}",
        f"ALTER TABLE tm.fills {changed}",
    ]


def test_columns_that_are_new_are_added_on_the_way_to_a_version() -> None:
    [equity] = [s for s in statements_to(2, "tm") if s.startswith("ALTER TABLE tm.equity ADD")]
    added = "ADD COLUMN IF NOT EXISTS transfers_e8 Int64 CODEC(ZSTD(1)) AFTER peak_equity_e8, ADD"
    assert equity.startswith(f"ALTER TABLE tm.equity {added}")
    assert all("recv_ns" in s or "send_ns" in s for s in statements_to(3, "tm"))


def test_what_the_venue_lists_of_an_instrument_is_archived_whole() -> None:
    [instruments] = [table for table in TABLES if table.name == "instruments"]
    kept = {column.name for column in instruments.columns}
    assert set(Instrument.__struct_fields__) - kept == {"venue_id"}


def test_cluster_has_replicated_shards_behind_distributed_tables() -> None:
    statements = create_cluster_statements("tm", "desk")
    assert all(" ON CLUSTER desk" in statement for statement in statements)
    [local] = [s for s in statements if s.startswith("CREATE TABLE IF NOT EXISTS tm.fills ")]
    assert "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/tm/fills', '{replica}')" in local
    [distributed] = [s for s in statements if s.startswith("CREATE OR REPLACE TABLE tm_all.fills ")]
    assert "AS tm.fills ENGINE = Distributed(desk, tm, fills, cityHash64(venue, symbol))" in distributed
    [watermarks] = [s for s in statements if "tm.watermarks" in s]
    assert "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/tm/watermarks', '{replica}', seq)" in watermarks
