"""The market in one instrument as a follower sees it: book, best quote, last trade, and whether they may be relied on.

A decision may rest on a feed only if every stream of it that has carried anything is LIVE, its book (if it has one) is
valid, and the newest of book and quote is healthy and young enough. A book is valid from a snapshot until the feed reports
a fault or the publisher's epoch changes; a short gap that the mesh repairs leaves it valid. Trades and quotes that pause
in a quiet market are no fault as long as the book is fresh: what is not healthy is not used.

The age of a message is the sum of three: what had passed since the venue stamped it when the publisher received it (its
lag), what had passed on the wall clock from then to its arrival here, and the monotonic time since. So a replayed message
is as old as it is, a venue or a network that is minutes behind shows, and a clock that runs behind errs to the safe side.
The lag is judged by the venue's clock as the publisher estimates it (`VenueClock`), less what that may be wrong by; until
it is known, clocks may differ by `SKEW_NS_MAX` and whatever is older still is late. A message that the venue does not
stamp (book tickers of Binance spot) is taken to be as late as the one before it that was.
"""

from collections.abc import Iterable
from typing import TypeGuard

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.state.causes import add_cause
from agents.state.message_fields import BOOK_DELTA, QUOTE, TRADE
from core.book import OrderBook
from core.frame import FLAG_STALE, Header
from mesh.context import Context
from schemas.config import Config, MarketDataConfig
from schemas.errors import ConfigError
from schemas.messages import BookDelta, BookSnapshot, Cause, FeedState, Message, Quote, Trade, VenueClock
from schemas.orders import Reason
from schemas.streams import Kind, StreamState, stream_id, stream_name
from schemas.units import MS

KINDS = (Kind.TRADE, Kind.BOOK, Kind.QUOTE)
LIVE = StreamState.LIVE
SKEW_NS_MAX = 60_000 * MS
"""How far the clocks of two hosts may plausibly be apart, while nothing else is known of them."""
NEVER_NS = -(2**62)


Figures = dict[str, float | int | str]
Tick = Trade | BookDelta | BookSnapshot | Quote


class Source:
    """One stream of a feed: the position of its last message, the time that it tells of, and its reported health.

    `seen_ns` is that time on our monotonic clock, so it includes how late the message was when it was received (`lag_ns`).
    The epoch is 0 until the stream has carried anything.
    """

    def __init__(self, stream: int) -> None:
        """Start unseen."""
        self.stream = stream
        self.epoch = 0
        self.seq = 0
        self.seen_ns = NEVER_NS
        self.lag_ns = 0
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
        self.clock_stream = stream_id(Kind.CLOCK, info.venue.id, 0)
        self.clock_offset_ns = 0
        self.clock_error_ns = SKEW_NS_MAX
        self._clock_known = False
        self._lag_ns = 0
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
        if type(message) is Quote:
            event_ns, recv_ns = QUOTE.ts_event_ns.int_of(message), QUOTE.ts_recv_ns.int_of(message)
        elif type(message) is BookDelta:
            event_ns, recv_ns = BOOK_DELTA.ts_event_ns.int_of(message), BOOK_DELTA.ts_recv_ns.int_of(message)
        else:
            event_ns, recv_ns = TRADE.ts_event_ns.int_of(message), TRADE.ts_recv_ns.int_of(message)
        if event_ns > 0:
            lag_ns = recv_ns - event_ns + self.clock_offset_ns - self.clock_error_ns
            self._lag_ns = lag_ns if lag_ns > 0 else 0
        age_ns = wall_ns - recv_ns
        source.healthy = True
        source.lag_ns = self._lag_ns
        source.seen_ns = now_ns - source.lag_ns - (age_ns if age_ns > 0 else 0)
        return True

    def take_clock(self, publisher: str, stream: int, clock: VenueClock) -> None:
        """Judge lags by what `publisher` tells of a venue's clock, if it is this feed's; an error of 0 is one not known.

        What came before anything was known of the clock is judged again: a quiet market may have nothing newer for long.
        """
        if publisher == self.publisher and stream == self.clock_stream:
            known, first = clock.error_ns > 0, not self._clock_known
            if known and first:
                self._judge_again(clock.offset_ns - clock.error_ns + SKEW_NS_MAX)
            self._clock_known = known
            self.clock_offset_ns = clock.offset_ns if known else 0
            self.clock_error_ns = clock.error_ns if known else SKEW_NS_MAX

    def _judge_again(self, more_ns: int) -> None:
        """Take what was late as so much later, or less late if negative; of what was not late nobody knows by how much."""
        for source in (self.trades, self.books, self.quotes):
            if source.lag_ns > 0:
                lag_ns = max(0, source.lag_ns + more_ns)
                source.seen_ns += source.lag_ns - lag_ns
                source.lag_ns = lag_ns
        if self._lag_ns > 0:
            self._lag_ns = max(0, self._lag_ns + more_ns)

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
        books_ns = books.seen_ns if books.healthy else NEVER_NS
        quotes_ns = quotes.seen_ns if quotes.healthy else NEVER_NS
        seen_ns = books_ns if books_ns >= quotes_ns else quotes_ns
        if seen_ns == NEVER_NS or ctx.now_ns - seen_ns > age_ns_max:
            return self._old(books if books_ns >= quotes_ns else quotes, ctx.now_ns - seen_ns, age_ns_max)
        bid, ask = self.bid_ticks(), self.ask_ticks()
        if not 0 < bid < ask:
            return Reason.BOOK_INVALID, {"bid_ticks": bid, "ask_ticks": ask}
        return None

    def _old(self, source: Source, age_ns: int, age_ns_max: int) -> tuple[Reason, Figures]:
        """Return the fault of a market whose newest message is too old: since when, or that it came so late."""
        if source.seen_ns == NEVER_NS:
            return Reason.STALE_MARKET_DATA, {"age_ms": "never seen", "age_ms_max": age_ns_max // MS}
        figures: Figures = {"age_ms": age_ns // MS, "age_ms_max": age_ns_max // MS}
        if age_ns - source.lag_ns > age_ns_max:
            return Reason.STALE_MARKET_DATA, figures
        return Reason.MARKET_LAG, figures | {
            "lag_ms": source.lag_ns // MS,
            "clock_offset_ms": self.clock_offset_ns // MS,
            "clock_error_ms": self.clock_error_ns // MS,
        }

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


def clock_streams(feeds: Iterable[MarketView]) -> list[tuple[str, int]]:
    """Return publisher and stream of the clock of each venue that `feeds` are of, once."""
    return list(dict.fromkeys((feed.publisher, feed.clock_stream) for feed in feeds))


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
