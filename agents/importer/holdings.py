"""What the archive holds of the market: by instrument, kind and source, from when to when, and what is missing."""

from collections.abc import Iterable
from contextlib import closing
from typing import Any

import msgspec

from agents.archive.database import AWAY, archive_name, connect_prepared
from agents.archive.retention import kept_since_ns, wall_ns
from agents.archive.row_messages import FEED_STATES, STREAM_TABLES
from schemas.config import ArchiveConfig, Config
from schemas.errors import ConfigError, UnavailableError
from schemas.streams import Kind

KINDS = {Kind(kind).name.lower(): kind for kind in STREAM_TABLES}
"""What is held, by the name that commands have for it."""


class Chosen(msgspec.Struct, frozen=True):
    """What of the archive is meant: all of it where nothing is said. Times are Unix nanoseconds, of receipt."""

    venue: str = ""
    symbol: str = ""
    kind: str = ""
    archive: str = ""
    from_ns: int = 0
    to_ns: int = 2**63 - 1


class Holding(msgspec.Struct, frozen=True):
    """One kind of data of one instrument from one source: an agent, or a file that was imported.

    Times are those of receipt, Unix nanoseconds; `rows` are messages without states of the feed, `missing` the places of
    the stream, from first to last, for which there is none, in `gaps` stretches.
    """

    venue: str
    symbol: str
    kind: str
    source: str
    from_ns: int
    to_ns: int
    rows: int
    gaps: int
    missing: int


def holdings(config: Config, chosen: Chosen) -> list[Holding]:
    """Return what the archive holds of what is `chosen`, by venue, symbol, kind and time.

    Raises:
        ConfigError: If there is no such archive or kind.
        SchemaVersionError: If the archive's tables are of a newer version.
        UnavailableError: If ClickHouse does not answer, or another process has the embedded engine open.
    """
    name = archive_name(config, chosen.archive)
    table = config.agents[name]
    assert isinstance(table, ArchiveConfig)
    kinds = [_kind(chosen.kind)] if chosen.kind else list(STREAM_TABLES)
    try:
        with closing(connect_prepared(name, config)) as client:
            now_ns = wall_ns(client)
            found = [
                each
                for kind in kinds
                for each in _held(client, table.database, kind, _kept(chosen, kind, table, now_ns))
            ]
    except AWAY as error:
        raise UnavailableError(f"ClickHouse of {name} does not answer: {error}") from error
    return sorted(found, key=lambda each: (each.venue, each.symbol, each.kind, each.from_ns, each.source))


def _kept(chosen: Chosen, kind: int, archive: ArchiveConfig, now_ns: int) -> Chosen:
    """Return what of that is kept: rows that are due to go are as good as gone, in whichever table."""
    since_ns = kept_since_ns(STREAM_TABLES[kind][0], archive.keep_days, now_ns)
    return msgspec.structs.replace(chosen, from_ns=max(chosen.from_ns, since_ns))


def _kind(name: str) -> int:
    if name not in KINDS:
        raise ConfigError(f"--kind: {name!r} is not one of {', '.join(KINDS)}")
    return KINDS[name]


def _held(client: Any, database: str, kind: int, chosen: Chosen) -> Iterable[Holding]:
    """Return the holdings of one kind, each of all lives of its source."""
    where = [f"ts_recv_ns >= fromUnixTimestamp64Nano({chosen.from_ns})"]
    where += [f"ts_recv_ns < fromUnixTimestamp64Nano({chosen.to_ns})"]
    where += [f"{name} = %({name})s" for name in ("venue", "symbol") if getattr(chosen, name)]
    of_kind = f" AND kind = '{Kind(kind).name}'"
    # Places are those of all messages of a stream, so the states of its feed belong to them; they are no rows.
    parts = [
        f"SELECT venue, symbol, publisher, stream, epoch, seq, ts_recv_ns, {int(table != FEED_STATES)} AS row"
        f" FROM {database}.{table} WHERE {' AND '.join(where)}{of_kind if table == FEED_STATES else ''}"
        for table in STREAM_TABLES[kind]
    ]
    query = (
        "SELECT venue, symbol, publisher, toUnixTimestamp64Nano(min(begun)), toUnixTimestamp64Nano(max(ended)), sum(rows),"
        " sum(gaps), sum(missing) FROM (SELECT venue, symbol, publisher, stream, epoch, min(ts_recv_ns) AS begun,"
        " max(ts_recv_ns) AS ended, sum(row) AS rows, countIf(step > 1) AS gaps, sumIf(step - 1, step > 1) AS missing"
        " FROM (SELECT *, seq - lagInFrame(seq, 1, seq) OVER (PARTITION BY venue, symbol, publisher, stream, epoch"
        f" ORDER BY seq ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS step FROM ({' UNION ALL '.join(parts)}))"
        " GROUP BY venue, symbol, publisher, stream, epoch) GROUP BY venue, symbol, publisher HAVING sum(rows) > 0"
    )
    parameters = {"venue": chosen.venue, "symbol": chosen.symbol}
    for venue, symbol, source, begun, ended, rows, gaps, missing in client.query(
        query, parameters=parameters
    ).result_rows:
        yield Holding(venue, symbol, Kind(kind).name.lower(), source, begun, ended, rows, gaps, missing)
