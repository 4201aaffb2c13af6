"""One recorded stream on its way from a connection to the one that takes over: each of its frames is recorded once.

The rule of `agents.market_data.handover`, on frames: both connections tell the same in one order. Until the old one ends
each of its frames is recorded, and of the new one's those are kept that the old one has not told; then they follow, and the
new one goes on. If it is the new one that is lost, nothing is missing. The last message of a frame names it, by an id or
else by the venue's time; a frame that has neither is named by its bytes.
"""

from agents.market_data.handover import key_of
from agents.venues.base import Channel
from agents.venues.market_port import MarketFeeds
from schemas.errors import VenueError

KEPT_MAX = 10_000
"""Frames kept of the new connection, and names of the old one's."""

Key = int | str | bytes


class StreamTakeover:
    """Knows of one stream what only one of two connections has told yet."""

    def __init__(self) -> None:
        """Begin with the stream on its old connection, each frame of which is recorded."""
        self._seen: dict[Key, None] = {}
        self._last: Key | None = None
        self._kept: list[tuple[Key, bytes]] = []
        self._places: dict[Key, int] = {}
        """Where each name stands, for the last time, in what is kept; from `_dropped` on."""
        self._dropped = 0
        self._behind = False
        self._spoke = self._heard = False
        self.proven = False
        """Whether it is known where one connection goes on in the other."""
        self.doubled = 0
        """Frames that both connections told, and that are recorded once."""

    @property
    def done(self) -> bool:
        """Whether all that comes over the new connection is new; asked once the old one has ended."""
        return not self._behind

    @property
    def deaf(self) -> bool:
        """Whether the old connection spoke, and the new one has not."""
        return self._spoke and not self._heard

    @property
    def full(self) -> bool:
        """Whether no more can be kept of the new connection."""
        return len(self._kept) >= KEPT_MAX

    def on_old(self, key: Key) -> None:
        """Take note of a frame of the old connection, which is recorded."""
        self._spoke = True
        self._seen.pop(key, None)
        self._seen[key] = None
        self._last = key
        if len(self._seen) > KEPT_MAX:
            del self._seen[next(iter(self._seen))]
        told = self._places.get(key, -1) + 1 - self._dropped
        if told > 0:
            self.proven = True
            self.doubled += told
            self._dropped += told
            del self._kept[:told]

    def on_new(self, key: Key, frame: bytes) -> None:
        """Keep a frame of the new connection, unless the old one told it before."""
        self._heard = True
        if key in self._seen:
            # What the new connection told before is older still.
            self.proven = True
            self.doubled += 1 + len(self._kept)
            self._dropped += len(self._kept)
            self._kept.clear()
            self._behind = key != self._last
        else:
            self._behind = False
            self._places[key] = self._dropped + len(self._kept)
            self._kept.append((key, frame))
            if len(self._places) > 2 * KEPT_MAX:
                del self._places[next(iter(self._places))]

    def end(self) -> list[bytes]:
        """Have the new connection go on, the old one has ended; return what it told and nobody else did."""
        kept, self._kept = self._kept, []
        self._behind = not kept and bool(self._seen) and (self._behind or not self.proven)
        return [frame for _, frame in kept]

    def is_new(self, key: Key) -> bool:
        """Return whether a frame of the new connection is to be recorded, once the old one has ended."""
        if self._behind and key in self._seen:
            self.doubled += 1
            self._behind = key != self._last
            return False
        self._behind = False
        return True


def frame_key(feeds: MarketFeeds, channel: Channel, frame: bytes) -> Key:
    """Return what names a frame among those of its stream."""
    try:
        message = feeds.decode(channel, frame, 0)
    except VenueError:
        return frame
    if isinstance(message, list):
        return frame if not message else key_of(message[-1]) or frame
    return key_of(message) or frame
