"""The feeds of an exchange through ccxt, behind the venue port: one connection for each, whose frames the shell writes.

Frames are `wire`'s. A book begins whole and goes on by differences that we number ourselves; a book that cannot be right is
watched anew, which has ccxt subscribe it again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, Channel, FeedKind, StreamRequest, Tick, refuse
from agents.venues.book_sync import BookSync
from agents.venues.ccxt_any import wire
from agents.venues.ccxt_any.listing import decode_listing, listing_call
from agents.venues.depth_update import DepthUpdate
from agents.venues.port import FrameReader, MarketFeeds
from core.decimals import pack_levels
from mesh.context import VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.errors import ConfigError
from schemas.messages import BookDelta, BookSnapshot, Instrument, Quote, Trade
from schemas.orders import Side
from schemas.streams import Kind, Weakness
from schemas.units import MS

AGAIN = "again"
"""What the shell is told to begin a book anew."""
LIMITED_NS = 10_000 * MS
"""How long nothing is asked for after the exchange, by ccxt's word, had been asked too often: ccxt does not tell."""
TOO_MANY_REQUESTS = 429
ID_CHARS_MAX = 36
"""Of longer ids the end is published, where those of one exchange differ; they are told apart by all of it before."""

FEEDS: dict[str, tuple[str, FeedKind, Kind, tuple[str, ...]]] = {
    "trade": (wire.TRADES, FeedKind.TRADE, Kind.TRADE, ("watchTrades",)),
    "depth": (wire.BOOK, FeedKind.DEPTH, Kind.BOOK, ("watchOrderBook",)),
    "bookTicker": (wire.TICKER, FeedKind.TICKER, Kind.QUOTE, ("watchBidsAsks", "watchTicker")),
}
"""What each feed is, and which of ccxt's calls it needs one of."""

WEAKER = {
    FeedKind.TRADE: Weakness.GAPS_NOT_FOUND | Weakness.TIME_OF_RECEIPT | Weakness.DOUBLES_BY_ID,
    FeedKind.DEPTH: Weakness.GAPS_NOT_FOUND | Weakness.TIME_OF_RECEIPT | Weakness.BOOKS_COMPARED,
    FeedKind.TICKER: Weakness.GAPS_NOT_FOUND | Weakness.TIME_OF_RECEIPT,
}

SIDES = {"buy": Side.BUY, "sell": Side.SELL, "": 0}
"""A taker's side as ccxt tells it; not every exchange does."""

_TRADES = msgspec.json.Decoder(wire.TradesFrame)
_BOOK = msgspec.json.Decoder(wire.BookFrame)
_TICKER = msgspec.json.Decoder(wire.TickerFrame)
_TIME = msgspec.json.Decoder(wire.Time)


class CcxtBookSync(BookSync):
    """Looks at a book are numbered one after another here, and begin with a whole one: none can be missing."""

    def precedes(self, last: int, snapshot_id: int) -> bool:
        """Drop what the snapshot holds; only asked of snapshots that are fetched, which are none here."""
        return last <= snapshot_id

    def joins(self, first: int, last: int, previous: int, snapshot_id: int) -> bool:
        """Begin with the very next look."""
        return first == snapshot_id + 1

    def continues(self, first: int, previous: int, last_update_id: int) -> bool:
        """Go on with the very next look."""
        return first == last_update_id + 1


class CcxtFrameReader(FrameReader):
    """Reads the frames of one channel."""

    def __init__(self, channel: Channel) -> None:
        """Take the channel."""
        self._head = wire.HEAD + channel.name.encode() + b'"'
        self._info = channel.info
        self._decode = _DECODERS[channel.kind]

    def read(self, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick] | None:
        """Return what a frame of the channel says; None if it is of another, or says nothing that can be."""
        if not frame.startswith(self._head):
            return None
        try:
            return self._decode(self._info, frame, ts_recv_ns)
        except DECODE_ERRORS:
            return None

    def channel_name(self, frame: bytes) -> bytes | None:
        """Return the name at the head of a frame, None if none stands there."""
        start = len(wire.HEAD)
        end = frame.find(b'"', start)
        return frame[start:end] if frame.startswith(wire.HEAD) and end > 0 else None


