"""Which stretches of one stream the archive holds, and how they follow each other.

A stretch is what one publisher sent in one of its lives (epoch), or what one file brought that was imported. Stretches are
laid end to end in the order in which they begin. Where one begins before another has ended, the earlier goes on to its end
and the later takes over from there: the same trade, recorded twice, is handed out once.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from agents.archive.row_messages import FEED_STATES, STREAM_TABLES
from schemas.streams import Kind

DAY_NS = 86_400 * 10**9
"""How far the venue's time of a message may be from the time of its receipt: rows are looked for by the former too."""


class Span(NamedTuple):
    """A time of receipt: from `from_ns` on and before `to_ns`, Unix time."""

    from_ns: int
    to_ns: int


class Run(NamedTuple):
    """A stretch of one stream: rows of one publisher and epoch, from one place to another, both inclusive."""

    publisher: str
    stream: int
    epoch: int
    first_seq: int
    last_seq: int
    first_ns: int
    last_ns: int
    rows: dict[str, int]
    """By table, those that have any."""

    @property
    def condition(self) -> str:
        """What holds of its rows, in SQL; the names are parameters of `parameters`."""
        return f"venue = %(venue)s AND symbol = %(symbol)s AND {self.own}"

    @property
    def own(self) -> str:
        """What tells its rows from those of other publishers and epochs."""
        return f"publisher = '{self.publisher}' AND stream = {self.stream} AND epoch = {self.epoch}"


def received(table: str, span: Span) -> str:
    """Return what holds of the rows of `table` that were received in `span`, in SQL."""
    found = _between("ts_recv_ns", span.from_ns, span.to_ns)
    return found if table == FEED_STATES else f"{found} AND {near(span)}"


def near(span: Span) -> str:
    """Return what holds of the venue's time of whatever was received in `span`: it keeps other days from being read.

    A message to which its venue gives no time has 0.
    """
    close = _between("ts_event_ns", max(0, span.from_ns - DAY_NS), min(2**63 - 1, span.to_ns + DAY_NS))
    return f"(ts_event_ns = fromUnixTimestamp64Nano(0) OR ({close}))"


def find_runs(client: Any, database: str, kind: int, parameters: dict[str, Any], span: Span) -> list[Run]:
    """Return the stretches of an instrument's stream of `kind` in `span`, in their order, none before the last has ended.

    `parameters` are `venue` and `symbol`. A stretch that is all within another is left out, and so are states of a feed of
    which there is nothing else.
    """
    whole: dict[tuple[str, int, int], Run] = {}
    for table in STREAM_TABLES[kind]:
        of_kind = f" AND kind = '{Kind(kind).name}'" if table == FEED_STATES else ""
        query = (
            "SELECT publisher, stream, epoch, min(seq), max(seq), toUnixTimestamp64Nano(min(ts_recv_ns)),"
            f" toUnixTimestamp64Nano(max(ts_recv_ns)), count() FROM {database}.{table} WHERE venue = %(venue)s"
            f" AND symbol = %(symbol)s AND {received(table, span)}{of_kind} GROUP BY publisher, stream, epoch"
        )
        for row in client.query(query, parameters=parameters).result_rows:
            publisher, stream, epoch, first_seq, last_seq, first_ns, last_ns, rows = row
            found = Run(publisher, stream, epoch, first_seq, last_seq, first_ns, last_ns, {table: rows})
            before = whole.get(found[:3])
            if before is None and table == FEED_STATES:
                continue
            whole[found[:3]] = found if before is None else _both(before, found)
    runs: list[Run] = []
    for run in sorted(whole.values(), key=lambda each: (each.first_ns, each.publisher, each.epoch)):
        after = _after(client, database, kind, parameters, span, run, runs[-1].last_ns if runs else -1)
        if after is not None:
            runs.append(after)
    return runs


def _after(
    client: Any, database: str, kind: int, parameters: dict[str, Any], span: Span, run: Run, end_ns: int
) -> Run | None:
    """Return what of `run` was received after `end_ns`, None if nothing was."""
    if run.first_ns > end_ns:
        return run
    if run.last_ns <= end_ns:
        return None
    span = Span(end_ns + 1, span.to_ns)
    found: list[tuple[int, int]] = []
    for table in STREAM_TABLES[kind]:
        query = (
            f"SELECT min(seq), toUnixTimestamp64Nano(min(ts_recv_ns)) FROM {database}.{table}"
            f" WHERE {run.condition} AND {received(table, span)} HAVING count() > 0"
        )
        found += client.query(query, parameters=parameters).result_rows
    first_seq, first_ns = (min(each) for each in zip(*found, strict=True))
    return run._replace(first_seq=first_seq, first_ns=first_ns)


def _both(one: Run, other: Run) -> Run:
    """Return two stretches of one publisher and epoch as one."""
    return one._replace(
        first_seq=min(one.first_seq, other.first_seq),
        last_seq=max(one.last_seq, other.last_seq),
        first_ns=min(one.first_ns, other.first_ns),
        last_ns=max(one.last_ns, other.last_ns),
        rows=one.rows | other.rows,
    )


def chunks(first_seq: int, last_seq: int, size: int) -> Iterable[tuple[int, int]]:
    """Yield places from `first_seq` to `last_seq` in pieces of `size`, both ends of each inclusive."""
    for start in range(first_seq, last_seq + 1, size):
        yield start, min(start + size - 1, last_seq)


def _between(column: str, from_ns: int, to_ns: int) -> str:
    return f"{column} >= fromUnixTimestamp64Nano({from_ns}) AND {column} < fromUnixTimestamp64Nano({to_ns})"
