"""OKX market data, spot and linear swaps: trades, books, best prices and mark prices on one public connection, bars.

| feed         | channel                                                                  |
|--------------|--------------------------------------------------------------------------|
| `trade`      | `trades`: one message for what one taker order filled at one price       |
| `depth`      | `books`: 400 levels, each 100 ms (`depth@100ms` is the same)             |
| `depth@10ms` | `books-l2-tbt`: for accounts of tier VIP5 that log in, so refused to us  |
| `bookTicker` | `bbo-tbt`                                                                |
| `markPrice`  | `mark-price`, `funding-rate` and `index-tickers` of a swap, put together |
| `kline_1m`   | `candle1m` and the like, on the business connection                      |

A message of trades stands for `count` of the venue's numbers, which end with its own (for one where it says nothing, as
before 2023), so a missing one shows. Books begin with a snapshot in the stream, or with a fetched one (`book_rules`).
"""

from collections.abc import Iterable, Sequence
from typing import Final

from agents.instruments import InstrumentInfo
from agents.venues.base import Channel, FeedKind, StreamRequest, Tick
from agents.venues.book_sync import BookSync
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import MarketFeeds
from agents.venues.okx import history
from agents.venues.okx.book_rules import OkxBookSync
from agents.venues.okx.frame_data import FUNDING_RATE, INDEX_TICKERS, MARK_PRICE, channel_of, decode_frame
from agents.venues.okx.frames import OkxFrameReader, channel_name
from agents.venues.okx.listing import decode_listing, listing_calls
from agents.venues.okx.marks import OkxMarks
from agents.venues.okx.subscriptions import HEARTBEAT, OkxSubscriptions, announces_upgrade, message
from agents.venues.reports import SubscriptionReply
from agents.venues.trade_spans import TradeSpans
from mesh.context import VenueCall, VenueReply
from schemas.errors import ConfigError
from schemas.markets import bar_length_ms
from schemas.messages import BookSnapshot, Instrument, Kline, Trade
from schemas.streams import Kind

CONNECTION: Final = "public"
BUSINESS: Final = "business"
"""The connection of bars."""
FEEDS = {
    "trade": ("trades", FeedKind.TRADE, Kind.TRADE),
    "depth": ("books", FeedKind.DEPTH, Kind.BOOK),
    "depth@100ms": ("books", FeedKind.DEPTH, Kind.BOOK),
    "depth@10ms": ("books-l2-tbt", FeedKind.DEPTH, Kind.BOOK),
    "bookTicker": ("bbo-tbt", FeedKind.TICKER, Kind.QUOTE),
    "markPrice": (MARK_PRICE, FeedKind.MARK, Kind.MARK),
}
SWAP = "-SWAP"


