"""Ticks of one instrument out of the archive, as numpy columns in order: what a replay reads.

Columns of numbers are read, each as the plain integer that Native has it as, and trade ids, in a fixed width: decoding
times of day or texts of any length costs more than all the rest. Blocks are small enough to stay in the processor's
cache, for what a client hands on is copied several times on its way, and each column is taken from the client in one
piece that numpy then looks at. ClickHouse reads in the order of its tables (time of the venue, then sequence number),
so nothing is sorted. A thread asks for the next blocks while the last are being worked on; a few wait at most, so
memory is bounded.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from agents.archive.columns import LEVELS, TEXT, TYPECODES, Column
from agents.archive.tables import TABLES, TICK_TABLES

Block = dict[str, NDArray[Any]]
"""Rows by column, all of one length, to be read only; of a column of levels, `name` has them all and `name.ends` where each
row's end."""

BLOCK_ROWS = 32_768
"""Rows that ClickHouse hands over at once, at most; of tables with book levels a 16th of it."""

TEXT_BYTES = 36
"""Width of texts: a UUID's. A longer one would be refused by ClickHouse, which makes them so wide; messages have none."""

_AHEAD = 4
_WAIT_S = 0.1
_LEFT_OUT = ("venue", "symbol", "publisher", "stream", "origin_ns", "send_ns")
_TABLES = {table.name: table for table in TABLES}


def replay_columns(table: str) -> tuple[str, ...]:
    """Return the columns that a replay of `table` needs: all that the message had, and its place in the stream."""
    assert table in (*TICK_TABLES, "book_snapshots"), f"{table} is no table of ticks"
    return tuple(column.name for column in _TABLES[table].columns if column.name not in _LEFT_OUT)


