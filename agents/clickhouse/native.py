"""Rows of one table as one block of ClickHouse's Native format.

One block makes one part, and a part is there or not: that is what makes an insert atomic. The columns are made of the
messages field by field, without a Python loop over the cells where they are numbers. What hangs on the stream alone
(publisher, venue, symbol) is looked up once for each stream and repeated by number.

Format: https://clickhouse.com/docs/interfaces/formats/Native. A number that does not fit its column is stored as the
nearest one that does, so that no message can stop the archive.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.clickhouse.batch import Batch, Link, Rows
from agents.clickhouse.columns import (
    CAUSES,
    LEVELS,
    NAME,
    SIDE,
    TIME,
    ArchivedTime,
    Column,
    Derived,
    Field,
    Levels,
    OfHeader,
    OfInstrument,
    OfLink,
    SentTime,
    Table,
)
from agents.clickhouse.tables import kind_name
from core.frame import FLAG_REPLAY, Header

_NUMBERS = {
    "Int64": "<i8",
    "UInt64": "<u8",
    "Int32": "<i4",
    "UInt32": "<u4",
    "UInt8": "<u1",
    "Bool": "<u1",
    "Float64": "<f8",
    TIME: "<i8",
    SIDE: "<i1",
}
_LEVEL_BYTES = 16
_DAY_NS = 86_400 * 10**9
# Native's LowCardinality: version of the keys, then flags "has own keys, need not be kept" over the width of an index.
_KEYS_VERSION = (1).to_bytes(8, "little")
_KEYS_FLAGS = 1 << 9 | 1 << 10


def block(table: Table, rows: Rows, batch: Batch) -> bytes:
    """Return `rows` as one Native block with the columns of `table`."""
    count = len(rows)
    numbers = np.fromiter(map(attrgetter("number"), rows.links), np.uint32, count)
    present, codes = np.unique(numbers, return_inverse=True)
    by_number = {link.number: link for link in rows.links}
    links = [by_number[number] for number in present.tolist()]
    out = bytearray(_varint(len(table.columns)) + _varint(count))
    for column in table.columns:
        out += _text(column.name)
        out += _text(column.type)
        if isinstance(column.source, OfLink):
            out += _link_column(column.source.name, column.type, links, codes)
        else:
            out += _encode(column, rows, batch)
    return bytes(out)


def split_by_day(table: Table, rows: Rows, batch: Batch) -> list[Rows]:
    """Return `rows` as groups that touch one day's partition each, in an order that keeps every stream's own order."""
    source = next(column.source for column in table.columns if column.name == table.time)
    days = np.asarray(_times(source, rows, batch)) // _DAY_NS
    if days.size == 0 or days.min() == days.max():
        return [rows]
    groups: dict[tuple[int, int], list[int]] = {}
    stands: dict[int, tuple[int, int]] = {}  # link number -> (how often its day changed, its day)
    for index, day in enumerate(days.tolist()):
        number = rows.links[index].number
        changes, last = stands.get(number, (0, day))
        stands[number] = place = (changes + (day != last), day)
        groups.setdefault(place, []).append(index)
    return [rows.take(groups[place]) for place in sorted(groups)]


def _values(column: Column, rows: Rows, batch: Batch) -> Any:
    match column.source:
        case Field(name, None):
            return map(attrgetter(name), rows.messages)
        case Field(name, default):
            return [getattr(message, name, default) for message in rows.messages]
        case OfHeader("flags"):
            return [header.flags & ~FLAG_REPLAY for header in rows.headers]
        case OfHeader(name):
            return map(attrgetter(name), rows.headers)
        case OfInstrument():
            pairs = zip(rows.links, rows.messages, strict=True)
            return [link.symbols.get(getattr(message, "instrument_id", 0), "") for link, message in pairs]
        case Levels(name, half):
            return [_whole(levels) for levels in map(attrgetter(name), rows.messages)], half
        case Derived(function):
            return [function(message) for message in rows.messages]
        case source:
            return _times(source, rows, batch)


def _times(source: Any, rows: Rows, batch: Batch) -> list[int]:
    match source:
        case SentTime():
            return [_sent(header, link, batch) for header, link in zip(rows.headers, rows.links, strict=True)]
        case ArchivedTime():
            return [batch.wall_ns] * len(rows)
        case Field(name, _):
            return list(map(attrgetter(name), rows.messages))
        case _:
            raise AssertionError(f"{source} is not a time")


def _sent(header: Header, link: Link, batch: Batch) -> int:
    """Return the time of day of sending; of another host, or of a time after the batch, only its latest is known."""
    age_ns = batch.now_ns - header.send_ns
    return batch.wall_ns - age_ns if link.local and 0 <= age_ns < batch.wall_ns else batch.wall_ns


def _encode(column: Column, rows: Rows, batch: Batch) -> bytes:
    dtype = _NUMBERS.get(column.type)
    if dtype is None:
        values = _values(column, rows, batch)
        return _ENCODERS[column.type](values if isinstance(values, tuple) else list(values))
    try:
        return np.fromiter(_values(column, rows, batch), np.dtype(dtype), len(rows)).tobytes()
    except OverflowError:
        return _number_column(_values(column, rows, batch), dtype, len(rows))


def _number_column(values: Iterable[int], dtype: str, count: int) -> bytes:
    limits = np.iinfo(dtype)
    low, high = int(limits.min), int(limits.max)
    return np.fromiter((min(max(value, low), high) for value in values), np.dtype(dtype), count).tobytes()


def _link_column(name: str, kind: str, links: list[Link], codes: NDArray[np.intp]) -> bytes:
    values = [kind_name(link.stream) if name == "kind" else getattr(link, name) for link in links]
    if kind in _NUMBERS:
        return np.array(values, _NUMBERS[kind])[codes].tobytes()
    keys = list(dict.fromkeys(values))
    return _low_cardinality(keys, np.array([keys.index(value) for value in values])[codes])


def _name_column(values: Sequence[str]) -> bytes:
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    return _low_cardinality(list(numbers), np.array(codes))


def _low_cardinality(keys: list[str], codes: NDArray[Any]) -> bytes:
    width = next(width for width in range(3) if len(keys) <= 1 << (8 << width))
    head = (_KEYS_FLAGS | width).to_bytes(8, "little") + len(keys).to_bytes(8, "little")
    indices = codes.astype(f"<u{1 << width}")
    return _KEYS_VERSION + head + _text_column(keys) + len(codes).to_bytes(8, "little") + indices.tobytes()


def _text_column(values: Sequence[str]) -> bytes:
    return b"".join(map(_text, values))


def _levels_column(values: tuple[list[bytes], int]) -> bytes:
    packed, half = values
    lengths = np.fromiter(map(len, packed), np.int64, len(packed)) // _LEVEL_BYTES
    return _offsets(lengths) + np.frombuffer(b"".join(packed), "<i8")[half::2].tobytes()


def _causes_column(values: Sequence[Sequence[tuple[int, int, int]]]) -> bytes:
    causes = [cause for row in values for cause in row]
    fields = zip(("<u4", "<u4", "<u8"), range(3), strict=True)
    columns = [_number_column([cause[i] for cause in causes], dtype, len(causes)) for dtype, i in fields]
    return _offsets([len(row) for row in values]) + b"".join(columns)


def _map_column(values: Sequence[dict[str, int]]) -> bytes:
    keys = [key for row in values for key in row]
    amounts = [amount for row in values for amount in row.values()]
    return _offsets([len(row) for row in values]) + _text_column(keys) + _number_column(amounts, "<i8", len(amounts))


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    NAME: _name_column,
    "String": _text_column,
    LEVELS: _levels_column,
    CAUSES: _causes_column,
    "Map(String, Int64)": _map_column,
}


def _offsets(lengths: Any) -> bytes:
    return np.cumsum(lengths, dtype="<u8").tobytes()


def _whole(levels: bytes) -> bytes:
    """Return packed levels without a broken one at the end."""
    return levels if len(levels) % _LEVEL_BYTES == 0 else levels[: -(len(levels) % _LEVEL_BYTES)]


def _text(value: str) -> bytes:
    data = value.encode()
    return _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