class OkxFeeds(MarketFeeds):
    """The feeds of one venue: its websocket, its frames, the snapshots of its books, and what it lists."""

    def __init__(self, url: str, business_url: str, instruments: Iterable[InstrumentInfo]) -> None:
        """Read the instruments' feeds.

        Raises:
            ConfigError: If a feed is not known, is of the wrong category, or two would be one stream.
        """
        self._urls = {CONNECTION: url, BUSINESS: business_url}
        self._instruments = list(instruments)
        super().__init__([_channel(info, feed) for info in self._instruments for feed in info.feeds], HEARTBEAT)
        self._marks = {channel.stream: OkxMarks() for channel in self.channels}
        self._readers = {each.stream: OkxFrameReader(each, self._marks[each.stream]) for each in self.channels}
        self._by_name: dict[str, Channel] = {}
        for channel in self.channels:
            for name in _names(channel):
                self._by_name[name] = channel
        names: dict[str, list[str]] = {}
        for name, channel in self._by_name.items():
            names.setdefault(channel.connection, []).append(name)
        self._subscribed = OkxSubscriptions(names)
        _refuse_twins(self.channels)

    def urls(self) -> dict[str, str]:
        """Return the websockets of what is asked for: bars come over one of their own."""
        return {name: self._urls[name] for name in dict.fromkeys(each.connection for each in self.channels)}

    def requests(self, connection: str) -> Sequence[StreamRequest]:
        """Return what subscribes all channels of a connection."""
        return self._subscribed.requests(connection)

    def request_again(self, request: StreamRequest) -> StreamRequest:
        """Return what subscribes the channels of a request that were not acknowledged."""
        return self._subscribed.again(request)

    def reply_of(self, frame: bytes) -> SubscriptionReply | None:
        """Return what an answer says of a request; None if the frame is no answer."""
        return self._subscribed.reply_of(frame)

    def ends_soon(self, frame: bytes) -> bool:
        """Return whether the venue announces that it upgrades the service, which ends the connection in a minute."""
        return announces_upgrade(frame)

    def channel(self, frame: bytes) -> Channel | None:
        """Return the channel that a frame is of; those beside a mark price are of its channel."""
        name = channel_name(frame)
        return self._by_name.get(channel_of(frame) if name is None else name.decode(errors="replace"))

    def reader(self, channel: Channel) -> OkxFrameReader:
        """Return what reads the frames of `channel` that are in the venue's usual layout; `decode` reads any."""
        return self._readers[channel.stream]

    def decode(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Return what a frame of `channel` says; an empty list if it is one that is kept for the next mark price.

        Raises:
            VenueError: If the frame is not what the venue documents, or not in whole ticks and lots.
        """
        found = self._readers[channel.stream].read(frame, ts_recv_ns)
        return self.decode_any(channel, frame, ts_recv_ns) if found is None else found

    def decode_any(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Do the same as `decode` whatever the layout of the frame is."""
        reader = self._readers[channel.stream]
        return decode_frame(channel, self._marks[channel.stream], frame, ts_recv_ns, reader.spans)

    def book_sync(self) -> BookSync:
        """Return the venue's rule for one book."""
        return OkxBookSync()

    def snapshot_call(self, info: InstrumentInfo, depth: int) -> VenueCall:
        """Return the REST call for a snapshot that the updates of `books` can join."""
        return history.snapshot_call(info, depth)

    def decode_snapshot(self, info: InstrumentInfo, body: bytes, ts_recv_ns: int) -> BookSnapshot:
        """Return the book in the answer; VenueError if it is not what the venue documents, or says no `seqId`."""
        return history.decode_snapshot(info, body, ts_recv_ns)

    def snapshot_requests(self, channel: Channel) -> Sequence[StreamRequest]:
        """Return what ends the subscription of a book, and begins it again."""
        return [StreamRequest(op, message(op, [channel.name])) for op in ("unsubscribe", "subscribe")]

    def listing_call(self, *, whole: bool) -> VenueCall:
        """Return the first of `listing_calls`."""
        return self.listing_calls(whole=whole)[0]

    def listing_calls(self, *, whole: bool) -> Sequence[VenueCall]:
        """Return a call for each type of instrument that is configured; the venue lists all of a type."""
        return listing_calls(self._instruments)

    def decode_listing(self, body: bytes) -> list[Instrument]:
        """Return the instruments of an answer's type with the venue's steps, or with what is wrong with them."""
        return decode_listing(self._instruments, body)

    def listed(self, reply: VenueReply) -> list[Instrument]:
        """Return the instruments that the answer to one of `listing_calls` is about."""
        return decode_listing(self._instruments, reply.body, reply.call.params["instType"])

    def time_call(self) -> VenueCall:
        """Return the REST call for the venue's time."""
        return history.time_call()

    def decode_time(self, body: bytes) -> int:
        """Return the time of the feeds: the venue's own, or that of the recording that it plays."""
        return history.decode_time(body)

    def numbers_trades(self, channel: Channel) -> bool:
        """Return whether the channel is one of trades: the venue numbers those of an instrument one after another."""
        return channel.kind == FeedKind.TRADE

    def trade_spans(self, channel: Channel) -> TradeSpans | None:
        """Return which messages of the channel stand for several trades: what one taker order filled at one price."""
        return self._readers[channel.stream].spans

    def trades_call(self, channel: Channel, first_id: int, count: int) -> VenueCall:
        """Return the REST call for the single trades from `first_id` on, at most 100."""
        return history.trades_call(channel.info, first_id, count)

    def decode_trades(self, channel: Channel, body: bytes, ts_recv_ns: int) -> list[Trade]:
        """Return the trades in the answer, oldest first; VenueError if it is not what the venue documents."""
        return history.decode_trades(channel.info, body, ts_recv_ns)

    def klines_call(self, info: InstrumentInfo, interval_ms: int, count: int, end_ns: int) -> VenueCall | None:
        """Return the REST call for the last bars that began before `end_ns` (0: now); None without such bars."""
        return history.klines_call(info, interval_ms, count, end_ns)

    def decode_klines(self, info: InstrumentInfo, body: bytes) -> list[Kline]:
        """Return the bars in the answer, oldest first; VenueError if it is not what the venue documents."""
        return history.decode_klines(info, body)

    def retry_after_ns(self, reply: VenueReply) -> int:
        """Return how long the venue wants no calls: one of its windows after it refused one for their number."""
        return history.retry_after_ns(reply)


def _channel(info: InstrumentInfo, feed: str) -> Channel:
    length_ms = bar_length_ms(feed)
    if length_ms in history.INTERVALS:
        name = f"candle{history.INTERVALS[length_ms]}:{info.venue_symbol}"
        return Channel(name, FeedKind.BAR, info, info.stream(Kind.BAR), BUSINESS, interval_ms=length_ms)
    if feed not in FEEDS or (feed == "markPrice" and not info.margin):
        raise ConfigError(
            f"instruments.{info.symbol}.feeds: {feed!r} is not a feed of {info.category} at {info.venue.kind}"
        )
    channel, kind, stream = FEEDS[feed]
    return Channel(f"{channel}:{info.venue_symbol}", kind, info, info.stream(stream), CONNECTION)


def _names(channel: Channel) -> list[str]:
    """Return the venue's channels of one of ours; a swap's index has the swap's name without its end."""
    if channel.kind != FeedKind.MARK:
        return [channel.name]
    symbol = channel.info.venue_symbol
    return [channel.name, f"{FUNDING_RATE}:{symbol}", f"{INDEX_TICKERS}:{symbol.removesuffix(SWAP)}"]


def _refuse_twins(channels: Iterable[Channel]) -> None:
    by_stream: dict[int, Channel] = {}
    for channel in channels:
        other = by_stream.setdefault(channel.stream, channel)
        if other is not channel:
            raise ConfigError(
                f"instruments.{channel.info.symbol}.feeds: {other.name!r} and {channel.name!r} tell the same; "
                "only one of them can be followed"
            )
