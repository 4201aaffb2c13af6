"""What the archive's market data looks like in Parquet: a file has one kind of stream, a row a message of it.

Numbers are those of the messages, in ticks, lots and nanoseconds; each row says what a tick and a lot are. `message` is the
type: what others have is null in it. Levels of a book are four lists, prices and quantities of both sides. `place` numbers
the messages of each instrument from 1, and `flags` are those of the message's frame.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from schemas.messages import BookDelta, BookSnapshot, FeedState, MarkPrice, Message, Quote, Trade, VenueBar
from schemas.streams import Kind

METADATA = b"tickmesh"
"""The key of the file's metadata; its value is the kind of stream."""
MESSAGES: dict[int, tuple[type[Message], ...]] = {
    Kind.TRADE: (Trade, FeedState),
    Kind.BOOK: (BookDelta, BookSnapshot, FeedState),
    Kind.QUOTE: (Quote, FeedState),
    Kind.MARK: (MarkPrice, FeedState),
    Kind.BAR: (VenueBar, FeedState),
}
LEVELS = ("bid_price_ticks", "bid_qty_lots", "ask_price_ticks", "ask_qty_lots")
PLACED = ("venue", "symbol", "tick_size", "lot_size", "message", "place", "flags")
_TEXTS = ("trade_id", "reason")
_SIDES = ("bids", "asks")


def fields_of(kind: int) -> list[str]:
    """Return the fields of all messages of a kind but the levels of books, each once."""
    names = [name for message in MESSAGES[kind] for name in message.__struct_fields__]
    return [name for name in dict.fromkeys(names) if name not in _SIDES]


def schema_of(kind: int) -> pa.Schema:
    """Return the columns of a file of a kind."""
    names = pa.dictionary(pa.int32(), pa.string())
    columns: list[Any] = [pa.field(name, names, nullable=False) for name in PLACED[:5]]
    columns += [pa.field("place", pa.int64(), nullable=False), pa.field("flags", pa.uint8(), nullable=False)]
    columns += [pa.field(name, pa.string() if name in _TEXTS else pa.int64()) for name in fields_of(kind)]
    if kind == Kind.BOOK:
        columns += [pa.field(name, pa.list_(pa.int64())) for name in LEVELS]
    return pa.schema(columns, metadata={METADATA: Kind(kind).name.encode()})


def values_of(kind: int, messages: list[Message]) -> dict[str, Any]:
    """Return the columns of messages: fields, and levels of books."""
    found: dict[str, Any] = {
        name: pa.array(
            [getattr(message, name, None) for message in messages], pa.string() if name in _TEXTS else pa.int64()
        )
        for name in fields_of(kind)
    }
    if kind == Kind.BOOK:
        for place, side in enumerate(_SIDES):
            packed = [getattr(message, side, None) for message in messages]
            pairs = np.frombuffer(b"".join(data or b"" for data in packed), "<i8").reshape(-1, 2)
            ends = np.cumsum([0, *(len(data or b"") // 16 for data in packed)]).astype(np.int32)
            missing = np.array([data is None for data in packed] + [False])
            offsets = pa.array(ends, mask=missing)
            for half in (0, 1):
                values = pa.array(np.ascontiguousarray(pairs[:, half]))
                found[LEVELS[2 * place + half]] = pa.ListArray.from_arrays(offsets, values)
    return found
