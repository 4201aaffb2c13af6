"""What the archive holds of the market, as recordings that a replay takes: the messages of market data, each as it was.

One recording is one stream of one instrument: trades, book, quotes, marks, bars, each with the states of its feed; and the
instrument itself, as it is configured. Messages come by their place in the stream, which is the order of receipt, with
their flags and the time of their receipt. Rows are read by ranges of places (the tables have an index of these), so memory
is bounded by one range of each stream however long the time is, and nothing is sorted that is larger.

Places are counted anew from 1 in one epoch, over all stretches of a stream (`agents.archive.runs`). Where messages are
missing within a stretch, its feed is told to be in a GAP: a book until it comes whole again, others until their next one.
A book whose first message is not whole begins with the book as it was: the last whole one before, and the updates since.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.archive.row_messages import FEED_STATES, STREAM_TABLES, PlacedMessages, merged, read_messages
from agents.archive.runs import DAY_NS, Run, Span, chunks, find_runs, near
from agents.instruments import InstrumentInfo
from core.book import OrderBook
from core.frame import FLAG_SNAPSHOT, FLAG_STALE
from mesh.sim.recording import BlockRecording, Recording
from schemas.messages import BookDelta, BookSnapshot, FeedState
from schemas.streams import Kind, StreamState

NUMBERS_AT_ONCE = 65_536
BOOKS_AT_ONCE = 16_384
"""Places of one stream that are in memory at once."""
FEW = 10_000
"""Of a table with fewer rows than these the places are read first, and then those ranges alone that hold any."""

_NO_UPDATE: BookDelta | BookSnapshot | None = None

Blocks = Iterator[PlacedMessages]


class ArchivedMarket:
    """The market between two moments of receipt, out of one archive, whose `client` is asked while recordings are read."""

    def __init__(self, client: Any, database: str, *, from_ns: int, to_ns: int) -> None:
        """Read what was received from `from_ns` on and before `to_ns`, Unix time.

        `client` is a clickhouse-connect client, as `agents.archive.database.connect` returns it.
        """
        self._client = client
        self._database = database
        self._span = Span(max(0, from_ns), min(to_ns, 2**63 - 1))

    def runs(self, info: InstrumentInfo, kind: int) -> list[Run]:
        """Return the stretches that there are of an instrument's stream of `kind`, in their order."""
        return find_runs(self._client, self._database, kind, _named(info), self._span)

    def recordings(self, instruments: Iterable[InstrumentInfo], *, sender: int) -> list[Recording]:
        """Return a recording for each stream of `instruments` that has messages, as sent by the agent with the id `sender`.

        Each is to be read once. What goes wrong with ClickHouse later is raised by the `step` that needs it.

        Raises:
            ClickHouseError, OSError: If ClickHouse fails.
        """
        found: list[Recording] = []
        for info in instruments:
            streams = {kind: runs for kind in STREAM_TABLES if (runs := self.runs(info, kind))}
            if not streams:
                continue
            begin_ns = min(run.first_ns for runs in streams.values() for run in runs)
            listed = _block([(info.message(), begin_ns, 1, FLAG_SNAPSHOT)])
            found.append(BlockRecording(info.stream(Kind.INSTRUMENT), [listed], sender=sender))
            for kind, runs in streams.items():
                found.append(BlockRecording(info.stream(kind), self._blocks(info, kind, runs), sender=sender))
        return found

    def blocks(self, info: InstrumentInfo, kind: int) -> Blocks:
        """Yield all messages of an instrument's stream of `kind`, as its recording has them."""
        return self._blocks(info, kind, self.runs(info, kind))

    def _blocks(self, info: InstrumentInfo, kind: int, runs: list[Run]) -> Blocks:
        """Yield all messages of a stream, with places that rise by one over all its stretches."""
        passed = 0
        for run in runs:
            for block in self._told(info, kind, run):
                count = len(block.messages)
                yield block._replace(seqs=np.arange(passed + 1, passed + count + 1, dtype=np.uint64))
                passed += count

    def _told(self, info: InstrumentInfo, kind: int, run: Run) -> Blocks:
        """Yield a stretch, a book with what it begins from, and with states of the feed where messages are missing."""
        begun = self._book_before(info, run) if kind == Kind.BOOK else None
        if begun is not None:
            yield begun
        holes = Holes(run.first_seq, kind)
        for block in self._of_run(info, kind, run):
            yield holes.told(block)

    def _of_run(self, info: InstrumentInfo, kind: int, run: Run) -> Blocks:
        """Yield the messages of one stretch."""
        when = near(Span(run.first_ns, run.last_ns + 1))
        few = {table: self._places(info, run, table) for table, rows in run.rows.items() if rows < FEW}
        for first, last in chunks(run.first_seq, run.last_seq, _size(kind)):
            tables = [table for table in run.rows if table not in few or _any_within(few[table], first, last)]
            block = self._read(info, kind, run, tables, first, last, when)
            if block.messages:
                yield block

    def _read(
        self, info: InstrumentInfo, kind: int, run: Run, tables: Iterable[str], first: int, last: int, when: str
    ) -> PlacedMessages:
        parts = []
        for table in tables:
            condition = f"{run.condition} AND seq >= {first} AND seq <= {last}"
            if table != FEED_STATES:
                condition += f" AND {when}"
            parts.append(read_messages(self._client, f"{self._database}.{table}", kind, condition, _named(info)))
        return merged(parts)

    def _places(self, info: InstrumentInfo, run: Run, table: str) -> NDArray[np.uint64]:
        """Return the places of all rows of a stretch in `table`, in order."""
        query = (
            f"SELECT seq FROM {self._database}.{table} WHERE {run.condition} AND seq >= {run.first_seq} ORDER BY seq"
        )
        rows = self._client.query(query, parameters=_named(info)).result_rows
        return np.array([seq for (seq,) in rows], np.uint64)

    def _book_before(self, info: InstrumentInfo, run: Run) -> PlacedMessages | None:
        """Return the whole book as it was before a stretch; None if that begins with one, or none is known."""
        query = (
            f"SELECT max(seq), toUnixTimestamp64Nano(argMax(ts_recv_ns, seq)), max(seq = {run.first_seq})"
            f" FROM {self._database}.book_snapshots"
            f" WHERE {run.condition} AND seq <= {run.first_seq} AND bitAnd(flags, {FLAG_STALE}) = 0 HAVING count() > 0"
        )
        for begin, begin_ns, whole in self._client.query(query, parameters=_named(info)).result_rows:
            if not whole:
                return self._folded(info, run, begin, begin_ns)
        return None

    def _folded(self, info: InstrumentInfo, run: Run, begin: int, begin_ns: int) -> PlacedMessages | None:
        """Return the book that the messages from place `begin` up to a stretch make, None if its feed is not LIVE then."""
        when = near(Span(begin_ns, run.first_ns + DAY_NS))
        book, last, holes = OrderBook(), _NO_UPDATE, Holes(begin, Kind.BOOK)
        for first, end in chunks(begin, run.first_seq - 1, BOOKS_AT_ONCE):
            block = self._read(info, Kind.BOOK, run, STREAM_TABLES[Kind.BOOK], first, end, when)
            block = holes.told(block) if block.messages else block
            for message, flags in zip(block.messages, block.flags.tolist(), strict=True):
                if isinstance(message, FeedState):
                    last = last if message.state == StreamState.LIVE else _NO_UPDATE
                elif flags & FLAG_STALE:
                    continue
                elif isinstance(message, BookSnapshot):
                    book.replace(message.bids, message.asks)
                    last = message
                elif isinstance(message, BookDelta) and last is not None:
                    book.apply(message.bids, message.asks)
                    last = message
        if last is None:
            return None
        whole = BookSnapshot(last.ts_event_ns, last.ts_recv_ns, last.last_update_id, *book.snapshot())
        return _block([(whole, run.first_ns, 1, FLAG_SNAPSHOT)])


