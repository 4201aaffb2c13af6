"""Bybit market data, spot and linear: which topics there are, how they are subscribed, and what their frames say.

A frame names its topic, and spot and linear name them alike: which one is meant is said by the connection. In the layouts
that the venue writes, a frame is read by `agents.venues.bybit.frames`; in any other it goes through the typed decoder in
`agents.venues.bybit.wire`, which alone says what is wrong with a frame.

Subscriptions are messages with an acknowledgement each. One bad topic fails its whole request, so a request subscribes one
instrument. A book whose updates have a hole is subscribed anew, and begins with a snapshot.

Source: Bybit API v5 documentation, websocket connect, and websocket public streams.
"""

from collections.abc import Iterable, Sequence

import msgspec

from agents.instruments import InstrumentInfo
from agents.venues.base import DECODE_ERRORS, Channel, FeedKind, Heartbeat, StreamRequest, Tick, refuse
from agents.venues.book_sync import BookSync
from agents.venues.bybit import wire
from agents.venues.bybit.book_rules import BybitBookSync
from agents.venues.bybit.frames import BybitFrameReader, topic_at_head
from agents.venues.bybit.history import (
    INTERVALS,
    TIME,
    decode_klines,
    decode_time,
    decode_trades,
    klines_call,
    recent_trades_call,
)
from agents.venues.bybit.listing import listed, listing_calls
from agents.venues.bybit.waits import retry_after_ns
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import MarketFeeds
from agents.venues.reports import SubscriptionReply
from mesh.context import VenueCall, VenueReply
from schemas.config import VenueConfig
from schemas.errors import ConfigError
from schemas.markets import bar_length_ms
from schemas.messages import Instrument, Kline, Trade
from schemas.streams import Kind

HEARTBEAT = Heartbeat(ping='{"op":"ping"}', pong=b'"pong"', interval_ms=20_000)
"""The answer is of another shape on each kind of connection; all hold this word in quotes."""
ARGS_CHARS_MAX = 20_000
"""Of the topics of one connection, a little less than the 21,000 that the venue takes."""
LASTING = ("handler not found", "invalid symbol")
"""Words of a refusal of what there is not; no code tells it."""

TOPICS: dict[str, tuple[str, FeedKind, Kind]] = {
    "trade": ("publicTrade", FeedKind.TRADE, Kind.TRADE),
    "depth": ("orderbook.50", FeedKind.DEPTH, Kind.BOOK),
    "depth@10ms": ("orderbook.1", FeedKind.DEPTH, Kind.BOOK),
    "depth@20ms": ("orderbook.50", FeedKind.DEPTH, Kind.BOOK),
    "depth@100ms": ("orderbook.200", FeedKind.DEPTH, Kind.BOOK),
    "depth@200ms": ("orderbook.1000", FeedKind.DEPTH, Kind.BOOK),
    "bookTicker": ("orderbook.1", FeedKind.TICKER, Kind.QUOTE),
    "markPrice": ("tickers", FeedKind.MARK, Kind.MARK),
}
"""What each feed is called at the venue: books of more levels come more slowly."""

_DECODERS: dict[FeedKind, wire.DecodeFrame] = {
    FeedKind.TRADE: wire.trades,
    FeedKind.DEPTH: wire.book,
    FeedKind.TICKER: wire.quote,
    FeedKind.MARK: wire.mark,
    FeedKind.BAR: wire.bars,
}


class Topics(msgspec.Struct, frozen=True):
    """What an acknowledgement of options says of the topics."""

    failed: tuple[str, ...] = msgspec.field(name="failTopics", default=())


class Acknowledgement(msgspec.Struct):
    """The answer to a request on a public connection; the reason stands in `ret_msg` or in the topics that failed."""

    op: str = ""
    type: str = ""
    success: bool = False
    ret_msg: str = ""
    req_id: str = ""
    data: Topics = Topics()


_ACKNOWLEDGEMENT = msgspec.json.Decoder(Acknowledgement)


