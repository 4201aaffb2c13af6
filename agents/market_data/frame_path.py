"""The way of a venue's frame while all is well: read, applied to its book, published, and held against the ticker.

Nothing else is called for each frame. A frame in another layout than the venue's usual one, a feed that comes up, and an
update that does not simply go on top of a book that is LIVE are the agent's (`agents.market_data`).

This file is compiled (`frame_path.pxd` has the C types).
"""

from collections.abc import Iterable
from typing import Protocol

from agents.market_data.feeds import SyncedBook, VenueFeed, line_of
from agents.state.message_fields import QUOTE, TRADE
from agents.venues.base import Tick
from agents.venues.book_sync import SyncStep
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import FrameReader
from mesh.context import Context
from schemas.messages import BookSnapshot, Quote
from schemas.streams import StreamState

_LIVE = StreamState.LIVE
_APPLY = SyncStep.APPLY
"""What every frame is held against; finding a member in its enumeration runs Python code (3.11), a global does not. For
the same reason the type of a tick is compared: `isinstance` of a Struct costs as much as reading the frame where it is
false."""


class Otherwise(Protocol):
    """Does what is not done for every frame."""

    def feed_of(self, connection: str, frame: bytes) -> VenueFeed | None:
        """Return the feed of a frame whose head is not as usual; None if it is of none, which was seen to then."""
        ...

    def read(self, feed: VenueFeed, frame: bytes) -> Tick | DepthUpdate | list[Tick] | None:
        """Return what a frame in another layout says; None if that is nothing, which was published then."""
        ...

    def out_of_order(self, feed: VenueFeed, passed: int) -> bool:
        """Take a trade that does not follow the one before (`TradeIds.observe`); return whether it is to be published."""
        ...

    def replace(self, feed: VenueFeed, snapshot: BookSnapshot) -> None:
        """Publish the book that came whole in the stream."""
        ...

    def up(self, feed: VenueFeed, tick: Tick) -> None:
        """Publish that a feed that has no book is LIVE; `tick` comes next."""
        ...

    def speaks(self, feed: VenueFeed) -> None:
        """Take note of a frame that says nothing yet, of a feed that is not LIVE."""
        ...

    def take_bar(self, feed: VenueFeed, bar: Tick) -> None:
        """Publish a bar that has ended."""
        ...

    def disagree(self, feed: VenueFeed) -> None:
        """Give up the book of the feed's instrument: it and the ticker have told different prices too often in a row."""
        ...

    def settle(self, book: SyncedBook, update: DepthUpdate, step: SyncStep, wrong: str) -> None:
        """Publish an update that did not leave a LIVE book whole, and do what must be done; `wrong` is what is."""
        ...


class Overlap(Protocol):
    """Takes the frames while some stream comes over two connections, of which one takes over from the other."""

    def on_frame(self, connection: str, frame: bytes) -> None:
        """Take a frame of any stream."""
        ...


