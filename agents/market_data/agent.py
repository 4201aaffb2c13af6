"""Market data: one venue's websocket frames in, normalised messages out, one for each frame and in order of arrival.

Every frame is published exactly once, a depth frame that cannot be applied yet flagged STALE. What becomes of a book is
`books`' to say, whether a stream is LIVE `health`'s; this agent hands each input to whose it is. A book that was silent
publishes itself whole again, because its followers had to drop it.
"""

from collections.abc import Mapping
from typing import Any

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.market_data.bars import TIMER as BARS
from agents.market_data.bars import BarSteps
from agents.market_data.book_check import BookCheck
from agents.market_data.books import BookKeeper
from agents.market_data.clock import CLOCK, ClockPublisher
from agents.market_data.connections import Connections
from agents.market_data.feeds import SyncedBook, VenueFeed, line_of
from agents.market_data.frame_path import FramePath
from agents.market_data.health import SILENT, STALE, FeedHealth
from agents.market_data.klines import KlineAnswers
from agents.market_data.listing import LISTING, InstrumentListing
from agents.market_data.past_market import PastMarket
from agents.market_data.rest_calls import RestCalls
from agents.market_data.subscriptions import SUBSCRIBE, Subscriptions
from agents.market_data.trade_gaps import TIMER as TRADES
from agents.market_data.trade_gaps import TradeGaps
from agents.market_data.trade_ids import TradeIds
from agents.market_data.trade_joins import TIMER as JOIN
from agents.market_data.trade_joins import TradeJoins
from agents.venues.adapters import ADAPTERS
from agents.venues.base import FeedKind, Heartbeat, Tick
from agents.venues.book_sync import SyncStep
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import MarketFeeds
from agents.venues.reports import SubscriptionReply
from core.frame import Header
from mesh.agent import Agent, Context, Handlers, Request, VenueReply
from mesh.agent_io import FRAME_TOO_LARGE, Shell
from schemas.config import Config, MarketDataConfig, VenueConfig
from schemas.counters import Counter
from schemas.errors import ConfigError, VenueError
from schemas.figures import BookFigures, MarketDataFigures, TickFigures
from schemas.messages import (
    TYPE_NUMBERS,
    Ack,
    BookDelta,
    BookSnapshot,
    FeedState,
    KlinesRequest,
    MarkPrice,
    Message,
    Quote,
    Trade,
    VenueBar,
)
from schemas.streams import Kind, StreamState, stream_id, stream_kind, stream_name
from schemas.units import MS

TICK_TYPES = tuple(TYPE_NUMBERS[cls] for cls in (Trade, BookDelta, Quote, MarkPrice))
SILENCE_NS = 1_000 * MS
"""How long after a book went silent it is held against the other feeds: an update may be on its way for so long."""


