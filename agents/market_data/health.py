"""Which feeds are LIVE: a state changes by being published, and a feed that is silent for too long is found by itself.

A stream is LIVE while frames come. Without one for `stale_after_ms` it is in a GAP until the next.
"""

from collections.abc import Iterable

from agents.market_data.feeds import VenueFeed
from mesh.context import Context
from schemas.counters import Counter
from schemas.messages import FeedState
from schemas.streams import StreamState

STALE = "stale"
"""Name of the timer."""
TEXT_MAX = 400


class FeedHealth:
    """Publishes the state of some feeds."""

    def __init__(self, feeds: Iterable[VenueFeed], stale_after_ns: int) -> None:
        """Watch `feeds`, which are all DOWN."""
        self._feeds = list(feeds)
        self._stale_after_ns = stale_after_ns

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def set(self, feed: VenueFeed, state: StreamState, reason: str) -> None:
        """Publish that a feed is in `state` from now on, and why."""
        feed.state = state
        feed.reason = reason[:TEXT_MAX]
        feed.since_ns = self._ctx.now_ns
        self._ctx.publish(feed.stream, FeedState(self._ctx.wall_ns, state, feed.reason))
        if state == StreamState.LIVE:
            self._set_timer()

    def find_stale(self) -> list[VenueFeed]:
        """Publish which feeds have become silent, and return them."""
        silent = [feed for feed in self._feeds if feed.state == StreamState.LIVE and not self.heard(feed)]
        for feed in silent:
            self._ctx.count(Counter.FEED_STALE)
            self.set(feed, StreamState.GAP, "stale")
        self._set_timer()
        return silent

    def heard(self, feed: VenueFeed) -> bool:
        """Return whether a frame of the feed has come not too long ago."""
        return self._ctx.now_ns - feed.frame_ns < self._stale_after_ns

    def _set_timer(self) -> None:
        frames = [feed.frame_ns for feed in self._feeds if feed.state == StreamState.LIVE]
        if frames:
            self._ctx.set_timer(STALE, min(frames) + self._stale_after_ns)
        else:
            self._ctx.cancel_timer(STALE)
