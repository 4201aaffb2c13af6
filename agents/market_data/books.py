"""Books: published while they are proven to be the venue's, and made anew where they are not.

A book is synchronised by the venue's rule (`agents.venues.book_sync`): updates are kept, a snapshot is fetched beside them,
and when both join the whole book is published; from then on followers apply updates in order. What makes a book doubtful (a
hole in the update ids, a frame that is not what the venue documents, sides that cross, a ticker that says otherwise, a
socket that closed) is published at once as a `FeedState`, and the way back is always a new snapshot, fetched at a bounded
rate. Each time counts as a failure of the book's breaker (`breakers`): while that is not CLOSED, the book is kept but not
published as LIVE.
"""

from collections.abc import Iterable

from agents.market_data.breakers import BookBreakers
from agents.market_data.feeds import SyncedBook, VenueFeed
from agents.market_data.health import FeedHealth
from agents.market_data.rest_calls import RestCalls
from agents.venues.book_sync import SyncStep
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import MarketFeeds
from core.frame import FLAG_SNAPSHOT, FLAG_STALE
from mesh.context import CallOutcome, Context, VenueReply
from schemas.config import MarketDataConfig
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.messages import BookSnapshot
from schemas.streams import StreamState
from schemas.units import MS

SNAPSHOT_WAIT_NS = 250 * MS
SNAPSHOT_WAIT_NS_MAX = 8_000 * MS
SUBSCRIBED_WAIT_NS = 2_000 * MS
"""How long a connection is given to be subscribed and to send the snapshots with which its books begin."""
STEADY_NS = 30_000 * MS
"""A book that was good for so long asks for its next snapshot without waiting."""


