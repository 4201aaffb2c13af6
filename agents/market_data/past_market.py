"""What market data has published up to a place in its log: books, and the last trade, quote and mark price of each feed.

No start needs it: the market comes from the venue anew. Who looks back does (`tickmesh state`), and a book may have been
whole for days, so anchors have it. A book is what a follower made of the same messages (`agents.state.market_view`): from
a snapshot on, until the feed reports a fault or a new life of the publisher begins; an update that is STALE is not applied.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from agents.instruments import InstrumentInfo
from agents.state.book_levels import levels_of
from agents.state.positions import text_e8
from core.book import OrderBook
from core.frame import FLAG_STALE, Header
from schemas.errors import FrameError
from schemas.messages import BookDelta, BookSnapshot, FeedState, MarkPrice, Message, Quote, Trade
from schemas.streams import Kind, StreamState


class _BookState(msgspec.Struct, frozen=True, array_like=True):
    stream: int
    epoch: int
    valid: bool
    update_id: int
    event_ns: int
    bids: bytes
    asks: bytes


class _MarketState(msgspec.Struct, frozen=True, array_like=True):
    books: list[_BookState]
    trades: dict[int, Trade]
    quotes: dict[int, Quote]
    marks: dict[int, MarkPrice]
    feeds: dict[int, FeedState]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_MarketState)


class PastBook:
    """One book, as its stream tells it."""

    def __init__(self) -> None:
        """Begin without one."""
        self.book = OrderBook()
        self.valid = False
        self.epoch = 0
        self.update_id = 0
        self.event_ns = 0

    def take(self, header: Header, message: Message) -> None:
        """Apply the next message of its stream."""
        if header.epoch != self.epoch:
            self.valid, self.epoch = False, header.epoch
        if isinstance(message, FeedState):
            self.valid = self.valid and message.state == StreamState.LIVE
        elif isinstance(message, BookSnapshot | BookDelta) and not header.flags & FLAG_STALE:
            self._change(message)

    def state(self, stream: int) -> _BookState:
        """Return it as plain values; of one that is not whole nothing is kept."""
        bids, asks = self.book.snapshot() if self.valid else (b"", b"")
        return _BookState(stream, self.epoch, self.valid, self.update_id, self.event_ns, bids, asks)

    def resume(self, state: _BookState) -> None:
        """Make it what it was."""
        self.epoch, self.valid = state.epoch, state.valid
        self.update_id, self.event_ns = state.update_id, state.event_ns
        if self.valid:
            self.book.replace(state.bids, state.asks)

    def _change(self, message: BookSnapshot | BookDelta) -> None:
        try:
            if isinstance(message, BookSnapshot):
                self.book.replace(message.bids, message.asks)
            elif self.valid:
                self.book.apply(message.bids, message.asks)
            else:
                return
        except ValueError:
            self.valid = False
            return
        self.valid = True
        self.update_id, self.event_ns = message.last_update_id, message.ts_event_ns


class PastMarket:
    """The market of some instruments, from the log of who published it."""

    types: frozenset[type[Message]] = frozenset({BookDelta, BookSnapshot, FeedState, MarkPrice, Quote, Trade})

    def __init__(self, instruments: Iterable[InstrumentInfo]) -> None:
        """Begin with nothing known."""
        self._instruments = list(instruments)
        self._books = {info.stream(Kind.BOOK): PastBook() for info in self._instruments}
        self._trades: dict[int, Trade] = {}
        self._quotes: dict[int, Quote] = {}
        self._marks: dict[int, MarkPrice] = {}
        self._feeds: dict[int, FeedState] = {}

    def take(self, header: Header, message: Message) -> None:
        """Fold one record of a type in `types`."""
        book = self._books.get(header.stream)
        if book is not None:
            book.take(header, message)
        if isinstance(message, FeedState):
            self._feeds[header.stream] = message
        elif header.flags & FLAG_STALE:
            return
        elif isinstance(message, Trade):
            self._trades[header.stream] = message
        elif isinstance(message, Quote):
            self._quotes[header.stream] = message
        elif isinstance(message, MarkPrice):
            self._marks[header.stream] = message

    def anchor(self) -> bytes:
        """Return all of it as plain values."""
        return _ENCODER.encode(
            _MarketState(
                books=[book.state(stream) for stream, book in sorted(self._books.items())],
                trades=dict(sorted(self._trades.items())),
                quotes=dict(sorted(self._quotes.items())),
                marks=dict(sorted(self._marks.items())),
                feeds=dict(sorted(self._feeds.items())),
            )
        )

    def resume(self, data: bytes) -> None:
        """Begin with what `anchor` returned.

        Raises:
            FrameError: If it cannot be read; nothing has changed then.
        """
        try:
            state = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise FrameError(f"{len(data)} bytes are no state of a market: {error}") from error
        for each in state.books:
            if each.stream in self._books:
                self._books[each.stream].resume(each)
        self._trades, self._quotes = state.trades, state.quotes
        self._marks, self._feeds = state.marks, state.feeds

    def told(self) -> dict[str, Any]:
        """Return it by instrument, in the venue's units as decimals, whole books with the best level first."""
        return {info.name: self._told(info) for info in self._instruments}

    def _told(self, info: InstrumentInfo) -> dict[str, Any]:
        px, qty = info.price.format, info.qty.format
        found: dict[str, Any] = {}
        book = self._books[info.stream(Kind.BOOK)]
        if book.valid:
            levels = levels_of(info, book.book)
            found["book"] = {"update_id": book.update_id, "ts_event_ns": book.event_ns, **levels}
        if (trade := self._trades.get(info.stream(Kind.TRADE))) is not None:
            found["trade"] = {
                "ts_event_ns": trade.ts_event_ns,
                "price": px(trade.price_ticks),
                "qty": qty(trade.qty_lots),
                "trade_id": trade.trade_id,
            }
        if (quote := self._quotes.get(info.stream(Kind.QUOTE))) is not None:
            found["quote"] = {
                "ts_event_ns": quote.ts_event_ns,
                "bid": (px(quote.bid_ticks), qty(quote.bid_lots)),
                "ask": (px(quote.ask_ticks), qty(quote.ask_lots)),
            }
        if (mark := self._marks.get(info.stream(Kind.MARK))) is not None:
            found["mark"] = {
                "ts_event_ns": mark.ts_event_ns,
                "price": text_e8(mark.mark_e8),
                "index": text_e8(mark.index_e8),
                "funding_rate": text_e8(mark.funding_rate_e8),
            }
        states = [(kind, self._feeds.get(info.stream(kind))) for kind in Kind]
        found["feeds"] = {kind.name: StreamState(each.state).name for kind, each in states if each is not None}
        return found
