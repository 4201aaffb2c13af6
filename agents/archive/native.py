"""Rows of one table as one block of ClickHouse's Native format.

One block makes one part, and a part is there or not: that is what makes an insert atomic. Numbers and book levels lie in
arrays already, in the form that Native has them, and go from there to whoever reads the block. What hangs on the stream
alone (publisher, venue, symbol) is looked up once for each stream and repeated by number.

Format: https://clickhouse.com/docs/interfaces/formats/Native. A number that does not fit its column is stored as the
nearest one that does, so that no message can stop the archive.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.archive.arrivals import Arrivals
from agents.archive.batch import Batch, ColumnRows
from agents.archive.columns import (
    CAUSES,
    NAME,
    TYPECODES,
    ArchivedTime,
    ArchiveTable,
    Column,
    Levels,
    OfHeader,
    OfInstrument,
    OfLink,
    OfMessage,
    SentTime,
)
from agents.archive.tables import kind_name
from core.columns import text_column

_DAY_NS = 86_400 * 10**9
# Native's LowCardinality: version of the keys, then flags "has own keys, need not be kept" over the width of an index.
_KEYS_VERSION = (1).to_bytes(8, "little")
_KEYS_FLAGS = 1 << 9 | 1 << 10


class Part:
    """Some rows of one table: `chosen` is a slice of them, or their indices."""

    def __init__(self, rows: ColumnRows, batch: Batch, chosen: slice | NDArray[np.intp] | None = None) -> None:
        """Take all rows unless some are `chosen`."""
        self.rows = rows
        self.batch = batch
        self.chosen = slice(0, len(rows)) if chosen is None else chosen

    def __len__(self) -> int:
        return self.chosen.stop - self.chosen.start if isinstance(self.chosen, slice) else len(self.chosen)

    def part(self, start: int, stop: int) -> "Part":
        """Return the rows from `start` to before `stop` of these."""
        if isinstance(self.chosen, slice):
            first = self.chosen.start
            return Part(self.rows, self.batch, slice(first + start, min(first + stop, self.chosen.stop)))
        return Part(self.rows, self.batch, self.chosen[start:stop])

    def take(self, indices: NDArray[np.intp]) -> "Part":
        """Return the rows at `indices` of these."""
        base = self.chosen.start + indices if isinstance(self.chosen, slice) else self.chosen[indices]
        return Part(self.rows, self.batch, base)

    def numbers(self, name: str) -> NDArray[Any]:
        """Return the numbers of one column."""
        return np.asarray(self.rows.numbers(name))[self.chosen]

    def objects(self, name: str) -> list[Any]:
        """Return the objects of one column."""
        values = self.rows.objects(name)
        return values[self.chosen] if isinstance(self.chosen, slice) else [values[i] for i in self.chosen.tolist()]

    def levels(self, name: str, half: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return how many levels each row has, and the prices (0) or quantities (1) of all of them."""
        ends, *halves = (np.asarray(each) for each in self.rows.levels(name))
        lengths = np.diff(ends, prepend=np.uint64(0)).astype(np.int64)[self.chosen]
        if isinstance(self.chosen, slice):
            first, last = (int(ends[place - 1]) if place else 0 for place in (self.chosen.start, self.chosen.stop))
            return lengths, halves[half][first:last]
        skipped = ends.astype(np.int64)[self.chosen] - np.cumsum(lengths)
        return lengths, halves[half][np.arange(lengths.sum()) + np.repeat(skipped, lengths)]


class Block:
    """One Native block as a file that is read once: the arrays that it is made of are not joined to one."""

    def __init__(self, pieces: Iterable[Any]) -> None:
        """Take the bytes, or arrays, that follow each other."""
        self._pieces = (memoryview(piece).cast("B") for piece in pieces if len(piece))
        self._piece = memoryview(b"")

    def read(self, size: int = -1) -> memoryview:
        """Return the next bytes, at most `size` if that is not negative; none at the end."""
        piece = self._piece or next(self._pieces, self._piece)
        end = len(piece) if size < 0 else size
        self._piece = piece[end:]
        return piece[:end]


def block(table: ArchiveTable, part: Part) -> Block:
    """Return the rows as one Native block with the columns of `table`."""
    count = len(part)
    links = part.batch.links
    numbers = part.numbers("link")
    present = np.flatnonzero(np.bincount(numbers, minlength=len(links)))
    pieces: list[Any] = [_varint(len(table.columns)) + _varint(count)]
    for column in table.columns:
        pieces.append(_text(column.name) + _text(column.type))
        if isinstance(column.source, OfLink):
            pieces += _link_column(column, links, present, numbers)
        else:
            pieces += _encode(column, part)
    return Block(pieces)


