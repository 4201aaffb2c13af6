"""What market data knows of one feed and of one book: health, levels, and how far the synchronisation is.

This file is compiled (`feeds.pxd` has the C types).
"""

from agents.market_data.book_check import BookCheck
from agents.market_data.trade_ids import TradeIds
from agents.venues.base import Channel, FeedKind, Tick
from agents.venues.book_sync import BookSync
from agents.venues.depth_update import DepthUpdate
from agents.venues.market_port import FrameReader
from core.book import OrderBook
from schemas.messages import BookDelta, BookSnapshot
from schemas.streams import StreamState

SPARE = "+"
"""Ends the name of every other connection to one address."""


def line_of(connection: str) -> str:
    """Return what the venue's feeds call a connection, whichever of the two to its address it is."""
    return connection.removesuffix(SPARE)


class VenueFeed:
    """One stream's health, the last message on it, and the book that it carries or the check that it feeds."""

    def __init__(self, channel: Channel, check: BookCheck, reader: FrameReader) -> None:
        """Begin as DOWN; `check` is that of the channel's instrument, `reader` reads the channel's frames."""
        self.channel = channel
        self.stream = channel.stream
        self.check = check
        self.reader = reader
        self.book: SyncedBook | None = None
        self.connection = channel.connection
        """The one that its messages are taken from; another may take over (`agents.market_data.connections`)."""
        self.state = StreamState.DOWN
        self.reason = "starting"
        self.since_ns = 0
        self.frame_ns = 0
        self.subscribed_ns = 0
        """When the venue had taken its subscription; no frame has come since if `frame_ns` is earlier."""
        self.last: Tick | None = None
        self.is_bars = channel.kind == FeedKind.BAR
        self.trade_ids: TradeIds | None = None
        """Set where the trades of the feed are numbered one after another."""


class SyncedBook:
    """One instrument's book, how far its synchronisation is, and when it may ask for a snapshot."""

    def __init__(self, channel: Channel, feed: VenueFeed, sync: BookSync) -> None:
        """Begin empty and not synchronised."""
        self.info = channel.info
        self.feed = feed
        self.check = feed.check
        self.sync = sync
        self.levels = OrderBook()
        self.snapshot: BookSnapshot | None = None
        self._last: BookDelta | BookSnapshot | None = None
        self.call_id = 0
        self.attempts = 0
        self.not_before_ns = 0
        self.timer = f"snapshot:{channel.info.id}"
        self.breaker_timer = f"breaker:{channel.info.id}"
        self.silence_timer = f"silence:{channel.info.id}"

    def clear(self) -> None:
        """Forget the levels and the synchronisation; the right to ask for a snapshot stays as it is."""
        self.sync.reset()
        self.snapshot = None
        self.clear_levels()

    def clear_levels(self) -> None:
        """Forget the levels only."""
        self.levels.clear()
        self._last = None

    def apply(self, update: DepthUpdate) -> str:
        """Apply an update; return what is wrong with the book then, empty if nothing is."""
        try:
            self.levels.apply(update.bids, update.asks)
        except ValueError as error:
            return f"update {update.last_update_id}: {error}"
        self._last = update.delta
        if update.checksum != 0 and not self.sync.checksum_holds(self.levels, self.info, update.checksum):
            return f"checksum of update {update.last_update_id} does not hold"
        return f"crossed at update {update.last_update_id}" if self.levels.crossed else ""

    def replace(self, snapshot: BookSnapshot) -> str:
        """Begin from a snapshot; return what is wrong with it, empty if nothing is."""
        try:
            self.levels.replace(snapshot.bids, snapshot.asks)
        except ValueError as error:
            return f"snapshot {snapshot.last_update_id}: {error}"
        self._last = snapshot
        return f"crossed in snapshot {snapshot.last_update_id}" if self.levels.crossed else ""

    def compare(self, update_id: int) -> None:
        """Hold the top of the book, as it is after `update_id`, against the ticker."""
        self.check.on_levels(update_id, self.levels)

    def message(self) -> BookSnapshot:
        """Return the whole book as of its last update."""
        assert self._last is not None
        bids, asks = self.levels.snapshot()
        return BookSnapshot(self._last.ts_event_ns, self._last.ts_recv_ns, self.sync.last_update_id, bids, asks)