class FramePath:
    """Takes the frames of some feeds, and counts what came in and what was published.

    A book that comes whole is no tick, in the stream as little as where it was fetched, and neither is a bar.
    """

    def __init__(self, feeds: Iterable[VenueFeed], otherwise: Otherwise, unequal_max: int) -> None:
        """Take the frames of `feeds`; what is not as usual, or unequal so often, goes to `otherwise`."""
        self.received = 0
        self.published = 0
        feeds = list(feeds)
        self._by_name = {feed.channel.name.encode(): feed for feed in feeds}
        self._by_connection: dict[str, dict[bytes, VenueFeed]] = {}
        if len(self._by_name) < len(feeds):
            for feed in feeds:
                self._by_connection.setdefault(feed.connection, {})[feed.channel.name.encode()] = feed
        self._shares_names = bool(self._by_connection)
        self._any: FrameReader | None = next((feed.reader for feed in self._by_name.values()), None)
        self._before: VenueFeed | None = None
        self._overlap: Overlap | None = None
        self._otherwise = otherwise
        self._unequal_max = unequal_max

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def set_overlap(self, overlap: Overlap | None) -> None:
        """Have `overlap` take all frames from now on; without one they are taken here."""
        self._overlap = overlap

    def on_frame(self, connection: str, frame: bytes) -> None:
        """Publish what the frame says."""
        if self._overlap is not None:
            self._overlap.on_frame(connection, frame)
            return
        feed = self._before
        if self._shares_names and feed is not None and feed.connection != connection:
            feed = self._before = None
        message = None if feed is None else feed.reader.read(frame, self._ctx.wall_ns)
        if feed is None or message is None:
            feed = self.find(connection, frame)
            if feed is None:
                self._before = None
                return
            if feed is not self._before:
                self._before = feed
                message = feed.reader.read(frame, self._ctx.wall_ns)
        self._take(feed, self._otherwise.read(feed, frame) if message is None else message)

    def find(self, connection: str, frame: bytes) -> VenueFeed | None:
        """Return the feed of a frame; None if it is of none, which was seen to then."""
        name = None if self._any is None else self._any.channel_name(frame)
        by_name = self._by_connection.get(line_of(connection), self._by_name) if self._shares_names else self._by_name
        feed = None if name is None else by_name.get(name)
        return self._otherwise.feed_of(connection, frame) if feed is None else feed

    def read(self, feed: VenueFeed, frame: bytes) -> Tick | DepthUpdate | list[Tick] | None:
        """Return what a frame of a feed says; None if that is nothing, which was published then."""
        message = feed.reader.read(frame, self._ctx.wall_ns)
        return self._otherwise.read(feed, frame) if message is None else message

    def take(self, feed: VenueFeed, message: Tick | DepthUpdate | list[Tick] | None) -> None:
        """Publish what a frame of a feed says."""
        self._take(feed, message)

    def count_published(self) -> None:
        """Count a message that was published otherwise because of a frame."""
        self.published += 1

    def _take(self, feed: VenueFeed, message: Tick | DepthUpdate | list[Tick] | None) -> None:
        self.received += 1
        feed.frame_ns = self._ctx.now_ns
        if isinstance(message, DepthUpdate):
            self._take_update(feed, message)
        elif type(message) is BookSnapshot:
            self.received -= 1
            self._otherwise.replace(feed, message)
        elif isinstance(message, list):
            self.received += len(message) - 1
            if not message and feed.state is not _LIVE:
                self._otherwise.speaks(feed)
            for tick in message:
                self._take_tick(feed, tick)
        elif message is not None:
            self._take_tick(feed, message)

    def _take_tick(self, feed: VenueFeed, tick: Tick) -> None:
        ids = feed.trade_ids
        if ids is not None:
            passed = ids.observe(TRADE.trade_id.of(tick))
            if passed != 0 and not self._otherwise.out_of_order(feed, passed):
                return
        elif feed.is_bars:
            self.received -= 1
            self._otherwise.take_bar(feed, tick)
            return
        if feed.state is not _LIVE:
            self._otherwise.up(feed, tick)
        feed.last = tick
        self._ctx.publish(feed.stream, tick)
        self.published += 1
        if type(tick) is Quote:
            feed.check.on_ticker(
                QUOTE.update_id.int_of(tick),
                QUOTE.bid_ticks.int_of(tick),
                QUOTE.bid_lots.int_of(tick),
                QUOTE.ask_ticks.int_of(tick),
                QUOTE.ask_lots.int_of(tick),
            )
            if feed.check.unequal_in_row >= self._unequal_max:
                self._otherwise.disagree(feed)

    def _take_update(self, feed: VenueFeed, update: DepthUpdate) -> None:
        book = feed.book
        assert book is not None
        step = book.sync.on_update(update)
        wrong = book.apply(update) if step is _APPLY else ""
        if wrong or step is not _APPLY or feed.state is not _LIVE:
            self._otherwise.settle(book, update, step, wrong)
            return
        self._ctx.publish(feed.stream, update.delta)
        self.published += 1
        book.compare(update.check_id or update.last_update_id)
        if book.check.unequal_in_row >= self._unequal_max:
            self._otherwise.disagree(feed)
