"""Market data: one venue's websocket frames in, normalised messages out, one for each frame and in order of arrival.

Every frame is published exactly once, a depth frame that cannot be applied yet flagged STALE. A book is synchronised by
the venue's rule (`agents.venues.book_sync`): updates are kept, a snapshot is fetched beside them, and when both join the
whole book is published; from then on followers apply updates in order. What makes a book doubtful (a hole in the update
ids, a frame that is not what the venue documents, sides that cross, a socket that closed) is published at once as a
`FeedState`, and the way back is always a new snapshot, fetched at a bounded rate.

A stream is LIVE while frames come. Without one for `stale_after_ms` it is in a GAP until the next; a book says so too,
and then publishes itself whole again, because its followers had to drop it.
"""

from collections.abc import Mapping

from agents.instruments import InstrumentInfo, InstrumentTable
from agents.market_data.book_check import BookCheck
from agents.market_data.feeds import SyncedBook, VenueFeed
from agents.market_data.frame_path import FramePath
from agents.market_data.listing import LISTING, InstrumentListing
from agents.market_data.subscriptions import SUBSCRIBE, Subscriptions
from agents.venues.adapters import ADAPTERS
from agents.venues.base import FeedKind, Heartbeat, Tick
from agents.venues.book_sync import SyncStep
from agents.venues.depth_update import DepthUpdate
from agents.venues.port import MarketFeeds
from agents.venues.reports import SubscriptionReply
from core.frame import FLAG_SNAPSHOT, FLAG_STALE
from mesh.agent import Agent, CallOutcome, Context, Handlers, VenueReply
from mesh.agent_io import Shell
from schemas.config import Config, MarketDataConfig
from schemas.counters import Counter
from schemas.errors import ConfigError, VenueError
from schemas.figures import BookFigures, MarketDataFigures, TickFigures
from schemas.messages import TYPE_NUMBERS, BookDelta, BookSnapshot, FeedState, MarkPrice, Message, Quote, Trade
from schemas.streams import Kind, StreamState, stream_kind, stream_name
from schemas.units import MS

TICK_TYPES = tuple(TYPE_NUMBERS[cls] for cls in (Trade, BookDelta, Quote, MarkPrice))
TEXT_MAX = 400
SNAPSHOT_WAIT_NS = 250 * MS
SNAPSHOT_WAIT_NS_MAX = 8_000 * MS
STEADY_NS = 30_000 * MS
"""A book that was good for so long asks for its next snapshot without waiting."""


