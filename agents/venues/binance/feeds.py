"""Binance market data, spot, USDT-M and COIN-M: combined-stream frames and depth snapshots to messages.

A frame is `{"stream":NAME,"data":{...}}`; the name says instrument and feed, so it is read in place. In the layout that
the venue writes, the frame is then read by `agents.venues.binance.frames`; in any other it goes through the typed decoder
of its feed (`frame_data`), which alone says what is wrong with a frame.

Source: binance-spot-api-docs web-socket-streams.md and rest-api.md; Binance derivatives docs, USDS-margined futures,
websocket market streams.
"""

from collections.abc import Iterable, Sequence

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, Channel, FeedKind, Tick, refuse
from agents.venues.binance.connection_end import CONNECTION_LIFE_MS, announces_end
from agents.venues.binance.frame_data import DECODERS
from agents.venues.binance.frames import BinanceFrameReader, stream_name
from agents.venues.binance.history import (
    TRADES_MAX,
    RestPaths,
    decode_klines,
    decode_snapshot,
    decode_time,
    decode_trades,
    klines_call,
    retry_after_ns,
)
from agents.venues.binance.listing import decode_listing
from agents.venues.book_sync import BookSync
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import MarketFeeds
from mesh.context import VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.errors import ConfigError
from schemas.markets import bar_length_ms
from schemas.messages import BookSnapshot, Instrument, Kline, Trade
from schemas.streams import Kind

_STREAM_KINDS = {
    FeedKind.TRADE: Kind.TRADE,
    FeedKind.AGGREGATE_TRADE: Kind.TRADE,
    FeedKind.DEPTH: Kind.BOOK,
    FeedKind.TICKER: Kind.QUOTE,
    FeedKind.MARK: Kind.MARK,
    FeedKind.BAR: Kind.BAR,
}


class StreamName(msgspec.Struct):
    """The part of a frame that says which feed it is of."""

    stream: str = ""


_NAME_DECODER = msgspec.json.Decoder(StreamName)


