"""One stream on its way from a connection to the one that takes over from it: nothing is lost, and nothing comes twice.

Both connections tell the same messages in the same order, one a little before the other, and the new one begins anywhere.
The stream is taken from the old one, and what the new one says is kept, until it is proven where one goes on in the other:
both have told a message of the same id (an update of a book, a trade, a ticker), or the new one tells the very next. From
there on the stream is the new one's, but for what the old one had told before. A stream without ids goes over with the
first message of the new one, and so does a book that is being made anew: it has nothing to lose.

What is never proven (ids that differ from one connection to another, or nothing came) ends when the old one does: then the
new one goes on with what it told that cannot be older than the last message, and holes show as they always do.
"""

from collections.abc import Callable

from agents.market_data.feeds import VenueFeed
from agents.venues.base import Tick
from agents.venues.depth_update import DepthUpdate
from schemas.messages import BookSnapshot, MarkPrice, Quote, Trade

KEPT_MAX = 10_000
"""Messages kept of the new connection; more than that many ahead of the old one, it takes over at once."""

Take = Callable[[VenueFeed, Tick | DepthUpdate], None]
Key = int | str


class Handover:
    """Takes the messages of one feed from both connections, and hands on each once."""

    def __init__(self, feed: VenueFeed, spare: str, take: Take) -> None:
        """Begin with the feed on its old connection; `spare` is the new one, and nothing of it was heard yet."""
        self._feed = feed
        self._spare = spare
        self._take = take
        self._last = last_key(feed)
        self._seen: dict[Key | None, None] = {self._last: None}
        """The latest keys of the old connection, in order."""
        self._kept: list[Tick | DepthUpdate] = []
        self._places: dict[Key | None, int] = {}
        """Where each key is in what is kept."""
        self._spoke = False
        self._behind = False
        """Whether the new connection may still tell what the old one had told when the stream went over."""
        self.doubled = 0
        """Messages that were not handed on because they had been."""

    @property
    def switched(self) -> bool:
        """Whether the stream is the new connection's."""
        return self._feed.connection == self._spare

    @property
    def done(self) -> bool:
        """Whether all that comes over the new connection is new from now on."""
        return self.switched and not self._behind

    @property
    def deaf(self) -> bool:
        """Whether the old connection spoke, and the new one has not."""
        return self._spoke and not self._kept and not self.switched

    def on_message(self, connection: str, message: Tick | DepthUpdate) -> None:
        """Take a message of either connection."""
        key = key_of(message)
        if connection != self._spare:
            self._on_old(message, key)
        elif self.switched:
            self._on_new(message, key)
        elif key is not None and key in self._seen:
            # What the new connection told before is older still.
            self.doubled += 1 + len(self._kept)
            self._kept.clear()
            self._switch(behind=key != self._last)
        else:
            self._places[key] = len(self._kept)
            self._kept.append(message)
            if key is None or self._follows(self._kept[0]):
                self._switch()
            elif len(self._kept) == KEPT_MAX:
                self.end()

    def end(self) -> bool:
        """Have the new connection take over now, the old one is gone; return whether that had still to be done."""
        if self.switched:
            return False
        told = [message for message in self._kept if not is_held(self._feed, message)]
        self.doubled += len(self._kept) - len(told)
        self._kept = told
        if self._feed.book is not None:
            self._feed.book.sync.resume()
        self._switch(behind=not told)
        return True

    def _on_old(self, message: Tick | DepthUpdate, key: Key | None) -> None:
        self._spoke = True
        if self.switched:
            self.doubled += 1
            return
        self._take(self._feed, message)
        if key is not None:
            self._see(key)
        if key is not None and key in self._places:
            told = self._places[key] + 1
            self.doubled += told
            del self._kept[:told]
            self._switch()
        elif self._kept and self._follows(self._kept[0]):
            self._switch()

    def _see(self, key: Key) -> None:
        self._last = key
        self._seen[key] = None
        if len(self._seen) > KEPT_MAX:
            del self._seen[next(iter(self._seen))]

    def _on_new(self, message: Tick | DepthUpdate, key: Key | None) -> None:
        if self._behind and key is not None and (key in self._seen or is_held(self._feed, message)):
            self.doubled += 1
            self._behind = key != self._last
            return
        self._behind = False
        self._take(self._feed, message)

    def _switch(self, *, behind: bool = False) -> None:
        """Make the stream the new connection's, and hand on what was kept of it."""
        self._feed.connection = self._spare
        self._behind = behind
        kept, self._kept = self._kept, []
        for message in kept:
            self._take(self._feed, message)

    def _follows(self, message: Tick | DepthUpdate) -> bool:
        """Return whether a message goes on where the feed is."""
        book, ids = self._feed.book, self._feed.trade_ids
        if book is not None and not book.sync.synced:
            return True
        if book is not None and isinstance(message, DepthUpdate):
            first, previous = message.first_update_id, message.previous_update_id
            return book.sync.continues(first, previous, book.sync.last_update_id)
        if ids is not None and isinstance(message, Trade):
            return ids.follows(message.trade_id)
        return False


def key_of(message: Tick | DepthUpdate) -> Key | None:
    """Return what tells a message of a stream from the others of it; None if nothing does."""
    if isinstance(message, Trade):
        return message.trade_id or None
    if isinstance(message, Quote):
        return message.update_id or message.ts_event_ns or None
    if isinstance(message, DepthUpdate | BookSnapshot):
        return message.last_update_id
    return message.ts_event_ns or None


def last_key(feed: VenueFeed) -> Key | None:
    """Return the key of the last message of a feed; None if nothing is known of it."""
    if feed.book is not None:
        return feed.book.sync.last_update_id if feed.book.sync.synced else None
    return None if feed.last is None else key_of(feed.last)


def is_held(feed: VenueFeed, message: Tick | DepthUpdate) -> bool:
    """Return whether a message must be older than the last one of a feed, or be that, by ids that rise and by time."""
    book, last = feed.book, feed.last
    if book is not None and isinstance(message, DepthUpdate):
        held, told, previous = book.sync.last_update_id, message.last_update_id, message.previous_update_id
        return book.sync.synced and told <= held and not book.sync.restarts(told, previous, held)
    if isinstance(message, Trade) and isinstance(last, Trade):
        if message.trade_id.isdigit() and last.trade_id.isdigit():
            return int(message.trade_id) <= int(last.trade_id)
        return message.ts_event_ns < last.ts_event_ns
    if isinstance(message, Quote) and isinstance(last, Quote):
        return (message.update_id, message.ts_event_ns) <= (last.update_id, last.ts_event_ns)
    return isinstance(message, MarkPrice) and isinstance(last, MarkPrice) and message.ts_event_ns <= last.ts_event_ns
