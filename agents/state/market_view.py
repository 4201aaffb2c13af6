"""The market in one instrument as a follower sees it: book, best quote, last trade, and whether they may be relied on.

A decision may rest on a feed only if every stream of it that has carried anything is LIVE, its book (if it has one) is
valid, and the newest of book and quote is healthy and young enough. A book is valid from a snapshot until the feed reports
a fault or the publisher's epoch changes; a short gap that the mesh repairs leaves it valid. Trades and quotes that pause
in a quiet market are no fault as long as the book is fresh: what is not healthy is not used.

The age of a message is what had passed on the wall clock between its receipt by the publisher and its arrival here, plus
the monotonic time since. So a replayed message is as old as it is, and a clock that runs behind errs to the safe side.
"""

from collections.abc import Iterable
from typing import TypeGuard

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.state.causes import add_cause
from agents.state.message_fields import QUOTE, TRADE
from core.book import OrderBook
from core.frame import FLAG_STALE, Header
from mesh.context import Context
from schemas.config import Config, MarketDataConfig
from schemas.errors import ConfigError
from schemas.messages import BookDelta, BookSnapshot, Cause, FeedState, Message, Quote, Trade
from schemas.orders import Reason
from schemas.streams import Kind, StreamState, stream_name
from schemas.units import MS

KINDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE)
LIVE = StreamState.LIVE


Figures = dict[str, float | int | str]
Tick = Trade | BookDelta | BookSnapshot | Quote


class Source:
    """One stream of a feed: the position of its last message, the time that it tells of, and its reported health.

    The epoch is 0 until the stream has carried anything.
    """

    def __init__(self, stream: int) -> None:
        """Start unseen."""
        self.stream = stream
        self.epoch = 0
        self.seq = 0
        self.seen_ns = 0
        self.healthy = True

    def add_cause(self, found: list[Cause]) -> None:
        """Add the position, if there is one and it is not in `found` yet."""
        if self.epoch > 0:
            add_cause(found, self.stream, self.epoch, self.seq)