class MarketData(Agent):
    """The role: one venue, the instruments of its configuration."""

    restores = frozenset()

    def __init__(self, config: MarketDataConfig, instruments: list[InstrumentInfo], feeds: MarketFeeds) -> None:
        """Take the feeds to follow; nothing is opened before `start`."""
        self._listing = InstrumentListing(feeds, instruments)
        self._subscriptions = Subscriptions(feeds)
        self._blocked_until_ns = 0
        self._venue_feeds = feeds
        self._stale_after_ns = config.stale_after_ms * MS
        self._snapshot_depth = config.snapshot_depth
        self._feeds: dict[int, VenueFeed] = {}
        self._books: dict[int, SyncedBook] = {}
        self._calls: dict[int, SyncedBook] = {}
        self._published_before = 0
        checks = {info.id: BookCheck() for info in instruments}
        for channel in feeds.channels:
            feed = self._feeds[channel.stream] = VenueFeed(channel, checks[channel.info.id], feeds.reader(channel))
            if channel.kind == FeedKind.DEPTH:
                feed.book = self._books[channel.info.id] = SyncedBook(channel, feed, feeds.book_sync())
        self._path = FramePath(self._feeds.values(), self)

    def handlers(self) -> Handlers:
        """Have the path of the frames take each (`FramePath.on_frame`); what is not as usual it leaves to this agent."""
        return Handlers(self, frame=self._path.on_frame)

    def bind(self, ctx: Context) -> None:
        """Give the path of the frames its context too."""
        super().bind(ctx)
        self._path.bind(ctx)

    def passed_over(self, counts: Mapping[int, int]) -> None:
        """Count what was published before, as far back as the log is kept; state comes from the venue anew."""
        self._published_before = sum(counts.get(number, 0) for number in TICK_TYPES)

    def start(self) -> None:
        """Publish the instruments and that no feed is up yet; open the sockets."""
        for stream, instrument in self._listing.instruments.items():
            self.ctx.publish(stream, instrument)
        for feed in self._feeds.values():
            self._set_state(feed, StreamState.DOWN, "starting")
        for connection, url in self._venue_feeds.urls().items():
            self.ctx.open_socket(connection, url)
        self._listing.ask(self.ctx, self._blocked_until_ns)

    def stop(self) -> None:
        """Say that the feeds end."""
        for feed in self._feeds.values():
            self._set_state(feed, StreamState.DOWN, "stopped")

    def on_socket(self, connection: str, up: bool, reason: str) -> None:
        """Begin all feeds of the connection anew, or mark them down."""
        books = [book for book in self._books.values() if book.feed.connection == connection]
        for book in books:
            book.clear()
            book.attempts = 0
            book.not_before_ns = self.ctx.now_ns
        for feed in self._feeds.values():
            if feed.connection == connection:
                feed.frame_ns = self.ctx.now_ns
                self._set_state(feed, StreamState.SYNCING if up else StreamState.DOWN, reason or "connected")
        self._subscriptions.begin(self.ctx, connection, up)
        if up:
            for book in books:
                self._request_snapshot(book)

    def on_venue_reply(self, reply: VenueReply) -> None:
        """Take what the venue lists, or join a snapshot with the updates that were kept; or ask again."""
        self._wait_as_told(reply)
        if reply.call_id == self._listing.call_id:
            self._listing.on_reply(self.ctx, reply)
            return
        book = self._calls.pop(reply.call_id)
        book.call_id = 0
        if book.sync.synced or book.feed.state == StreamState.DOWN:
            return
        if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
            self.ctx.count(Counter.SNAPSHOT_FAILED)
            self._request_snapshot(book)
            return
        try:
            snapshot = self._venue_feeds.decode_snapshot(book.info, reply.body, self.ctx.wall_ns)
        except VenueError:
            self.ctx.count(Counter.SNAPSHOT_BAD)
            self._request_snapshot(book)
            return
        book.snapshot = snapshot
        self._on_step(book, book.sync.on_snapshot(snapshot.last_update_id))

    def on_timer(self, name: str) -> None:
        """Find streams without frames, or ask for the listing or for a snapshot that had to wait."""
        if name == "stale":
            self._find_stale()
            return
        if name == LISTING:
            self._listing.ask(self.ctx, self._blocked_until_ns)
            return
        if name.startswith(SUBSCRIBE):
            self._subscriptions.on_timer(self.ctx, name)
            return
        for book in self._books.values():
            if book.timer == name:
                self._request_snapshot(book)

    def snapshot(self, stream: int) -> Message | None:
        """Return the book, quote, mark price or instrument; a stream that is not LIVE has only its state."""
        if stream in self._listing.instruments:
            return self._listing.instruments[stream]
        feed = self._feeds.get(stream)
        if feed is None or stream_kind(stream) == Kind.TRADE:
            return None
        if feed.state != StreamState.LIVE:
            return FeedState(self.ctx.wall_ns, feed.state, feed.reason)
        if stream_kind(stream) == Kind.BOOK:
            return next(book.message() for book in self._books.values() if book.feed is feed)
        return feed.last

    @property
    def heartbeat(self) -> Heartbeat | None:
        """How the venue's websockets are kept open."""
        return self._venue_feeds.heartbeat

    @property
    def healthy(self) -> bool:
        """Whether the venue can be heard at all; single feeds that are quiet tell so in their own streams."""
        return any(feed.state != StreamState.DOWN for feed in self._feeds.values())

    def figures(self) -> MarketDataFigures:
        """Return frames in and messages out, each book against its ticker, and each feed's state."""
        return MarketDataFigures(
            ticks=TickFigures(received=self._path.received, published=self._path.published),
            published_before=self._published_before,
            books=[_book_figures(number, book) for number, book in self._books.items()],
            listing=self._listing.trouble,
            faults={each.symbol: each.fault for each in self._listing.instruments.values() if each.fault},
            feeds={stream_name(stream): feed.state.name for stream, feed in self._feeds.items()},
        )

    # What the path of the frames leaves to this agent

    def feed_of(self, frame: bytes) -> VenueFeed | None:
        """Return the feed of a frame whose head is not as usual; take it if it answers a subscription."""
        channel = self._venue_feeds.channel(frame)
        if channel is not None:
            return self._feeds[channel.stream]
        reply = self._venue_feeds.reply_of(frame)
        if reply is None:
            self.ctx.count(Counter.VENUE_FRAME_OTHER)
        else:
            self._on_subscription(reply)
        return None

    def read(self, feed: VenueFeed, frame: bytes) -> Tick | DepthUpdate | list[Tick] | None:
        """Return what a frame in another layout says; publish what is wrong with it if it says nothing."""
        try:
            return self._venue_feeds.decode(feed.channel, frame, self.ctx.wall_ns)
        except VenueError as error:
            self._bad_frame(feed, str(error))
            return None

    def up(self, feed: VenueFeed) -> None:
        """Publish that a feed that has no book is LIVE."""
        self._set_state(feed, StreamState.LIVE, "")

    def replace(self, feed: VenueFeed, snapshot: BookSnapshot) -> None:
        """Begin a book anew from a snapshot in the stream, whatever it was before."""
        book = feed.book
        assert book is not None, "snapshots come in the stream of a book"
        book.snapshot = snapshot
        self._on_step(book, book.sync.on_stream_snapshot(snapshot.last_update_id))
        if book.sync.synced:
            self._path.count_published()

    def settle(self, book: SyncedBook, update: DepthUpdate, step: SyncStep, wrong: str) -> None:
        """Publish an update that is not simply on top of a LIVE book, after whatever makes the book invalid."""
        if step == SyncStep.GAP:
            wrong = f"gap before update {update.first_update_id}"
            self.ctx.count(Counter.BOOK_GAP)
        if wrong:
            self._invalidate(book, wrong, keep_updates=step == SyncStep.GAP)
        self.ctx.publish(book.feed.stream, update.delta, flags=FLAG_STALE)
        self._path.count_published()
        if wrong:
            self._request_snapshot(book)
        elif step == SyncStep.APPLY:
            book.compare(update.last_update_id)
            self._publish_book(book)
        else:
            self._on_step(book, step)

    # Inside

    def _on_subscription(self, reply: SubscriptionReply) -> None:
        refused = self._subscriptions.on_reply(self.ctx, reply)
        for feed in self._feeds.values():
            if feed.connection == refused and feed.state != StreamState.LIVE:
                self._set_state(feed, StreamState.SYNCING, f"subscription refused: {reply.text}")

    def _on_step(self, book: SyncedBook, step: SyncStep) -> None:
        if step == SyncStep.SYNCED:
            self._join(book)
        elif step == SyncStep.SNAPSHOT_TOO_OLD:
            self.ctx.count(Counter.SNAPSHOT_TOO_OLD)
            book.snapshot = None
            self._request_snapshot(book)
        elif step == SyncStep.OLD:
            self.ctx.count(Counter.DEPTH_OLD)

    def _join(self, book: SyncedBook) -> None:
        assert book.snapshot is not None
        wrong = book.replace(book.snapshot)
        book.snapshot = None
        for update in book.sync.joined():
            wrong = wrong or book.apply(update)
            if not wrong:
                book.compare(update.last_update_id)
        if wrong:
            self._invalidate(book, wrong)
            self._request_snapshot(book)
        else:
            self._publish_book(book)

    def _publish_book(self, book: SyncedBook) -> None:
        self.ctx.publish(book.feed.stream, book.message(), flags=FLAG_SNAPSHOT)
        self._set_state(book.feed, StreamState.LIVE, "")

    def _bad_frame(self, feed: VenueFeed, error: str) -> None:
        self.ctx.count(Counter.VENUE_FRAME_BAD)
        if feed.book is not None:
            self._invalidate(feed.book, error)
            self._request_snapshot(feed.book)
        else:
            self._set_state(feed, StreamState.GAP, error)

    def _invalidate(self, book: SyncedBook, reason: str, *, keep_updates: bool = False) -> None:
        """Publish that the book must not be used; `keep_updates` when its synchronisation has begun anew already."""
        if book.feed.state == StreamState.LIVE and self.ctx.now_ns - book.feed.since_ns >= STEADY_NS:
            book.attempts = 0
        if keep_updates:
            book.clear_levels()
        else:
            book.clear()
        self.ctx.count(Counter.BOOK_RESYNC)
        self._set_state(book.feed, StreamState.SYNCING, reason)

    def _request_snapshot(self, book: SyncedBook) -> None:
        if book.call_id or book.feed.state == StreamState.DOWN or book.sync.synced:
            return
        now_ns = self.ctx.now_ns
        not_before_ns = max(book.not_before_ns, self._blocked_until_ns)
        if now_ns < not_before_ns:
            self.ctx.set_timer(book.timer, not_before_ns)
            return
        call = self._venue_feeds.snapshot_call(book.info, self._snapshot_depth)
        if call is not None:
            book.call_id = self.ctx.call(call)
            self._calls[book.call_id] = book
        book.not_before_ns = now_ns + min(SNAPSHOT_WAIT_NS << min(book.attempts, 10), SNAPSHOT_WAIT_NS_MAX)
        if call is None:
            self._await_snapshot(book)
        book.attempts += 1

    def _await_snapshot(self, book: SyncedBook) -> None:
        """Have the venue send the snapshot again in the stream, until it comes; a new subscription begins with one."""
        if book.attempts:
            for request in self._venue_feeds.snapshot_requests(book.feed.channel):
                self.ctx.send_socket(book.feed.connection, request.message, signed=request.signed)
        self.ctx.set_timer(book.timer, book.not_before_ns)

    def _wait_as_told(self, reply: VenueReply) -> None:
        """Wait as long as the venue asks for: it limits the address, not the book that was asked for."""
        wait_ns = self._venue_feeds.retry_after_ns(reply)
        if wait_ns:
            self._blocked_until_ns = max(self._blocked_until_ns, self.ctx.now_ns + wait_ns)

    def _find_stale(self) -> None:
        for feed in self._feeds.values():
            if feed.state == StreamState.LIVE and self.ctx.now_ns - feed.frame_ns >= self._stale_after_ns:
                self.ctx.count(Counter.FEED_STALE)
                self._set_state(feed, StreamState.GAP, "stale")
        self._set_stale_timer()

    def _set_stale_timer(self) -> None:
        frames = [feed.frame_ns for feed in self._feeds.values() if feed.state == StreamState.LIVE]
        if frames:
            self.ctx.set_timer("stale", min(frames) + self._stale_after_ns)
        else:
            self.ctx.cancel_timer("stale")

    def _set_state(self, feed: VenueFeed, state: StreamState, reason: str) -> None:
        feed.state = state
        feed.reason = reason[:TEXT_MAX]
        feed.since_ns = self.ctx.now_ns
        self.ctx.publish(feed.stream, FeedState(self.ctx.wall_ns, state, feed.reason))
        if state == StreamState.LIVE:
            self._set_stale_timer()


def _book_figures(number: int, book: SyncedBook) -> BookFigures:
    return BookFigures(
        instrument=book.info.symbol,
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
    return MarketData(own, instruments, ADAPTERS[venue.kind].feeds(venue, instruments))


def shell(name: str, config: Config, agent: Agent) -> Shell:
    """Return the agent's I/O: public websockets and REST, without credentials."""
    from agents.venues.http_ws import VenueShell

    own = config.agents[name]
    assert isinstance(own, MarketDataConfig)
    assert isinstance(agent, MarketData)
    venue = next(venue for venue in config.venues if venue.name == own.venue)
    return VenueShell(venue.name, ADAPTERS[venue.kind].signer(venue, None), agent.heartbeat)
