"""How long rows are kept, as ClickHouse's TTL."""

from agents.archive.retention import FEED_STATES, KIND_OF_TABLE, days_kept, kept_since_ns, ttl_of
from agents.archive.row_messages import STREAM_TABLES
from agents.archive.tables import TABLES

TABLE = {table.name: table for table in TABLES}
DAY_NS = 86_400 * 10**9
NOON_NS = 20_000 * DAY_NS + DAY_NS // 2


def test_what_is_never_gone_is_of_no_kind() -> None:
    assert set(TABLE) - set(KIND_OF_TABLE) == {"instruments", "gaps"}
    assert ttl_of(TABLE["instruments"], {"ticks": 1, "agents": 1}) == ""


def test_a_row_goes_when_its_days_have_passed_whole() -> None:
    assert ttl_of(TABLE["trades"], {"ticks": 1}) == "toDate(ts_recv_ns) + toIntervalDay(2)"
    assert kept_since_ns("trades", {"ticks": 1}, NOON_NS) == 19_999 * DAY_NS
    assert (kept_since_ns("trades", {}, NOON_NS), kept_since_ns("trades", {"ticks": 36_500}, NOON_NS)) == (0, 0)


def test_market_data_goes_by_its_receipt_and_all_else_by_its_sending() -> None:
    times = {name: ttl_of(TABLE[name], dict.fromkeys(KIND_OF_TABLE.values(), 3)) for name in KIND_OF_TABLE}
    market = {name for tables in STREAM_TABLES.values() for name in tables}
    assert all(("toDate(ts_recv_ns)" if name in market else "toDate(ts) ") in ttl for name, ttl in times.items())


def test_states_of_a_feed_go_with_the_rows_of_its_stream() -> None:
    states = TABLE[FEED_STATES]
    assert ttl_of(states, {"ticks": 2}) == "toDate(ts_recv_ns) + toIntervalDay(3) WHERE kind != 'BAR'"
    assert ttl_of(states, {"bars": 4}) == "toDate(ts_recv_ns) + toIntervalDay(5) WHERE kind = 'BAR'"
    assert ttl_of(states, {"ticks": 2, "bars": 4}).count("WHERE") == 2
    for tables in STREAM_TABLES.values():
        assert len({days_kept(name, {"ticks": 2, "bars": 4}) for name in tables if name != FEED_STATES}) == 1