class TickReader:
    """Blocks of one instrument's rows in one table, ordered by (`ts_event_ns`, `seq`); iterate once.

    A context manager: on leaving, the thread that reads ahead has ended.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        table: str,
        venue: str,
        symbol: str,
        *,
        from_ns: int | None = None,
        to_ns: int | None = None,
        columns: tuple[str, ...] = (),
        database: str = "tickmesh",
    ) -> None:
        """Read rows whose `ts_event_ns` is at least `from_ns` and before `to_ns`, if given.

        `connect` returns a clickhouse-connect client for this reader alone, as `database.connect` does; `columns` are
        those of `replay_columns` unless given.
        """
        known = {column.name: column for column in _TABLES[table].columns}
        self._columns = [known[name] for name in columns or replay_columns(table)]
        self._query = _query(f"{database}.{table}", self._columns, from_ns, to_ns)
        self._instrument = {"venue": venue, "symbol": symbol}
        self._connect = connect
        self._blocks: Queue[Block | None] = Queue(_AHEAD)
        self._closing = threading.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tick-reader")
        self._reading: Future[None] | None = None

    def __enter__(self) -> "TickReader":
        self._reading = self._thread.submit(self._run)
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._thread.shutdown()

    def __iter__(self) -> Iterator[Block]:
        """Yield blocks until there are no more.

        Raises:
            ClickHouseError, OSError: If ClickHouse fails.
            EOFError: If its answer ends within a block.
        """
        assert self._reading is not None, "a reader is iterated inside its `with`"
        while (block := self._blocks.get()) is not None:
            yield block
        self._reading.result()

    def _run(self) -> None:
        """Read ahead; whatever ends it, `None` is the last that is handed over."""
        try:
            client = self._connect()
            try:
                self._read(client)
            finally:
                client.close()
        finally:
            self._offer(None)

    def _read(self, client: Any) -> None:
        with client.raw_stream(self._query, parameters=self._instrument, fmt="Native") as stream:
            source = _Source(stream)
            while (found := source.first_varint()) is not None:
                assert found == len(self._columns), f"{found} columns instead of {len(self._columns)}"
                if not self._offer(_block(source, self._columns)):
                    return

    def _offer(self, block: Block | None) -> bool:
        """Hand over a block as soon as there is room; return False if nobody wants it any more."""
        while not self._closing.is_set():
            try:
                self._blocks.put(block, timeout=_WAIT_S)
            except Full:
                continue
            return True
        return False


def joined_rows(client: Any, table: str, columns: list[Column], rest: str, parameters: dict[str, Any]) -> Block:
    """Return the rows of `SELECT columns FROM table WHERE rest` as one block, which is empty if there are none.

    Raises:
        ClickHouseError, OSError: If ClickHouse fails.
        EOFError: If its answer ends within a block.
    """
    query = f"SELECT {', '.join(map(_selected, columns))} FROM {table} WHERE {rest}"
    blocks = []
    with client.raw_stream(query, parameters=parameters, fmt="Native") as stream:
        source = _Source(stream)
        while source.first_varint() is not None:
            blocks.append(_block(source, columns))
    blocks = [block for block in blocks if len(next(iter(block.values())))]
    return blocks[0] if len(blocks) == 1 else _joined(blocks)


def _joined(blocks: list[Block]) -> Block:
    found: Block = {}
    for name in blocks[0] if blocks else ():
        parts = [block[name] for block in blocks]
        if name.endswith(".ends"):
            before = np.cumsum([0, *(int(part[-1]) for part in parts[:-1])]).astype("Q")
            parts = [part + more for part, more in zip(parts, before, strict=True)]
        found[name] = np.concatenate(parts)
    return found


class _Source:
    """A stream of Native blocks, taken piece by piece."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read = stream.read

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes.

        Raises:
            EOFError: If the stream ends before.
        """
        taken = self._read(size)
        while len(taken) < size:
            more = self._read(size - len(taken))
            if not more:
                raise EOFError(f"ClickHouse's answer ended {size - len(taken)} bytes early")
            taken += more
        return taken

    def first_varint(self) -> int | None:
        """Return the number that begins a block, None at the end of the stream."""
        first = self._read(1)
        return self._varint_after(first[0]) if first else None

    def varint(self) -> int:
        return self._varint_after(self.take(1)[0])

    def numbers(self, typecode: str, count: int) -> NDArray[Any]:
        """Return values of one width, each a number or a text."""
        dtype = np.dtype(typecode)
        return np.frombuffer(self.take(count * dtype.itemsize), dtype)

    def _varint_after(self, byte: int) -> int:
        value = byte & 0x7F
        shift = 7
        while byte > 0x7F:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
        return value


def _query(table: str, columns: list[Column], from_ns: int | None, to_ns: int | None) -> str:
    levels = any(column.type == LEVELS for column in columns)
    after = "" if from_ns is None else f" AND ts_event_ns >= fromUnixTimestamp64Nano({from_ns})"
    before = "" if to_ns is None else f" AND ts_event_ns < fromUnixTimestamp64Nano({to_ns})"
    rows = BLOCK_ROWS // 16 if levels else BLOCK_ROWS
    # Without the engine's own buffer before its merge, each block is made once; this reader reads ahead anyway.
    return (
        f"SELECT {', '.join(map(_selected, columns))} FROM {table}"
        f" WHERE venue = %(venue)s AND symbol = %(symbol)s{after}{before}"
        " ORDER BY venue, symbol, ts_event_ns, seq"
        f" SETTINGS max_block_size = {rows}, preferred_block_size_bytes = 0, read_in_order_use_buffering = 0"
    )


def _selected(column: Column) -> str:
    if column.type != TEXT:
        return column.name
    return f"toFixedString({column.name}, {TEXT_BYTES}) AS {column.name}"


def _block(source: _Source, columns: list[Column]) -> Block:
    """Take the rest of a block of the Native format, whose columns are those of the query."""
    count = source.varint()
    block: Block = {}
    for column in columns:
        for _ in ("name", "type"):
            source.take(source.varint())
        if column.type == LEVELS:
            ends = block[f"{column.name}.ends"] = source.numbers("Q", count)
            block[column.name] = source.numbers("q", int(ends[-1]) if count else 0)
        elif column.type == TEXT:
            block[column.name] = source.numbers(f"S{TEXT_BYTES}", count)
        else:
            block[column.name] = source.numbers(TYPECODES[column.type], count)
    return block