class BybitFeeds(MarketFeeds):
    """The feeds of one venue: one connection for spot and one for linear, or several where the topics are many."""

    def __init__(self, venue: VenueConfig, instruments: Iterable[InstrumentInfo], *, ws_url: str) -> None:
        """Read the instruments' feeds.

        Raises:
            ConfigError: If a feed is not known, not one of the instrument's category, or two would be one stream.
        """
        self._ws_url = (venue.ws_url or ws_url).rstrip("/")
        self._instruments = list(instruments)
        self._categories: dict[str, str] = {}
        channels = list(self._channels())
        super().__init__(channels, HEARTBEAT)
        self._by_name = {(channel.connection, channel.name): channel for channel in channels}
        self._readers = {channel.stream: BybitFrameReader(channel) for channel in channels}

    def urls(self) -> dict[str, str]:
        """Return the websocket URL of each connection."""
        return {name: f"{self._ws_url}/v5/public/{category}" for name, category in self._categories.items()}

    def requests(self, connection: str) -> Sequence[StreamRequest]:
        """Return a subscription for each instrument of the connection."""
        topics: dict[int, list[str]] = {}
        for channel in self.channels:
            if channel.connection == connection:
                topics.setdefault(channel.info.id, []).append(channel.name)
        return [_request(f"{connection}:{number}", "subscribe", names) for number, names in topics.items()]

    def reply_of(self, frame: bytes) -> SubscriptionReply | None:
        """Return which request a frame answers; that a topic is subscribed already is as good as that it is now."""
        try:
            found = _ACKNOWLEDGEMENT.decode(frame)
        except DECODE_ERRORS:
            return None
        if found.op not in ("subscribe", "unsubscribe") and found.type != "COMMAND_RESP":
            return None
        text = found.ret_msg or ", ".join(found.data.failed)
        accepted = (found.success and not found.data.failed) or "already subscribed" in text
        lasting = not accepted and any(word in text.lower() for word in LASTING)
        return SubscriptionReply(found.req_id, accepted, "" if accepted else text, lasting)

    def channel(self, frame: bytes) -> Channel | None:
        """Return the channel that a frame is of, whichever connection it came on; None if it is of none."""
        return next(filter(None, (self.channel_of(connection, frame) for connection in self._categories)), None)

    def channel_of(self, connection: str, frame: bytes) -> Channel | None:
        """Return the channel that a frame on `connection` is of, None if it is not a frame of a feed that was asked for."""
        head = topic_at_head(frame)
        try:
            topic = head.decode() if head is not None else wire.topic_of(frame)
        except DECODE_ERRORS:
            return None
        return self._by_name.get((connection, topic))

    def reader(self, channel: Channel) -> BybitFrameReader:
        """Return what reads the frames of `channel` that are in the venue's usual layouts; `decode` reads any."""
        return self._readers[channel.stream]

    def decode(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Return what a frame of `channel` says.

        Raises:
            VenueError: If the frame is not what the venue documents, or not in whole ticks and lots.
        """
        message = self._readers[channel.stream].read(frame, ts_recv_ns)
        return message if message is not None else self.decode_any(channel, frame, ts_recv_ns)

    def decode_any(self, channel: Channel, frame: bytes, ts_recv_ns: int) -> Tick | DepthUpdate | list[Tick]:
        """Do the same as `decode` whatever the layout of the frame is."""
        try:
            return _DECODERS[channel.kind](channel.info, self._readers[channel.stream], frame, ts_recv_ns)
        except DECODE_ERRORS as error:
            raise refuse(error, f"frame of {channel.name}") from error

    def book_sync(self) -> BookSync:
        """Return the venue's rule for snapshots and updates, for one book."""
        return BybitBookSync()

    def snapshot_requests(self, channel: Channel) -> Sequence[StreamRequest]:
        """Return what subscribes a book anew: it begins with a snapshot."""
        name = f"{channel.connection}:{channel.name}"
        return [
            _request(f"leave:{name}", "unsubscribe", [channel.name]),
            _request(f"again:{name}", "subscribe", [channel.name]),
        ]

    def listing_call(self, *, whole: bool) -> VenueCall:
        """Return the first of the calls for the listing."""
        return self.listing_calls(whole=whole)[0]

    def listing_calls(self, *, whole: bool) -> Sequence[VenueCall]:
        """Return the calls for what the venue lists of the instruments, or of all of their categories."""
        return listing_calls(self._instruments, whole=whole)

    def listed(self, reply: VenueReply) -> list[Instrument]:
        """Return the instruments of one answer with the venue's filters; VenueError if it is unreadable."""
        return listed(self._instruments, reply.call, reply.body)

    def time_call(self) -> VenueCall:
        """Return the REST call for the venue's time."""
        return VenueCall("GET", TIME, {})

    def decode_time(self, body: bytes) -> int:
        """Return the time of the feeds, that of the recording if one is played; VenueError if unreadable."""
        return decode_time(body)

    def trades_call(self, channel: Channel, first_id: int, count: int) -> VenueCall:
        """Return the REST call for the newest trades of a channel: the venue gives them from no id on."""
        return recent_trades_call(channel.info, count)

    def decode_trades(self, channel: Channel, body: bytes, ts_recv_ns: int) -> list[Trade]:
        """Return the trades in the answer to `trades_call`, oldest first; VenueError if they are unreadable."""
        return decode_trades(channel.info, body, ts_recv_ns)

    def klines_call(self, info: InstrumentInfo, interval_ms: int, count: int, end_ns: int) -> VenueCall | None:
        """Return the REST call for the last `count` bars that began before `end_ns` (0: now); None without such bars."""
        return klines_call(info, interval_ms, count, end_ns)

    def decode_klines(self, info: InstrumentInfo, body: bytes) -> list[Kline]:
        """Return the bars in the answer of the klines endpoint, oldest first; VenueError if they are unreadable."""
        return decode_klines(info, body)

    def retry_after_ns(self, reply: VenueReply) -> int:
        """Return how long the venue asks this address not to call."""
        return retry_after_ns(reply)

    def _channels(self) -> Iterable[Channel]:
        """Yield the channels, each on a connection of its category that has room for its topic."""
        chars: dict[str, int] = {}
        for info in self._instruments:
            taken: dict[object, str] = {}
            for feed in info.feeds:
                length_ms = bar_length_ms(feed)
                bars = INTERVALS.get(length_ms)
                if (feed not in TOPICS and bars is None) or (feed == "markPrice" and not info.margin):
                    raise ConfigError(
                        f"instruments.{info.symbol}.feeds: {feed!r} is not a feed of {info.venue.kind} {info.category}"
                    )
                topic, kind, stream_kind = TOPICS.get(feed, (f"kline.{bars}", FeedKind.BAR, Kind.BAR))
                for what in (topic, stream_kind):
                    other = taken.setdefault(what, feed)
                    if other != feed:
                        raise ConfigError(
                            f"instruments.{info.symbol}.feeds: {other!r} and {feed!r} tell the same; "
                            "only one of them can be followed"
                        )
                name = f"{topic}.{info.venue_symbol}"
                connection = self._connection(info, len(name), chars)
                yield Channel(name, kind, info, info.stream(stream_kind), connection, interval_ms=length_ms)

    def _connection(self, info: InstrumentInfo, size: int, chars: dict[str, int]) -> str:
        """Return the connection that takes a topic of `size` characters; `chars` are those of each by now."""
        number = 1
        while True:
            name = info.category if number == 1 else f"{info.category}-{number}"
            count = chars.get(name, 0) + size + len('"",')
            if count <= ARGS_CHARS_MAX:
                chars[name] = count
                self._categories[name] = info.category
                return name
            number += 1


def _request(name: str, what: str, topics: Sequence[str]) -> StreamRequest:
    return StreamRequest(name, {"req_id": name, "op": what, "args": list(topics)})
