"""What the archive hands to ClickHouse: rows by table, still as the messages that they were.

The agent only keeps what it was given, in order; columns are made of it later, in the thread that inserts. Every row has a
position (publisher, stream, epoch, seq), and within one stream positions only ever rise. That is all that is needed to say
which rows a table holds already: those up to its highest position of that stream.
"""

import msgspec

from core.frame import Header

Position = tuple[int, int]
"""(epoch, seq): a place in one stream."""

StreamKey = tuple[str, int]
"""(publisher, stream)."""


class Link(msgspec.Struct, gc=False):
    """One followed stream: its names in every row, and where it stands.

    `restarts` streams count from 1 in every epoch of their publisher. `local` publishers share this host's monotonic clock.
    `symbols` by instrument number are those of a stream that is about more than one.
    """

    number: int
    publisher: str
    stream: int
    venue: str
    symbol: str
    restarts: bool
    local: bool
    symbols: dict[int, str]
    epoch: int = 0
    seq: int = 0

    def observe(self, epoch: int, seq: int) -> int:
        """Move on to (`epoch`, `seq`); return the sequence number that was due, 0 if that place was passed already."""
        due = self.seq + 1 if epoch == self.epoch or not self.restarts else 1
        if epoch < self.epoch or (epoch == self.epoch and seq < due):
            return 0
        self.epoch = epoch
        self.seq = seq
        return due


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


class Rows:
    """Rows of one table in order of arrival: three lists of equal length."""

    __slots__ = ("headers", "links", "messages")

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.links: list[Link] = []
        self.messages: list[msgspec.Struct] = []

    def __len__(self) -> int:
        return len(self.headers)

    def append(self, link: Link, header: Header, message: msgspec.Struct) -> None:
        """Add one row."""
        self.headers.append(header)
        self.links.append(link)
        self.messages.append(message)

    def part(self, start: int, stop: int) -> "Rows":
        """Return the rows from `start` to before `stop`."""
        rows = Rows()
        rows.headers = self.headers[start:stop]
        rows.links = self.links[start:stop]
        rows.messages = self.messages[start:stop]
        return rows

    def take(self, indices: list[int]) -> "Rows":
        """Return the rows at `indices`, in that order."""
        rows = Rows()
        rows.headers = [self.headers[i] for i in indices]
        rows.links = [self.links[i] for i in indices]
        rows.messages = [self.messages[i] for i in indices]
        return rows


class Batch(msgspec.Struct, frozen=True):
    """Everything to be inserted at once. After it, each stream of `positions` is archived up to the place given there.

    `wall_ns` and `now_ns` are the same moment; with them a sender's monotonic time becomes a time of day.
    """

    number: int
    wall_ns: int
    now_ns: int
    tables: dict[str, Rows]
    positions: dict[StreamKey, Position]


class Resume(msgspec.Struct, frozen=True):
    """What ClickHouse holds when the archive starts: places in streams, and rows by table."""

    positions: dict[StreamKey, Position]
    rows: dict[str, int]