class MarketView:
    """One instrument's market, from the streams of one publisher."""

    def __init__(self, publisher: str, info: InstrumentInfo) -> None:
        """Start with nothing known."""
        self.publisher = publisher
        self.info = info
        self.tick_e8 = info.tick_e8
        self.lot_e8 = info.lot_e8
        self.book = OrderBook()
        self.book_valid = False
        self.last_px_ticks = 0
        self.quote_bid_ticks = 0
        self.quote_ask_ticks = 0
        self.damaged = 0
        self.trades, self.books, self.quotes = [Source(info.stream(kind)) for kind in KINDS]

    def apply(self, header: Header, message: Message, now_ns: int, wall_ns: int) -> bool:
        """Apply the next message of one of the three streams; return whether it was market data that may be used."""
        source = self._source(header.stream)
        if header.epoch != source.epoch and source is self.books:
            self.book_valid = False
        source.epoch = header.epoch
        source.seq = header.seq
        if type(message) is FeedState:
            self._reported(source, message)
            return False
        if header.flags & FLAG_STALE or not self._take(message):
            return False
        recv_ns = QUOTE.ts_recv_ns.int_of(message) if type(message) is Quote else TRADE.ts_recv_ns.int_of(message)
        age_ns = wall_ns - recv_ns
        source.healthy = True
        source.seen_ns = now_ns - age_ns if age_ns > 0 else now_ns
        return True

    def bid_ticks(self) -> int:
        """Return the best bid, of quote or book, whichever is healthy and newer; 0 where there is none."""
        return self.book.best_bid if self._book_leads() else self.quote_bid_ticks

    def ask_ticks(self) -> int:
        """Return the best ask, as `bid_ticks` does the bid."""
        return self.book.best_ask if self._book_leads() else self.quote_ask_ticks

    @property
    def fresh_last_px_ticks(self) -> int:
        """Price of the last trade while the venue's trades are known to come, else 0."""
        return self.last_px_ticks if self.trades.healthy else 0

    def mid_e8(self) -> int:
        """Return the middle of the best bid and ask, else the last trade's price, else 0; rounded down."""
        bid, ask, last = self.bid_ticks(), self.ask_ticks(), self.last_px_ticks
        if bid and ask:
            return (bid + ask) * self.tick_e8 // 2
        return last * self.tick_e8

    def add_causes(self, found: list[Cause]) -> None:
        """Add the position of the last message of each stream that has carried anything, unless it is in `found`."""
        self.trades.add_cause(found)
        self.books.add_cause(found)
        self.quotes.add_cause(found)

    def fault(self, ctx: Context, age_ns_max: int) -> tuple[Reason, Figures] | None:
        """Return why no decision may rest on this feed now, with the figures compared; None if one may."""
        books, quotes = self.books, self.quotes
        late = self._late(ctx, self.trades) or self._late(ctx, books) or self._late(ctx, quotes)
        if late is not None:
            return late
        if books.epoch > 0 and not (books.healthy and self.book_valid and not self.book.crossed):
            return Reason.BOOK_INVALID, {
                "feed_healthy": int(books.healthy),
                "book_valid": int(self.book_valid),
                "book_crossed": int(self.book.crossed),
            }
        seen_ns = max(books.seen_ns if books.healthy else 0, quotes.seen_ns if quotes.healthy else 0)
        age_ns = ctx.now_ns - seen_ns
        if seen_ns == 0 or age_ns > age_ns_max:
            return Reason.STALE_MARKET_DATA, {"age_ms": age_ns // MS, "age_ms_max": age_ns_max // MS}
        bid, ask = self.bid_ticks(), self.ask_ticks()
        if not 0 < bid < ask:
            return Reason.BOOK_INVALID, {"bid_ticks": bid, "ask_ticks": ask}
        return None

    def _late(self, ctx: Context, source: Source) -> tuple[Reason, Figures] | None:
        """Return the fault of a stream that has carried something and is not LIVE."""
        if source.epoch == 0:
            return None
        state = ctx.stream_state(self.publisher, source.stream)
        if state is LIVE:
            return None
        return Reason.STALE_MARKET_DATA, {
            "stream": stream_name(source.stream),
            "stream_state": StreamState(state).name,
            "stream_state_required": LIVE.name,
        }

    def _book_leads(self) -> bool:
        books, quotes = self.books, self.quotes
        return self.book_valid and books.healthy and (books.seen_ns >= quotes.seen_ns or not quotes.healthy)

    def _reported(self, source: Source, message: FeedState) -> None:
        # A book that was reported faulty is whole again with its next snapshot, not with the report that the feed is up.
        live = message.state == StreamState.LIVE
        if source is not self.books or not live:
            source.healthy = live
        if source is self.books and not live:
            self.book_valid = False

    def _source(self, stream: int) -> Source:
        if stream == self.trades.stream:
            return self.trades
        if stream == self.books.stream:
            return self.books
        if stream == self.quotes.stream:
            return self.quotes
        raise KeyError(stream)

    def _take(self, message: Message) -> TypeGuard[Tick]:
        if type(message) is Trade:
            self.last_px_ticks = TRADE.price_ticks.int_of(message)
        elif type(message) is Quote:
            self.quote_bid_ticks = QUOTE.bid_ticks.int_of(message)
            self.quote_ask_ticks = QUOTE.ask_ticks.int_of(message)
        elif type(message) is BookSnapshot or (type(message) is BookDelta and self.book_valid):
            return self._change_book(message)
        else:
            return False
        return True

    def _change_book(self, message: BookDelta | BookSnapshot) -> bool:
        try:
            if type(message) is BookSnapshot:
                self.book.replace(message.bids, message.asks)
            else:
                self.book.apply(message.bids, message.asks)
        except ValueError:
            self.damaged += 1
            self.book_valid = False
        else:
            self.book_valid = True
        return self.book_valid


def feeds_of(config: Config, table: InstrumentTable, publishers: Iterable[str], key: str) -> list[MarketView]:
    """Return a feed for each instrument that the market-data agents `publishers` publish, in their order.

    Raises:
        ConfigError: If a publisher is not a market-data agent, or lists an instrument that is not defined.
    """
    feeds = []
    for publisher in publishers:
        agent = config.agents.get(publisher)
        if not isinstance(agent, MarketDataConfig):
            raise ConfigError(f"{key}: {publisher!r} is not an agent of role market_data")
        for symbol in agent.instruments:
            info = table.by_symbol.get((agent.venue, symbol))
            if info is None:
                raise ConfigError(f"agents.{publisher}.instruments: {symbol!r} is not an instrument of {agent.venue}")
            feeds.append(MarketView(publisher, info))
    return feeds