class MarketData(Agent):
    """The role: one venue, the instruments of its configuration."""

    restores = frozenset()
    looked_back: PastMarket
    anchored = 2
    restores_last = frozenset({Trade, VenueBar})

    def __init__(
        self, config: MarketDataConfig, venue: VenueConfig, instruments: list[InstrumentInfo], feeds: MarketFeeds
    ) -> None:
        """Take the feeds to follow; nothing is opened before `start`."""
        self._venue_feeds = feeds
        self._calls = RestCalls(feeds)
        self._listing = InstrumentListing(feeds, self._calls, instruments)
        self._clock = ClockPublisher(feeds, self._calls, stream_id(Kind.CLOCK, venue.id, 0))
        self._subscriptions = Subscriptions(feeds)
        self._trade_gaps = TradeGaps(feeds, self._calls)
        self._trade_joins = TradeJoins(feeds, self._calls)
        self._bars = BarSteps(feeds, self._calls)
        self._klines = KlineAnswers(feeds, self._calls, self._clock, instruments)
        self._feeds: dict[int, VenueFeed] = {}
        self._published_before = 0
        checks = {info.id: BookCheck() for info in instruments}
        for channel in feeds.channels:
            feed = self._feeds[channel.stream] = VenueFeed(channel, checks[channel.info.id], feeds.reader(channel))
            if feeds.numbers_trades(channel):
                feed.trade_ids = TradeIds(feeds.trade_spans(channel))
            if channel.kind == FeedKind.DEPTH:
                feed.book = SyncedBook(channel, feed, feeds.book_sync())
        self._health = FeedHealth(self._feeds.values(), config)
        books = [feed.book for feed in self._feeds.values() if feed.book is not None]
        self._books = BookKeeper(config, feeds, books, self._health, self._calls)
        self._path = FramePath(self._feeds.values(), self, config.book_unequal_max)
        life_ms = venue.connection_life_ms or feeds.connection_life_ms
        self.looked_back = PastMarket(instruments)
        self._connections = Connections(feeds, self._feeds.values(), self._path, self._subscriptions, life_ms)

    def handlers(self) -> Handlers:
        """Have the path of the frames take each (`FramePath.on_frame`); what is not as usual it leaves to this agent."""
        return Handlers(self, frame=self._path.on_frame)

    def bind(self, ctx: Context) -> None:
        """Give every part its context too."""
        super().bind(ctx)
        self._path.bind(ctx)
        self._calls.bind(ctx)
        self._health.bind(ctx)
        self._books.bind(ctx)
        self._trade_gaps.bind(ctx)
        self._trade_joins.bind(ctx)
        self._bars.bind(ctx)
        self._klines.bind(ctx)

    def restore(self, header: Header, message: Message) -> None:
        """Go on behind the last trade or bar of a stream: what was missed since is asked for when the next one comes."""
        feed = self._feeds.get(header.stream)
        if feed is None:
            return
        if isinstance(message, VenueBar):
            self._bars.resume(feed, message)
        elif not isinstance(message, Trade):
            return
        elif feed.trade_ids is not None:
            feed.trade_ids.resume(message.trade_id)
        else:
            self._trade_joins.resume(feed, message)

    def passed_over(self, counts: Mapping[int, int]) -> None:
        """Count what was published before, as far back as the log is kept; state comes from the venue anew."""
        self._published_before = sum(counts.get(number, 0) for number in TICK_TYPES)

    def start(self) -> None:
        """Publish the instruments and that no feed is up yet; open the sockets; ask for the venue's time."""
        for feed in self._feeds.values():
            self._health.set(feed, StreamState.DOWN, "starting")
        self._connections.begin(self.ctx)
        self._listing.begin(self.ctx)
        self._clock.begin(self.ctx)

    def stop(self) -> None:
        """Say that the feeds end."""
        for feed in self._feeds.values():
            self._health.set(feed, StreamState.DOWN, "stopped")

    def on_socket(self, connection: str, up: bool, reason: str) -> None:
        """Begin the feeds of the connection anew, or mark them down, unless another connection has them."""
        if reason.startswith(FRAME_TOO_LARGE):
            self.ctx.count(Counter.VENUE_FRAME_TOO_LARGE)
        feeds = self._connections.on_socket(connection, up)
        self._books.on_socket(feeds)
        for feed in feeds:
            feed.frame_ns = self.ctx.now_ns
            self._health.set(feed, StreamState.SYNCING if up else StreamState.DOWN, reason or "connected")
        if up:
            self._books.begin(feeds)
            if self._subscriptions.acknowledged(connection):
                self._health.subscribed(feeds)

    def on_venue_reply(self, reply: VenueReply) -> None:
        """Hand the end of a REST call to who made it."""
        self._calls.on_reply(reply)

    def on_request(self, request: Request) -> None:
        """Answer with the venue's bars."""
        if isinstance(request.message, KlinesRequest):
            self._klines.on_request(request, request.message)
        else:
            text = f"market data does not take {type(request.message).__name__}"
            self.ctx.reply(request, Ack(accepted=False, text=text))

    def on_timer(self, name: str) -> None:
        """Find streams without frames, or ask for what had to wait."""
        if name == STALE:
            self._find_stale()
        elif name == SILENT:
            self._health.find_silent()
        elif name == LISTING:
            self._listing.ask()
        elif name == CLOCK:
            self._clock.ask()
        elif name.startswith(SUBSCRIBE):
            self._subscriptions.on_timer(self.ctx, name)
        elif name.startswith(TRADES):
            self._trade_gaps.on_timer(name)
        elif name.startswith(JOIN):
            self._trade_joins.on_timer(name)
        elif name.startswith(BARS):
            self._bars.on_timer(name)
        elif not self._connections.on_timer(name) and not self._books.on_timer(name):
            self._check_silence(name)

    def snapshot(self, stream: int) -> Message | None:
        """Return the book, quote, mark price, instrument or clock; a stream that is not LIVE has only its state."""
        if stream in self._listing.instruments:
            return self._listing.instruments[stream]
        if stream == self._clock.stream:
            return self._clock.last
        feed = self._feeds.get(stream)
        if feed is None or stream_kind(stream) in (Kind.TRADE, Kind.BAR):
            return None
        if feed.state != StreamState.LIVE:
            return FeedState(self.ctx.wall_ns, feed.state, feed.reason, feed.channel.weaker)
        return feed.last if feed.book is None else feed.book.message()

    def seen(self) -> dict[str, Any]:
        """Return the market as it was published."""
        return self.looked_back.told()

    @property
    def heartbeat(self) -> Heartbeat | None:
        """How the venue's websockets are kept open."""
        return self._venue_feeds.heartbeat

    @property
    def healthy(self) -> bool:
        """Whether the venue can be heard at all; single feeds that are quiet tell so in their own streams."""
        return any(feed.state != StreamState.DOWN for feed in self._feeds.values())

    def figures(self) -> MarketDataFigures:
        """Return frames in and messages out, each book against its ticker, the venue's clock, and each feed's state."""
        filled = self._trade_gaps.filled + self._trade_joins.filled
        return MarketDataFigures(
            ticks=TickFigures(
                received=self._path.received + filled, published=self._path.published + filled, filled=filled
            ),
            published_before=self._published_before,
            books=[_book_figures(number, book) for number, book in self._books.books.items()],
            listing=self._listing.trouble,
            faults={each.symbol: each.fault for each in self._listing.instruments.values() if each.fault},
            feeds={stream_name(stream): feed.state.name for stream, feed in self._feeds.items()},
            clock=self._clock.figures(),
            breakers=self._books.breakers.figures(),
            trades_lost=dict(self._trade_gaps.lost),
            trade_holes=dict(self._trade_joins.holes),
            bars_lost=dict(self._bars.lost),
            silent=self._health.silent(),
            subscriptions=self._subscriptions.waiting(self.ctx.now_ns),
            weaker=self._health.weaker(),
        )

    # What the path of the frames leaves to this agent

    def feed_of(self, connection: str, frame: bytes) -> VenueFeed | None:
        """Return the feed of a frame whose head is not as usual; take it if it answers a subscription."""
        channel = self._venue_feeds.channel_of(line_of(connection), frame)
        if channel is not None:
            return self._feeds[channel.stream]
        reply = self._venue_feeds.reply_of(frame)
        if reply is not None:
            self._on_subscription(connection, reply)
        elif self._venue_feeds.ends_soon(frame):
            self._connections.on_announced(connection)
        else:
            self.ctx.count(Counter.VENUE_FRAME_OTHER)
        return None

    def read(self, feed: VenueFeed, frame: bytes) -> Tick | DepthUpdate | list[Tick] | None:
        """Return what a frame in another layout says; publish what is wrong with it if it says nothing."""
        try:
            return self._venue_feeds.decode(feed.channel, frame, self.ctx.wall_ns)
        except VenueError as error:
            self._bad_frame(feed, str(error))
            return None

    def up(self, feed: VenueFeed, tick: Tick) -> None:
        """Publish that a feed that has no book is LIVE, before its next tick; ask for trades that it may have missed."""
        if feed.state == StreamState.SYNCING and feed.trade_ids is None and isinstance(tick, Trade):
            self._trade_joins.on_speaks(feed, tick)
        self._health.set(feed, StreamState.LIVE, "")

    def speaks(self, feed: VenueFeed) -> None:
        """Publish that a feed of bars is LIVE; others are with their first message."""
        if feed.is_bars:
            self._health.set(feed, StreamState.LIVE, "")

    def take_bar(self, feed: VenueFeed, bar: Tick) -> None:
        """Publish a bar that has ended, unless it comes again."""
        assert isinstance(bar, VenueBar), "a feed of bars has nothing else"
        if feed.state != StreamState.LIVE:
            self.speaks(feed)
        self._bars.take(feed, bar)

    def out_of_order(self, feed: VenueFeed, passed: int) -> bool:
        """Ask for the trades that were passed over; return whether the one that came is to be published."""
        assert feed.trade_ids is not None, "asked of a feed whose ids are followed"
        return self._trade_gaps.out_of_order(feed, passed, feed.trade_ids.first)

    def replace(self, feed: VenueFeed, snapshot: BookSnapshot) -> None:
        """Begin a book anew from a snapshot in the stream, whatever it was before."""
        assert feed.book is not None, "snapshots come in the stream of a book"
        self._books.replace(feed.book, snapshot)

    def disagree(self, feed: VenueFeed) -> None:
        """Make the book of the feed's instrument anew: it or the ticker is wrong, and nothing says which."""
        feed.check.begin_row()
        book = self._books.books.get(feed.channel.info.id)
        if book is not None and book.sync.synced:
            self.ctx.count(Counter.BOOK_UNEQUAL)
            self._books.distrust(
                book, f"best prices differ from the ticker's, last at update {book.sync.last_update_id}"
            )

    def settle(self, book: SyncedBook, update: DepthUpdate, step: SyncStep, wrong: str) -> None:
        """Publish an update that is not simply on top of a LIVE book, after whatever makes the book invalid."""
        self._path.count_published()
        self._books.settle(book, update, step, wrong)

    # Inside

    def _on_subscription(self, connection: str, reply: SubscriptionReply) -> None:
        refused = self._subscriptions.on_reply(self.ctx, connection, reply)
        feeds = [feed for feed in self._feeds.values() if feed.connection == connection]
        if self._subscriptions.acknowledged(connection):
            self._health.subscribed(feeds)
        for feed in feeds:
            if refused and feed.state != StreamState.LIVE:
                self._health.set(feed, StreamState.SYNCING, f"subscription refused: {reply.text}")

    def _bad_frame(self, feed: VenueFeed, error: str) -> None:
        self.ctx.count(Counter.VENUE_FRAME_BAD)
        if feed.book is not None:
            self._books.distrust(feed.book, error)
        else:
            self._health.set(feed, StreamState.GAP, error)

    def _find_stale(self) -> None:
        for feed in self._health.find_stale():
            if feed.book is not None:
                self.ctx.set_timer(feed.book.silence_timer, self.ctx.now_ns + SILENCE_NS)

    def _check_silence(self, name: str) -> None:
        for book in self._books.books.values():
            if book.silence_timer == name:
                others = [feed for feed in self._feeds.values() if feed.channel.info is book.info]
                self._books.check_silence(book, others)


