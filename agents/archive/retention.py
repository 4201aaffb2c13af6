"""How long the archive keeps its rows: `keep_days` of the configuration as ClickHouse's TTL.

Rows go by whole days, those of one day together: the tables are partitioned by day, so what has passed is dropped as it
lies, and hardly anything is written anew for it. The day is that of receipt (of sending, for what agents tell): a venue's
own time may be 0. States of a feed go with the rows of its stream, so that no place in a stream is missing between two
that are there. Never gone are `instruments`, `gaps`, `watermarks` and the schema's version: where the archive resumes, and
what a row is in ticks and lots, hang on nothing that goes.

TTL takes rows away as parts are merged, one table after another, so readers leave out by themselves what is due to go.
"""

import re
from collections.abc import Mapping
from typing import Any

from agents.archive.columns import ArchiveTable
from agents.archive.tables import TABLES
from schemas.config import KeptKind
from schemas.streams import Kind

Keep = Mapping[KeptKind, int]
"""Days by kind of rows."""

FEED_STATES = "feed_states"
KIND_OF_TABLE: dict[str, KeptKind] = {
    **dict.fromkeys(("trades", "book_deltas", "book_snapshots", "quotes", "marks", FEED_STATES), "ticks"),
    "bars": "bars",
    **dict.fromkeys(("signals", "decisions", "strategy_states"), "decisions"),
    **dict.fromkeys(("orders", "fills", "reconciliations", "transfers", "funding", "reaps"), "orders"),
    **dict.fromkeys(("positions", "equity", "account_margins", "equity_resets", "inflows"), "accounts"),
    **dict.fromkeys(("venue_clocks", "trading_states", "breakers", "latency"), "agents"),
}
"""The tables whose rows may go. Of `feed_states` those of bars go with the bars."""

_DAY_NS = 86_400 * 10**9
_ENGINE_TTL = re.compile(r" TTL (.*?)(?: SETTINGS .*)?$", re.DOTALL)


def days_kept(table: str, keep: Keep) -> int:
    """Return how many days rows of `table` are kept; 0: for good. Of `feed_states`, those of bars go with the bars."""
    kind = KIND_OF_TABLE.get(table)
    return keep.get(kind, 0) if kind is not None else 0


def ttl_of(table: ArchiveTable, keep: Keep) -> str:
    """Return what stands after TTL in SQL, spelt as ClickHouse spells it; empty if all rows of `table` are for good."""
    days = days_kept(table.name, keep)
    if table.name != FEED_STATES:
        return _goes(table, days) if days else ""
    parts = ((days, "!="), (keep.get("bars", 0), "="))
    return ", ".join(f"{_goes(table, each)} WHERE kind {sign} '{Kind.BAR.name}'" for each, sign in parts if each)


def set_ttl(client: Any, database: str, keep: Keep) -> list[str]:
    """Make each table's TTL what `keep` says, and return what was changed, in words.

    Rows that are too old go within minutes, as the engine comes to them; nobody waits for it.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away.
    """
    query = f"SELECT name, engine_full FROM system.tables WHERE database = '{database}'"
    engines = dict(client.query(query).result_rows)
    changes = []
    for table in TABLES:
        found, wanted = _ttl_in(engines.get(table.name, "")), ttl_of(table, keep)
        if found != wanted:
            client.command(
                f"ALTER TABLE {database}.{table.name} " + (f"MODIFY TTL {wanted}" if wanted else "REMOVE TTL")
            )
            changes.append(f"{table.name}: kept {_told(table.name, keep)}")
    return changes


def wall_ns(client: Any) -> int:
    """Return ClickHouse's time of day, by which rows go, Unix time.

    Raises:
        ClickHouseError, OSError: If ClickHouse is away.
    """
    now_ns: int = client.query("SELECT toUnixTimestamp64Nano(now64(9))").result_rows[0][0]
    return now_ns


def kept_since_ns(table: str, keep: Keep, now_ns: int) -> int:
    """Return from which moment on rows of `table` are kept, Unix time; 0 if all are. `now_ns` is ClickHouse's."""
    days = days_kept(table, keep)
    return max(0, now_ns // _DAY_NS - days) * _DAY_NS if days else 0


def _goes(table: ArchiveTable, days: int) -> str:
    time = table.time if table.time == "ts" else "ts_recv_ns"
    return f"toDate({time}) + toIntervalDay({days + 1})"


def _ttl_in(engine: str) -> str:
    found = _ENGINE_TTL.search(engine)
    return found[1] if found else ""


def _told(table: str, keep: Keep) -> str:
    told = _days(days_kept(table, keep))
    return f"{told}, of bars {_days(keep.get('bars', 0))}" if table == FEED_STATES else told


def _days(count: int) -> str:
    return f"{count} days" if count else "for good"