class Holes:
    """Finds what is missing in one stretch of a stream, and tells it."""

    def __init__(self, first_seq: int, kind: int) -> None:
        """Begin before the message at place `first_seq`."""
        self._due = first_seq
        self._kind = kind
        self._open = False
        """Whether the book is not whole since messages were missing."""

    def told(self, block: PlacedMessages) -> PlacedMessages:
        """Return the block with the states that followers need where places were passed over; its places are void then."""
        seqs = block.seqs.astype(np.int64)
        missing = np.diff(seqs, prepend=self._due - 1) - 1
        self._due = int(seqs[-1]) + 1
        if not self._open and not missing.any():
            return block
        rows: list[tuple[Any, int, int, int]] = []
        for message, at_ns, flags, count in zip(
            block.messages, block.received_ns.tolist(), block.flags.tolist(), missing.tolist(), strict=True
        ):
            if count:
                rows.append(
                    (FeedState(at_ns, StreamState.GAP, f"{count} messages are not in the archive"), at_ns, 1, 0)
                )
                self._open = True
            ends = self._open and (self._kind != Kind.BOOK or _is_whole(message, flags))
            if ends and self._kind != Kind.BOOK:
                rows.append((FeedState(at_ns, StreamState.LIVE), at_ns, 1, 0))
            rows.append((message, at_ns, 1, flags))
            if ends and self._kind == Kind.BOOK:
                rows.append((FeedState(at_ns, StreamState.LIVE), at_ns, 1, 0))
            self._open = self._open and not ends
        return _block(rows)


def _is_whole(message: Any, flags: int) -> bool:
    return isinstance(message, BookSnapshot) and not flags & FLAG_STALE


def _size(kind: int) -> int:
    return BOOKS_AT_ONCE if kind == Kind.BOOK else NUMBERS_AT_ONCE


def _any_within(places: NDArray[np.uint64], first: int, last: int) -> bool:
    start, end = np.searchsorted(places, np.array([first, last + 1], np.uint64))
    return bool(start < end)


def _block(rows: list[tuple[Any, int, int, int]]) -> PlacedMessages:
    messages, received_ns, seqs, flags = zip(*rows, strict=True)
    return PlacedMessages(
        list(messages), np.array(received_ns, np.int64), np.array(seqs, np.uint64), np.array(flags, np.uint8)
    )


def _named(info: InstrumentInfo) -> dict[str, Any]:
    return {"venue": info.venue.name, "symbol": info.symbol}