class BookKeeper:
    """The books of one agent: how each gets whole, and what becomes of one that is not."""

    def __init__(
        self,
        config: MarketDataConfig,
        venue_feeds: MarketFeeds,
        books: Iterable[SyncedBook],
        health: FeedHealth,
        calls: RestCalls,
    ) -> None:
        """Keep `books`, which are all empty."""
        self._venue_feeds = venue_feeds
        self._depth = config.snapshot_depth
        self._health = health
        self._calls = calls
        self.books = {book.info.id: book for book in books}
        self.breakers = BookBreakers(config.breaker, self.books.values())

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx
        self.breakers.bind(ctx)

    def on_socket(self, feeds: Iterable[VenueFeed]) -> None:
        """Forget what is known of the books of `feeds`; the right to ask for their snapshots comes back."""
        for book in _books_of(feeds):
            book.clear()
            book.attempts = 0
            book.not_before_ns = self._ctx.now_ns
            self.breakers.interrupt(book)

    def begin(self, feeds: Iterable[VenueFeed]) -> None:
        """Ask for the snapshots of the books of `feeds`."""
        for book in _books_of(feeds):
            self._request_snapshot(book, subscribing=True)

    def on_timer(self, name: str) -> bool:
        """Ask for a snapshot that had to wait, or see to a breaker; return whether the timer was one of a book."""
        for book in self.books.values():
            if name == book.timer:
                self._request_snapshot(book)
            elif name == book.breaker_timer:
                self._on_breaker(book)
            else:
                continue
            return True
        return False

    # What the path of the frames leaves to the agent

    def replace(self, book: SyncedBook, snapshot: BookSnapshot) -> bool:
        """Begin a book anew from a snapshot in the stream, whatever it was before; return whether it was published."""
        book.snapshot = snapshot
        self._on_step(book, book.sync.on_stream_snapshot(snapshot.last_update_id))
        if book.sync.synced and not self.breakers.closed(book):
            self._ctx.publish(book.feed.stream, snapshot, flags=FLAG_STALE)
        return book.sync.synced

    def settle(self, book: SyncedBook, update: DepthUpdate, step: SyncStep, wrong: str) -> None:
        """Publish an update that is not simply on top of a LIVE book, after whatever makes the book invalid."""
        if step == SyncStep.GAP:
            wrong = f"gap before update {update.first_update_id}"
            self._ctx.count(Counter.BOOK_GAP)
        if wrong:
            self._invalidate(book, wrong, keep_updates=step == SyncStep.GAP)
        self._ctx.publish(book.feed.stream, update.delta, flags=FLAG_STALE)
        if wrong:
            self._request_snapshot(book)
        elif step == SyncStep.APPLY:
            book.compare(update.check_id or update.last_update_id)
            self._publish(book)
        elif step == SyncStep.KEPT:
            self._begin_without(book)
        else:
            self._on_step(book, step)

    def distrust(self, book: SyncedBook, reason: str) -> None:
        """Publish that a book cannot be right, and make it anew."""
        self._invalidate(book, reason)
        self._request_snapshot(book)

    def check_silence(self, book: SyncedBook, others: Iterable[VenueFeed]) -> None:
        """Count as a failure that a book is silent although frames of its instrument's other feeds came after its last."""
        silent = not self._health.heard(book.feed) and book.feed.state == StreamState.GAP
        if silent and any(other.frame_ns > book.feed.frame_ns for other in others):
            self.breakers.fail(book, "silent while the instrument's other feeds were not")

    # Inside

    def _on_step(self, book: SyncedBook, step: SyncStep) -> None:
        if step == SyncStep.SYNCED:
            self._join(book)
        elif step == SyncStep.SNAPSHOT_TOO_OLD:
            self._ctx.count(Counter.SNAPSHOT_TOO_OLD)
            book.snapshot = None
            self._request_snapshot(book)
        elif step == SyncStep.OLD:
            self._ctx.count(Counter.DEPTH_OLD)

    def _join(self, book: SyncedBook) -> None:
        assert book.snapshot is not None
        wrong = book.replace(book.snapshot)
        book.snapshot = None
        for update in book.sync.joined():
            wrong = wrong or book.apply(update)
            if not wrong:
                book.compare(update.check_id or update.last_update_id)
        if wrong:
            self.distrust(book, wrong)
        else:
            self._publish(book)

    def _publish(self, book: SyncedBook) -> None:
        """Publish a book that is whole, unless its breaker holds it back."""
        if self.breakers.holds(book):
            return
        self._ctx.publish(book.feed.stream, book.message(), flags=FLAG_SNAPSHOT)
        self._health.set(book.feed, StreamState.LIVE, "")

    def _on_breaker(self, book: SyncedBook) -> None:
        """Try the book anew when its breaker lets a probe go; publish it once the breaker is closed."""
        if self.breakers.on_time(book):
            book.clear()
            book.attempts = 0
            book.not_before_ns = self._ctx.now_ns
            self._request_snapshot(book)
        elif book.sync.synced and book.feed.state != StreamState.DOWN and self.breakers.closed(book):
            self._publish(book)

    def _invalidate(self, book: SyncedBook, reason: str, *, keep_updates: bool = False) -> None:
        """Publish that the book must not be used; `keep_updates` when its synchronisation has begun anew already."""
        if book.feed.state == StreamState.LIVE and self._ctx.now_ns - book.feed.since_ns >= STEADY_NS:
            book.attempts = 0
        if keep_updates:
            book.clear_levels()
        else:
            book.clear()
        self._ctx.count(Counter.BOOK_RESYNC)
        self.breakers.fail(book, reason)
        self._health.set(book.feed, StreamState.SYNCING, self.breakers.text(book) or reason)

    def _request_snapshot(self, book: SyncedBook, *, subscribing: bool = False) -> None:
        if book.call_id or book.feed.state == StreamState.DOWN or book.sync.synced or self.breakers.waits(book):
            return
        now_ns = self._ctx.now_ns
        not_before_ns = max(book.not_before_ns, self._calls.blocked_until_ns)
        if now_ns < not_before_ns:
            self._ctx.set_timer(book.timer, not_before_ns)
            return
        comes = subscribing and bool(self._venue_feeds.snapshot_requests(book.feed.channel))
        call = None if comes else self._venue_feeds.snapshot_call(book.info, self._depth)
        if call is not None:
            book.call_id = self._calls.make(call, lambda reply: self._on_snapshot(book, reply))
        book.not_before_ns = now_ns + min(SNAPSHOT_WAIT_NS << min(book.attempts, 10), SNAPSHOT_WAIT_NS_MAX)
        if call is None:
            self._await_snapshot(book, subscribing=subscribing)
        book.attempts += 1

    def _begin_without(self, book: SyncedBook) -> None:
        """Fetch the snapshot of a book whose subscription began with an update, where it can be fetched."""
        if book.attempts == 1 and not book.call_id and self._venue_feeds.snapshot_call(book.info, self._depth):
            book.not_before_ns = self._ctx.now_ns
            self._request_snapshot(book)

    def _on_snapshot(self, book: SyncedBook, reply: VenueReply) -> None:
        """Join a snapshot with the updates that were kept, or ask again."""
        book.call_id = 0
        if book.sync.synced or book.feed.state == StreamState.DOWN:
            return
        if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
            self._ctx.count(Counter.SNAPSHOT_FAILED)
            self._ask_in_stream(book)
            self._request_snapshot(book)
            return
        try:
            snapshot = self._venue_feeds.decode_snapshot(book.info, reply.body, self._ctx.wall_ns)
        except VenueError:
            self._ctx.count(Counter.SNAPSHOT_BAD)
            self._ask_in_stream(book)
            self._request_snapshot(book)
            return
        book.snapshot = snapshot
        self._on_step(book, book.sync.on_snapshot(snapshot.last_update_id))

    def _await_snapshot(self, book: SyncedBook, *, subscribing: bool) -> None:
        """Have the venue send the snapshot again in the stream, until it comes; a new subscription begins with one."""
        if subscribing:
            book.not_before_ns = self._ctx.now_ns + SUBSCRIBED_WAIT_NS
        else:
            self._ask_in_stream(book)
        self._ctx.set_timer(book.timer, book.not_before_ns)

    def _ask_in_stream(self, book: SyncedBook) -> None:
        """Have the venue send the snapshot again, where it does that: one that is fetched may fail."""
        for request in self._venue_feeds.snapshot_requests(book.feed.channel):
            self._ctx.send_socket(book.feed.connection, request.message, signed=request.signed)


def _books_of(feeds: Iterable[VenueFeed]) -> list[SyncedBook]:
    return [feed.book for feed in feeds if feed.book is not None]