def _book_figures(number: int, book: SyncedBook) -> BookFigures:
    return BookFigures(
        instrument=book.info.name,
        id=number,
        levels=book.levels.bid_levels + book.levels.ask_levels,
        compared=book.check.compared,
        equal=book.check.equal,
        unequal=list(book.check.unequal),
    )


def build(name: str, config: Config) -> MarketData:
    """Return the agent `name` of the configuration.

    Raises:
        ConfigError: If its venue or one of its instruments or feeds is not there.
    """
    own = config.agents[name]
    assert isinstance(own, MarketDataConfig)
    table = InstrumentTable(config)
    venue = table.venues.get(own.venue)
    if venue is None or venue.kind not in ADAPTERS:
        raise ConfigError(f"agents.{name}.venue: {own.venue!r} is not a venue of a kind in {sorted(ADAPTERS)}")
    missing = [symbol for symbol in own.instruments if (own.venue, symbol) not in table.by_symbol]
    if missing:
        raise ConfigError(f"agents.{name}.instruments: {missing} are not instruments of {own.venue!r}")
    instruments = [table.by_symbol[(own.venue, symbol)] for symbol in own.instruments]
    feeds = ADAPTERS[venue.kind].feeds(venue, instruments)
    if feeds.snapshot_depths and own.snapshot_depth not in feeds.snapshot_depths:
        allowed = ", ".join(str(depth) for depth in feeds.snapshot_depths)
        raise ConfigError(
            f"agents.{name}.snapshot_depth: {venue.kind} gives books of {allowed} levels only (found: {own.snapshot_depth})"
        )
    return MarketData(own, venue, instruments, feeds)


def shell(name: str, config: Config, agent: Agent) -> Shell:
    """Return the agent's I/O: public websockets and REST, without credentials."""
    from agents.venues.http_ws import VenueShell

    own = config.agents[name]
    assert isinstance(own, MarketDataConfig)
    assert isinstance(agent, MarketData)
    venue = next(venue for venue in config.venues if venue.name == own.venue)
    adapter = ADAPTERS[venue.kind]
    if adapter.shell is not None:
        return adapter.shell(venue)
    return VenueShell(venue.name, adapter.signer(venue, None), agent.heartbeat)