def split_by_day(table: ArchiveTable, part: Part) -> list[Part]:
    """Return the rows as groups that touch one day's partition each, in an order that keeps every stream's own order."""
    source = next(column.source for column in table.columns if column.name == table.time)
    times = _times(source, part)
    if times.size == 0 or times.min() // _DAY_NS == times.max() // _DAY_NS:
        return [part]
    groups: dict[tuple[int, int], list[int]] = {}
    stands: dict[int, tuple[int, int]] = {}  # link number -> (how often its day changed, its day)
    rows = zip(part.numbers("link").tolist(), (times // _DAY_NS).tolist(), strict=True)
    for index, (number, day) in enumerate(rows):
        changes, last = stands.get(number, (0, day))
        stands[number] = place = (changes + (day != last), day)
        groups.setdefault(place, []).append(index)
    return [part.take(np.array(groups[place])) for place in sorted(groups)]


def _times(source: Any, part: Part) -> NDArray[np.int64]:
    match source:
        case SentTime():
            return _sent(part)
        case ArchivedTime():
            return np.full(len(part), part.batch.wall_ns)
        case OfMessage(name, _):
            return part.numbers(name)
        case _:
            raise AssertionError(f"{source} is not a time")


def _sent(part: Part) -> NDArray[np.int64]:
    """Return the time of day of sending; of another host, or of a time after the batch, only its latest is known."""
    batch = part.batch
    ages_ns = batch.now_ns - part.numbers("send_ns")
    local = np.array([link.local for link in batch.links])[part.numbers("link")]
    return np.where(local & (ages_ns >= 0) & (ages_ns < batch.wall_ns), batch.wall_ns - ages_ns, batch.wall_ns)


def _encode(column: Column, part: Part) -> list[Any]:
    match column.source:
        case SentTime() | ArchivedTime():
            return [_times(column.source, part)]
        case OfInstrument():
            return [_name_column(_symbols(part))]
        case Levels(name, half):
            lengths, values = part.levels(name, half)
            return [_offsets(lengths), values]
        case OfMessage(name, _) | OfHeader(name) if column.type in TYPECODES:
            values = part.numbers(name)
            unsigned = TYPECODES[column.type] in "BIQ"
            return [np.maximum(values, 0) if unsigned and values.dtype.kind == "i" else values]
        case _:
            return [_ENCODERS[column.type](part.objects(column.name))]


def _symbols(part: Part) -> list[str]:
    """Return the symbol of each row's instrument, as its stream's link has it."""
    links = part.batch.links
    instruments = part.numbers("instrument_id")
    pairs = zip(part.numbers("link").tolist(), instruments.tolist(), strict=True)
    return [links[number].symbols.get(instrument, "") for number, instrument in pairs]


def _link_column(
    column: Column, links: tuple[Arrivals, ...], present: NDArray[np.intp], numbers: NDArray[np.uint32]
) -> list[Any]:
    """Return a column of what hangs on the stream, given the numbers of the links that are `present`."""
    name = column.source.name  # type: ignore[union-attr]
    values = [kind_name(links[i].stream) if name == "kind" else getattr(links[i], name) for i in present.tolist()]
    keys = list(dict.fromkeys(values))
    if column.type in TYPECODES:
        table = np.zeros(len(links), TYPECODES[column.type])
        table[present] = values
        return [table[numbers]]
    codes = np.zeros(len(links), _index_type(keys))
    codes[present] = [keys.index(value) for value in values]
    return [_low_cardinality_head(keys, len(numbers)), codes[numbers]]


def _name_column(values: Sequence[str]) -> bytes:
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    keys = list(numbers)
    return _low_cardinality_head(keys, len(codes)) + np.array(codes, _index_type(keys)).tobytes()


def _index_type(keys: list[str]) -> str:
    return f"<u{1 << _index_width(keys)}"


def _index_width(keys: list[str]) -> int:
    return next(width for width in range(3) if len(keys) <= 1 << (8 << width))


def _low_cardinality_head(keys: list[str], count: int) -> bytes:
    """Return all of a LowCardinality column but the `count` indices of its keys, which are of `_index_type`."""
    head = (_KEYS_FLAGS | _index_width(keys)).to_bytes(8, "little") + len(keys).to_bytes(8, "little")
    return _KEYS_VERSION + head + text_column(keys) + count.to_bytes(8, "little")


def _number_column(values: Iterable[int], dtype: str, count: int) -> bytes:
    limits = np.iinfo(dtype)
    low, high = int(limits.min), int(limits.max)
    return np.fromiter((min(max(value, low), high) for value in values), np.dtype(dtype), count).tobytes()


def _causes_column(values: Sequence[Sequence[tuple[int, int, int]]]) -> bytes:
    causes = [cause for row in values for cause in row]
    fields = zip(("<u4", "<u4", "<u8"), range(3), strict=True)
    columns = [_number_column([cause[i] for cause in causes], dtype, len(causes)) for dtype, i in fields]
    return _offsets([len(row) for row in values]) + b"".join(columns)


def _map_column(values: Sequence[dict[str, int]]) -> bytes:
    keys = [key for row in values for key in row]
    amounts = [amount for row in values for amount in row.values()]
    return _offsets([len(row) for row in values]) + text_column(keys) + _number_column(amounts, "<i8", len(amounts))


def _text_map_column(values: Sequence[dict[str, str]]) -> bytes:
    keys = [key for row in values for key in row]
    texts = [text for row in values for text in row.values()]
    return _offsets([len(row) for row in values]) + text_column(keys) + text_column(texts)


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    NAME: _name_column,
    "String": text_column,
    CAUSES: _causes_column,
    "Map(String, Int64)": _map_column,
    "Map(String, String)": _text_map_column,
}


def _offsets(lengths: Any) -> bytes:
    return np.cumsum(lengths, dtype="<u8").tobytes()


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
