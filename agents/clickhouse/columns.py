"""What a column of the archive is: its name, its ClickHouse type, where its values come from, how it is compressed.

Codecs follow what a column does: times and counters rise evenly (DoubleDelta), prices move in small steps (Delta), floats
repeat (Gorilla), and ZSTD packs what is left.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.messages import Message

TIME = "DateTime64(9, 'UTC')"
NAME = "LowCardinality(String)"
SIDE = "Enum8('SELL' = -1, 'NONE' = 0, 'BUY' = 1)"
CAUSES = "Array(Tuple(stream UInt32, epoch UInt32, seq UInt64))"
LEVELS = "Array(Int64)"

RISING = "CODEC(DoubleDelta, ZSTD(1))"
STEPPING = "CODEC(Delta, ZSTD(1))"
FLOATING = "CODEC(Gorilla, ZSTD(1))"
PACKED = "CODEC(ZSTD(1))"


class Field(NamedTuple):
    """Values of one field of the messages; `default` for messages that have no such field."""

    name: str
    default: Any = None


class OfHeader(NamedTuple):
    """Values of one field of the frame headers."""

    name: str


class OfLink(NamedTuple):
    """Values that hang on the stream alone."""

    name: str


class OfInstrument(NamedTuple):
    """The symbol of the instrument that the message names, for streams that are about a whole account."""


class Levels(NamedTuple):
    """One half (0 price, 1 quantity) of the packed book levels in a field."""

    name: str
    half: int


class SentTime(NamedTuple):
    """The time of day at which the message was sent, reckoned from the sender's monotonic time."""


class ArchivedTime(NamedTuple):
    """The time of day at which the batch was made up."""


class Derived(NamedTuple):
    """Values that a function makes of each message."""

    function: Callable[[Any], Any]


Source = Field | OfHeader | OfLink | OfInstrument | Levels | SentTime | ArchivedTime | Derived


class Column(NamedTuple):
    """One column: its name, its ClickHouse type, where its values come from, and how it is compressed."""

    name: str
    type: str
    source: Source
    codec: str = PACKED


class Table(NamedTuple):
    """One table. `time` is the column of its partition; `kinds` are the streams whose messages it takes."""

    name: str
    time: str
    order_by: tuple[str, ...]
    kinds: tuple[int, ...]
    columns: tuple[Column, ...]
    messages: tuple[type[Message], ...] = ()
