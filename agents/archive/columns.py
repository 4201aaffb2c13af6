"""What a column of the archive is: its name, its ClickHouse type, where its values come from, how it is compressed.

Codecs follow what a column does, and let both the recorder and the replay keep up: within a block, times, prices and
quantities differ in few bits (T64 keeps only these), counters rise evenly (Delta), floats repeat (Gorilla), and LZ4 packs
what is left. On trades this is as small as DoubleDelta or Delta with ZSTD, in less time. Text, which is rare,
has ZSTD.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from core.columns import Layout

TIME = "DateTime64(9, 'UTC')"
NAME = "LowCardinality(String)"
SIDE = "Enum8('SELL' = -1, 'NONE' = 0, 'BUY' = 1)"
CAUSES = "Array(Tuple(stream UInt32, epoch UInt32, seq UInt64))"
LEVELS = "Array(Int64)"
TEXT = "String"

TYPECODES = {
    "Int64": "q",
    "UInt64": "Q",
    "Int32": "i",
    "UInt32": "I",
    "UInt8": "B",
    "Bool": "B",
    "Float64": "d",
    TIME: "q",
    SIDE: "b",
}
"""Typecodes of the arrays that hold what types of numbers are in Native."""

RISING = "CODEC(Delta, LZ4)"
NARROW = "CODEC(T64, LZ4)"
FLOATING = "CODEC(Gorilla, LZ4)"
PACKED = "CODEC(ZSTD(1))"


class OfMessage(NamedTuple):
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
    """One half (0 price, 1 quantity) of the packed book levels in a field. A broken level at the end is left out."""

    name: str
    half: int


class SentTime(NamedTuple):
    """The time of day at which the message was sent, reckoned from the sender's monotonic time."""


class ArchivedTime(NamedTuple):
    """The time of day at which the batch was made up."""


class Derived(NamedTuple):
    """Values that a function makes of each message."""

    function: Callable[[Any], Any]


Source = OfMessage | OfHeader | OfLink | OfInstrument | Levels | SentTime | ArchivedTime | Derived


class Column(NamedTuple):
    """One column: its name, its ClickHouse type, where its values come from, and how it is compressed."""

    name: str
    type: str
    source: Source
    codec: str = PACKED


class ArchiveTable(NamedTuple):
    """One table. `time` is the column of its partition; `kinds` are the streams whose messages it takes."""

    name: str
    time: str
    order_by: tuple[str, ...]
    kinds: tuple[int, ...]
    columns: tuple[Column, ...]
    messages: tuple[type[msgspec.Struct], ...] = ()

    def layout(self) -> Layout:
        """Return what has to be kept of each message."""
        numbers: dict[str, tuple[str, Any]] = {}
        levels: list[str] = []
        objects: dict[str, Callable[[Any], Any]] = {}
        for column in self.columns:
            match column.source:
                case OfMessage(name, default) if column.type in TYPECODES:
                    numbers[name] = TYPECODES[column.type], default
                case OfInstrument():
                    numbers["instrument_id"] = "Q", 0
                case Levels(name, 0):
                    levels.append(name)
                case OfMessage(name, None):
                    objects[column.name] = attrgetter(name)
                case OfMessage(name, default):
                    objects[column.name] = _getter(name, default)
                case Derived(function):
                    objects[column.name] = function
        return Layout(self.messages, numbers, levels, objects)


def _getter(name: str, default: Any) -> Callable[[Any], Any]:
    return lambda message: getattr(message, name, default)