class CcxtFeeds(MarketFeeds):
    """The feeds of one exchange."""

    def __init__(self, venue: VenueConfig, instruments: Iterable[InstrumentInfo], has: Mapping[str, object]) -> None:
        """Read the instruments' feeds; `has` says which of its calls ccxt has for the exchange.

        Raises:
            ConfigError: If a feed is not one that ccxt has there.
        """
        self._venue = venue
        self._instruments = list(instruments)
        self._has = has
        super().__init__([self._channel(info, feed) for info in self._instruments for feed in info.feeds])
        self._by_name = {channel.name: channel for channel in self.channels}
        self._readers = {channel.name: CcxtFrameReader(channel) for channel in self.channels}

    def urls(self) -> dict[str, str]:
        """Return for each feed, which has a connection of its own, what the shell watches."""
        return {channel.connection: channel.name for channel in self.channels}

    def channel(self, frame: bytes) -> Channel | None:
        """Return the channel that a frame names."""
        end = frame.find(b'"', len(wire.HEAD))
        return self._by_name.get(frame[len(wire.HEAD) : end].decode(errors="replace"))

    def reader(self, channel: Channel) -> CcxtFrameReader:
        """Return what reads the frames of `channel`."""
        return self._readers[channel.name]

    def decode(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Return what a frame of `channel` says.

        Raises:
            VenueError: If it is not of `wire`'s form, or not in whole ticks and lots.
        """
        try:
            return _DECODERS[channel.kind](channel.info, frame, ts_recv_ns)
        except DECODE_ERRORS as error:
            raise refuse(error, f"frame of {channel.name}") from error

    def book_sync(self) -> BookSync:
        """Return the rule for our own numbers of looks at a book."""
        return CcxtBookSync()

    def snapshot_requests(self, channel: Channel) -> Sequence[StreamRequest]:
        """Return what has the shell watch a book anew, which begins whole."""
        return [StreamRequest(AGAIN, {"op": AGAIN, "channel": channel.name})]

    def listing_call(self, *, whole: bool) -> VenueCall:
        """Return the call for what ccxt lists of the instruments; it has the exchange's whole list in any case."""
        return listing_call(self._instruments)

    def decode_listing(self, body: bytes) -> list[Instrument]:
        """Return the instruments as they are listed; VenueError if the answer is unreadable."""
        return decode_listing(self._instruments, body)

    def time_call(self) -> VenueCall | None:
        """Return the call for the exchange's time; None where ccxt cannot ask for it."""
        return VenueCall("GET", wire.TIME, {}) if self._has.get("fetchTime") else None

    def decode_time(self, body: bytes) -> int:
        """Return the exchange's time; VenueError if the answer is unreadable."""
        try:
            return _TIME.decode(body).ms * MS
        except DECODE_ERRORS as error:
            raise refuse(error, "time") from error

    def retry_after_ns(self, reply: VenueReply) -> int:
        """Return how long to leave an exchange alone that was asked too often."""
        return LIMITED_NS if reply.status == TOO_MANY_REQUESTS else 0

    def _channel(self, info: InstrumentInfo, feed: str) -> Channel:
        key = f"instruments.{info.symbol}.feeds"
        if feed not in FEEDS:
            raise ConfigError(f"{key}: {feed!r} is not a feed through ccxt (allowed: {', '.join(FEEDS)})")
        prefix, kind, stream_kind, calls = FEEDS[feed]
        if not any(self._has.get(call) for call in calls):
            lacks = " nor ".join(calls)
            raise ConfigError(f"{key}: {feed!r} cannot be followed, ccxt has no {lacks} for {self._venue.exchange}")
        name = f"{prefix}{info.venue_symbol}"
        return Channel(name, kind, info, info.stream(stream_kind), name, int(WEAKER[kind]))


def _trades(info: InstrumentInfo, frame: bytes, ts_recv_ns: int) -> Tick | list[Tick]:
    found: list[Tick] = [
        Trade(
            ts_event_ns=_time_ns(row.ms, ts_recv_ns),
            ts_recv_ns=ts_recv_ns,
            price_ticks=info.price.parse(row.price),
            qty_lots=info.qty.parse(row.qty),
            aggressor=int(SIDES[row.side]) if row.side in SIDES else _no_side(row.side),
            trade_id=row.id[-ID_CHARS_MAX:],
        )
        for row in _TRADES.decode(frame).trades
    ]
    return found[0] if len(found) == 1 else found


def _book(info: InstrumentInfo, frame: bytes, ts_recv_ns: int) -> BookSnapshot | DepthUpdate:
    found = _BOOK.decode(frame)
    ts_event_ns = _time_ns(found.ms, ts_recv_ns)
    bids, asks = (pack_levels(side, info.price, info.qty) for side in (found.bids, found.asks))
    if found.whole:
        return BookSnapshot(ts_event_ns, ts_recv_ns, found.number, bids, asks)
    return DepthUpdate(BookDelta(ts_event_ns, ts_recv_ns, found.number, found.number, bids, asks))


def _ticker(info: InstrumentInfo, frame: bytes, ts_recv_ns: int) -> Quote:
    """Return best bid and ask, which must both be told: that a side is empty is not known from ccxt."""
    found = _TICKER.decode(frame)
    return Quote(
        ts_event_ns=_time_ns(found.ms, ts_recv_ns),
        ts_recv_ns=ts_recv_ns,
        update_id=0,
        bid_ticks=info.price.parse(found.bid),
        bid_lots=info.qty.parse(found.bid_qty),
        ask_ticks=info.price.parse(found.ask),
        ask_lots=info.qty.parse(found.ask_qty),
    )


def _time_ns(ms: int | None, ts_recv_ns: int) -> int:
    return ts_recv_ns if ms is None else ms * MS


def _no_side(found: str) -> int:
    raise refuse(found[:20], "a taker's side is buy or sell")


_DECODERS: dict[FeedKind, Callable[[InstrumentInfo, bytes, int], "Tick | DepthUpdate | list[Tick]"]] = {
    FeedKind.TRADE: _trades,
    FeedKind.DEPTH: _book,
    FeedKind.TICKER: _ticker,
}