class BinanceFeeds(MarketFeeds):
    """The feeds of one venue: their websocket URLs, their frames, the snapshots of their books, and what the venue lists.

    `routes` says which connection carries a kind of feed: (connection, path in front of `/stream`); `lists_by_symbol`
    whether the listing can be asked for some symbols only; `sync` is the rule for books, `query` what each URL ends with.
    """

    def __init__(
        self,
        venue: VenueConfig,
        instruments: Iterable[InstrumentInfo],
        *,
        ws_url: str,
        paths: RestPaths,
        lists_by_symbol: bool,
        routes: dict[FeedKind, tuple[str, str]],
        sync: type[BookSync],
        snapshot_depths: Sequence[int] = (),
        query: str = "",
    ) -> None:
        """Read the instruments' feeds.

        Raises:
            ConfigError: If a feed is not known, not carried by this venue, or two would be one stream.
        """
        self._ws_url = (venue.ws_url or ws_url).rstrip("/")
        self._paths = paths
        self._lists_by_symbol = lists_by_symbol
        self._routes = routes
        self._sync = sync
        self._query = query
        self._instruments = list(instruments)
        channels = [self._channel(info, suffix) for info in self._instruments for suffix in info.feeds]
        super().__init__(channels, snapshot_depths=snapshot_depths, connection_life_ms=CONNECTION_LIFE_MS)
        self._by_name = {channel.name.encode(): channel for channel in self.channels}
        self._readers = {channel.stream: BinanceFrameReader(channel) for channel in self.channels}
        by_stream: dict[int, Channel] = {}
        for channel in self.channels:
            other = by_stream.setdefault(channel.stream, channel)
            if other is not channel:
                raise ConfigError(
                    f"instruments.{channel.info.symbol}.feeds: {other.name!r} and {channel.name!r} tell the same; "
                    "only one of them can be followed"
                )

    def urls(self) -> dict[str, str]:
        """Return the websocket URL of each connection that the channels need."""
        paths = dict(self._routes[channel.kind] for channel in self.channels)
        return {
            connection: f"{self._ws_url}{path}/stream?streams="
            + "/".join(channel.name for channel in self.channels if channel.connection == connection)
            + self._query
            for connection, path in paths.items()
        }

    def ends_soon(self, frame: bytes) -> bool:
        """Return whether a frame is the `serverShutdown` event."""
        return announces_end(frame)

    def reader(self, channel: Channel) -> BinanceFrameReader:
        """Return what reads the frames of `channel` that are in the venue's usual layout; `decode` reads any."""
        return self._readers[channel.stream]

    def channel(self, frame: bytes) -> Channel | None:
        """Return the channel that a frame is of, None if it is not a frame of a feed that was asked for."""
        name = stream_name(frame)
        if name is not None:
            return self._by_name.get(name)
        try:
            return self._by_name.get(_NAME_DECODER.decode(frame).stream.encode())
        except DECODE_ERRORS:
            return None

    def decode(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Return what a frame of `channel` says; an empty list if that is a bar that has not ended.

        Raises:
            VenueError: If the frame is not what the venue documents, or not in whole ticks and lots.
        """
        message = self._readers[channel.stream].read(frame, ts_recv_ns)
        if message is not None:
            return message
        return self.decode_any(channel, frame, ts_recv_ns)

    def decode_any(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Do the same as `decode` whatever the layout of the frame is."""
        try:
            return DECODERS[channel.kind](channel.info, frame, ts_recv_ns)
        except DECODE_ERRORS as error:
            raise refuse(error, f"frame of {channel.name}") from error

    def book_sync(self) -> BookSync:
        """Return the venue's rule for joining a snapshot and updates, for one book."""
        return self._sync()

    def snapshot_call(self, info: InstrumentInfo, depth: int) -> VenueCall:
        """Return the REST call for a snapshot of the book."""
        return VenueCall("GET", self._paths.depth, {"symbol": info.venue_symbol, "limit": str(depth)})

    def listing_call(self, *, whole: bool) -> VenueCall:
        """Return the REST call for what the venue lists of the instruments; `whole` asks for all that it lists.

        Asked for some symbols, the venue refuses if it does not know one of them.
        """
        symbols = msgspec.json.encode([info.venue_symbol for info in self._instruments]).decode()
        some = self._lists_by_symbol and not whole
        return VenueCall("GET", self._paths.listing, {"symbols": symbols} if some else {})

    def decode_listing(self, body: bytes) -> list[Instrument]:
        """Return the instruments with the venue's filters, or with what is wrong with them; VenueError if unreadable."""
        return decode_listing(self._instruments, body)

    def decode_snapshot(self, info: InstrumentInfo, body: bytes, ts_recv_ns: int) -> BookSnapshot:
        """Return the book in the answer of the depth endpoint.

        Raises:
            VenueError: If the answer is not what the venue documents, or not in whole ticks and lots.
        """
        return decode_snapshot(info, body, ts_recv_ns)

    def time_call(self) -> VenueCall:
        """Return the REST call for the venue's time."""
        return VenueCall("GET", self._paths.time, {})

    def decode_time(self, body: bytes) -> int:
        """Return the time of the feeds: the venue's own, or that of the recording that it plays.

        Raises:
            VenueError: If the answer is not what the venue documents.
        """
        return decode_time(body)

    def numbers_trades(self, channel: Channel) -> bool:
        """Return whether the channel is one of trades: the venue numbers them and their aggregates, each from 1 on."""
        return channel.kind in (FeedKind.TRADE, FeedKind.AGGREGATE_TRADE)

    def trades_call(self, channel: Channel, first_id: int, count: int) -> VenueCall:
        """Return the REST call for the trades or aggregates of a channel from `first_id` on, at most 1000."""
        whole = channel.kind == FeedKind.TRADE
        params = {"symbol": channel.info.venue_symbol, "fromId": str(first_id), "limit": str(count)}
        if whole and not self._paths.trades_by_id:
            params = {"symbol": channel.info.venue_symbol, "limit": str(TRADES_MAX)}
        return VenueCall("GET", self._paths.trades if whole else self._paths.aggregates, params)

    def decode_trades(self, channel: Channel, body: bytes, ts_recv_ns: int) -> list[Trade]:
        """Return the trades or aggregates in the answer of their endpoint.

        Raises:
            VenueError: If the answer is not what the venue documents, or not in whole ticks and lots.
        """
        return decode_trades(channel.info, body, ts_recv_ns, aggregated=channel.kind == FeedKind.AGGREGATE_TRADE)

    def klines_call(self, info: InstrumentInfo, interval_ms: int, count: int, end_ns: int) -> VenueCall | None:
        """Return the REST call for the last `count` bars that began before `end_ns` (0: now); None without such bars."""
        return klines_call(self._paths.klines, self._paths.intervals, info, interval_ms, count, end_ns)

    def decode_klines(self, info: InstrumentInfo, body: bytes) -> list[Kline]:
        """Return the bars in the answer of the klines endpoint, oldest first.

        Raises:
            VenueError: If the answer is not what the venue documents, or not in whole ticks and lots.
        """
        return decode_klines(info, body)

    def retry_after_ns(self, reply: VenueReply) -> int:
        """Return the venue's `Retry-After`, given in seconds."""
        return retry_after_ns(reply.headers)

    def _channel(self, info: InstrumentInfo, suffix: str) -> Channel:
        length_ms = bar_length_ms(suffix)
        kind = FeedKind.BAR if length_ms in self._paths.intervals else feed_kind(suffix)
        if kind is None or kind not in self._routes:
            raise ConfigError(f"instruments.{info.symbol}.feeds: {suffix!r} is not a feed of {info.venue.kind}")
        feed = f"kline_{self._paths.intervals[length_ms]}" if kind == FeedKind.BAR else suffix
        name = f"{info.venue_symbol.lower()}@{feed}"
        return Channel(name, kind, info, info.stream(_STREAM_KINDS[kind]), self._routes[kind][0], interval_ms=length_ms)


def feed_kind(suffix: str) -> FeedKind | None:
    """Return what a feed with that stream suffix carries, None if it is not known; depth of N levels is not a diff."""
    kinds = {
        "trade": FeedKind.TRADE,
        "aggTrade": FeedKind.AGGREGATE_TRADE,
        "bookTicker": FeedKind.TICKER,
        "markPrice": FeedKind.MARK,
        "depth": FeedKind.DEPTH,
    }
    return kinds.get(suffix.partition("@")[0])
