"""What the archive hands to ClickHouse: rows by table, as columns.

Every row has a position (publisher, stream, epoch, seq), and within one stream positions only ever rise. That is all that
is needed to say which rows a table holds already: those up to its highest position of that stream.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from agents.archive.arrivals import Arrivals

StreamPosition = tuple[int, int]
"""(epoch, seq): a place in one stream."""

StreamKey = tuple[str, int]
"""(publisher, stream)."""


class GapRow(msgspec.Struct, frozen=True, gc=False):
    """Messages that the archive can never have: `from_seq` to `to_seq` inclusive, in the epoch of the row."""

    from_seq: int
    to_seq: int


class LatencyRow(msgspec.Struct, frozen=True, gc=False):
    """Latency of one hop over the last interval, in nanoseconds."""

    hop: str
    count: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int


class ColumnRows(Protocol):
    """Rows of one table, column by column: `core.columns.Rows`, or what an importer makes of a file."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def numbers(self, name: str) -> Any:
        """Return the numbers of one field of the messages or of their headers, as an array or something like it."""
        ...

    def levels(self, name: str) -> tuple[Any, Any, Any]:
        """Return packed levels: where each row's end, and the prices and quantities of all of them."""
        ...

    def objects(self, name: str) -> list[Any]:
        """Return the objects of one column."""
        ...


class Batch(msgspec.Struct, frozen=True):
    """Everything to be inserted at once. After it, each stream of `positions` is archived up to the place given there.

    `wall_ns` and `now_ns` are the same moment; with them a sender's monotonic time becomes a time of day. Rows name their
    stream by its place in `links`.
    """

    number: int
    wall_ns: int
    now_ns: int
    links: tuple[Arrivals, ...]
    tables: Mapping[str, ColumnRows]
    positions: dict[StreamKey, StreamPosition]


class Resume(msgspec.Struct, frozen=True):
    """What ClickHouse holds when the archive starts: places in streams, and rows by table."""

    positions: dict[StreamKey, StreamPosition]
    rows: dict[str, int]
