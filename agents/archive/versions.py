"""The version of the archive's tables: kept in it, looked at before anything is read or written, brought up to today's.

Version 1 are archives of before versions were kept, in whatever shape the first release or one since made them. Each step
to the next is a list of statements any of which may be said again, and its version is written once all of them are done
and every row is converted: a step that was cut off, at whatever point, is done again from its beginning. What a table has
beyond today's columns stays as it is. An archive of a newer version is refused untouched.
"""

import time
from collections.abc import Callable
from typing import Any

from agents.archive.ddl import ONE_FILE, SCHEMA_VERSIONS, added_column, create_statements, retyped_column
from agents.archive.retention import Keep, set_ttl
from agents.archive.tables import TABLES
from schemas.errors import SchemaVersionError, UnavailableError

VERSION = 3
"""What today's tables are. Whoever changes a table raises it, and adds to `_ADDED` or `_RETYPED` what leads there."""

Tell = Callable[[str], None]

_TERMS = ("exec_inst", "lifetime_ms", "take_profit_ticks", "stop_ticks", "replaces")
_BANDS = ("bid_band_down_ppm", "bid_band_up_ppm", "ask_band_down_ppm", "ask_band_up_ppm", "band_minutes")
_ADDED: dict[int, dict[str, tuple[str, ...]]] = {
    2: {
        "feed_states": ("weaker",),
        "instruments": (
            *("qty_step_lots", "price_step_ticks", "contract_size_e8", "fault", "max_notional_e8", "max_position_lots"),
            *(*_BANDS, "min_price_ticks", "max_price_ticks", "max_open_orders"),
        ),
        "signals": _TERMS,
        "decisions": _TERMS,
        "orders": (*_TERMS, "approver", "parent"),
        "reconciliations": ("balances", "ts_ns"),
        "transfers": ("transfer_id",),
        "positions": ("net_qty", "avg_px", "mark_px", "funding_e8"),
        "equity": ("transfers_e8", "opening_e8"),
    },
    3: {
        **dict.fromkeys(
            ("trades", "book_deltas", "book_snapshots", "quotes", "marks", "bars"), ("origin_ns", "send_ns")
        ),
        **dict.fromkeys(
            (
                *("instruments", "venue_clocks", "signals", "decisions", "orders", "fills", "reconciliations"),
                *("transfers", "funding", "positions", "equity", "account_margins", "equity_resets", "inflows"),
                *("trading_states", "breakers", "strategy_states", "reaps"),
            ),
            ("recv_ns", "decided_ns"),
        ),
    },
}
"""By version, the columns that it has and the one before had not."""
_RETYPED: dict[int, tuple[tuple[str, str], ...]] = {2: (("trades", "trade_id"), ("fills", "trade_id"))}
"""By version, the columns that were of another type in the one before."""

_CONVERTING_WAIT_S = 3_600.0
_CONVERTING_POLL_S = 0.2


def found_version(client: Any, database: str) -> int | None:
    """Return the version of an archive's tables; None if there is no archive.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away.
    """
    query = f"SELECT name FROM system.tables WHERE database = '{database}'"
    names = {name for (name,) in client.query(query).result_rows}
    if SCHEMA_VERSIONS in names:
        version: int = client.query(f"SELECT max(version) FROM {database}.{SCHEMA_VERSIONS}").result_rows[0][0]
        return version or 1
    return 1 if names & {table.name for table in TABLES} else None


def prepare(client: Any, database: str, keep: Keep, tell: Tell) -> None:
    """Create what is missing, bring tables of an older version up to today's, and keep rows as long as `keep` says.

    What is done to tables that were there is told in lines of text.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away; what was done holds, and the rest is done the next time.
        SchemaVersionError: If the archive is of a newer version.
        UnavailableError: If rows are being converted, and that takes long.
    """
    found = found_version(client, database)
    if found is not None and found > VERSION:
        raise SchemaVersionError(database, found, VERSION)
    for statement in create_statements(database, keep):
        client.command(statement)
    if found is None:
        _reached(client, database, VERSION)
    else:
        migrate(client, database, found, tell)
    for change in set_ttl(client, database, keep):
        tell(f"{database}.{change}")


def migrate(client: Any, database: str, found: int, tell: Tell) -> None:
    """Take each step from version `found` to today's; every table is there already.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away.
        UnavailableError: If rows are being converted, and that takes long.
    """
    for version in range(found + 1, VERSION + 1):
        statements = statements_to(version, database)
        tell(f"{database}: to schema version {version}: {len(statements)} changes of tables")
        for statement in statements:
            client.command(statement)
        _wait_for_rows(client, database)
        _reached(client, database, version)
        tell(f"{database}: schema version {version} reached")


def statements_to(version: int, database: str) -> list[str]:
    """Return what leads to `version` from the one before; each statement may be said again."""
    statements = []
    if version == 2:
        statements += [f"ALTER TABLE {database}.{table.name} MODIFY SETTING {ONE_FILE}" for table in TABLES]
    for table, column in _RETYPED.get(version, ()):
        statements.append(f"ALTER TABLE {database}.{table} {retyped_column(table, column)}")
    for table, columns in _ADDED[version].items():
        later = frozenset(
            each for number, tables in _ADDED.items() if number > version for each in tables.get(table, ())
        )
        added = ", ".join(added_column(table, column, later) for column in columns)
        statements.append(f"ALTER TABLE {database}.{table} {added}")
    return statements


def _wait_for_rows(client: Any, database: str) -> None:
    """Wait until every row is converted: an engine that was killed goes on with it by itself when it is opened again."""
    query = f"SELECT count() FROM system.mutations WHERE database = '{database}' AND NOT is_done"
    deadline_s = time.monotonic() + _CONVERTING_WAIT_S
    while left := client.query(query).result_rows[0][0]:
        if time.monotonic() > deadline_s:
            raise UnavailableError(f"{database}: {left} tables are still converted after {_CONVERTING_WAIT_S:.0f} s")
        time.sleep(_CONVERTING_POLL_S)


def _reached(client: Any, database: str, version: int) -> None:
    client.command(f"INSERT INTO {database}.{SCHEMA_VERSIONS} (version) SETTINGS async_insert = 0 VALUES ({version})")
