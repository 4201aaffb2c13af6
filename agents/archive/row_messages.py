"""Rows of the archive's market data as the messages that they were: every value as it was sent.

A stream's messages lie in several tables, a book's in three; `STREAM_TABLES` says in which. Their order is that of their
places in the stream, whichever table each is in.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.archive.columns import Column
from agents.archive.reader import Block, joined_rows
from agents.archive.tables import TABLES
from schemas.messages import BookDelta, BookSnapshot, FeedState, MarkPrice, Message, Quote, Trade, VenueBar
from schemas.streams import Kind, StreamState

FEED_STATES = "feed_states"
STREAM_TABLES: dict[int, tuple[str, ...]] = {
    Kind.TRADE: ("trades", FEED_STATES),
    Kind.BOOK: ("book_deltas", "book_snapshots", FEED_STATES),
    Kind.QUOTE: ("quotes", FEED_STATES),
    Kind.MARK: ("marks", FEED_STATES),
    Kind.BAR: ("bars", FEED_STATES),
}
"""The tables with the messages of an instrument's stream, by its kind."""

_PLACE = ("ts_recv_ns", "seq", "flags")
_COLUMNS = {table.name: {column.name: column for column in table.columns} for table in TABLES}
_LEVELS = ("bid_price_ticks", "bid_qty_lots", "ask_price_ticks", "ask_qty_lots")
_TYPES: dict[str, type[Message]] = {
    "trades": Trade,
    "book_deltas": BookDelta,
    "book_snapshots": BookSnapshot,
    "quotes": Quote,
    "marks": MarkPrice,
    "bars": VenueBar,
}


class PlacedMessages(NamedTuple):
    """Messages of one stream in order, with the time of receipt, the place in the stream, and the flags of each."""

    messages: list[Message]
    received_ns: NDArray[np.int64]
    seqs: NDArray[np.uint64]
    flags: NDArray[np.uint8]


NOTHING = PlacedMessages([], np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.uint8))


def read_messages(client: Any, table: str, kind: int, condition: str, parameters: dict[str, Any]) -> PlacedMessages:
    """Return the messages of one stream in `table`, of the rows for which `condition` holds, by their place.

    `table` comes with its database before it (`tickmesh.trades`).

    Raises:
        ClickHouseError, OSError: If ClickHouse fails.
        EOFError: If its answer ends within a block.
    """
    name = table.rpartition(".")[2]
    if name == FEED_STATES:
        return _feed_states(client, table, kind, condition, parameters)
    columns = _read(name)
    rows = joined_rows(client, table, columns, f"{condition} ORDER BY seq", parameters)
    if not rows:
        return NOTHING
    return PlacedMessages(_MAKERS[name](rows), rows["ts_recv_ns"], rows["seq"], rows["flags"])


def merged(parts: list[PlacedMessages]) -> PlacedMessages:
    """Return messages of one stream out of several tables as one, by their place."""
    parts = [part for part in parts if part.messages]
    if len(parts) < 2:
        return parts[0] if parts else NOTHING
    messages = [message for part in parts for message in part.messages]
    received_ns, seqs, flags = (np.concatenate(each) for each in list(zip(*parts, strict=True))[1:])
    order = np.argsort(seqs, kind="stable")
    return PlacedMessages([messages[i] for i in order.tolist()], received_ns[order], seqs[order], flags[order])


def _read(table: str) -> list[Column]:
    """Return the columns that make up a message of `table`, and its place."""
    known = _COLUMNS[table]
    fields = [name for name in _TYPES[table].__struct_fields__ if name not in ("bids", "asks")]
    levels = _LEVELS if "bid_price_ticks" in known else ()
    return [known[name] for name in dict.fromkeys((*fields, *levels, *_PLACE))]


def _feed_states(client: Any, table: str, kind: int, condition: str, parameters: dict[str, Any]) -> PlacedMessages:
    query = (
        f"SELECT toUnixTimestamp64Nano(ts_recv_ns), seq, state, reason, weaker FROM {table}"
        f" WHERE {condition} AND kind = '{Kind(kind).name}' ORDER BY seq"
    )
    found = client.query(query, parameters=parameters).result_rows
    messages: list[Message] = [FeedState(at, _state(state), reason, weaker) for at, _, state, reason, weaker in found]
    received_ns, seqs = np.array([row[0] for row in found], np.int64), np.array([row[1] for row in found], np.uint64)
    return PlacedMessages(messages, received_ns, seqs, np.zeros(len(found), np.uint8))


def _state(name: str) -> int:
    return int(name) if name.isdigit() else StreamState[name]


def _numbers(rows: Block, message: type[Message]) -> list[list[int]]:
    return [rows[name].tolist() for name in message.__struct_fields__]


def _trades(rows: Block) -> list[Message]:
    fields = [rows[name].tolist() for name in Trade.__struct_fields__]
    place = Trade.__struct_fields__.index("trade_id")
    fields[place] = [text.decode() for text in fields[place]]
    return list(map(Trade, *fields))


def _plain(message: type[Message]) -> Callable[[Block], list[Message]]:
    return lambda rows: list(map(message, *_numbers(rows, message)))


def _books(message: type[Message]) -> Callable[[Block], list[Message]]:
    numbers = [name for name in message.__struct_fields__ if name not in ("bids", "asks")]

    def make(rows: Block) -> list[Message]:
        sides = [_packed(rows, f"{side}_price_ticks", f"{side}_qty_lots") for side in ("bid", "ask")]
        return list(map(message, *(rows[name].tolist() for name in numbers), *sides))

    return make


def _packed(rows: Block, prices: str, lots: str) -> list[bytes]:
    """Return the levels of one side of each row as messages have them: price and quantity, 8 bytes each, in turns."""
    pairs = np.empty((len(rows[prices]), 2), "<i8")
    pairs[:, 0], pairs[:, 1] = rows[prices], rows[lots]
    data = pairs.tobytes()
    ends = [16 * end for end in rows[f"{prices}.ends"].tolist()]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


_MAKERS: dict[str, Callable[[Block], list[Message]]] = {
    "trades": _trades,
    "book_deltas": _books(BookDelta),
    "book_snapshots": _books(BookSnapshot),
    "quotes": _plain(Quote),
    "marks": _plain(MarkPrice),
    "bars": _plain(VenueBar),
}
