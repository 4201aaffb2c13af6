"""Which feeds are LIVE: a state changes by being published, and a feed that is silent for too long is found by itself.

A stream is LIVE while frames come. Without one for `stale_after_ms` it is in a GAP until the next: it went quiet. One that
never spoke at all, although the venue took its subscription, is told apart, after a time that is longer for trades, which
may be quiet: its address or its name is wrong.
"""

from collections.abc import Iterable

from agents.market_data.feeds import VenueFeed
from mesh.context import Context
from schemas.config import MarketDataConfig
from schemas.counters import Counter
from schemas.messages import FeedState
from schemas.streams import Kind, StreamState, stream_kind, stream_name, weakness_words
from schemas.units import MS

STALE = "stale"
"""Name of the timer that finds streams that went quiet."""
SILENT = "silent"
"""Name of the timer that finds those that never spoke."""
TEXT_MAX = 400


class FeedHealth:
    """Publishes the state of some feeds."""

    def __init__(self, feeds: Iterable[VenueFeed], config: MarketDataConfig) -> None:
        """Watch `feeds`, which are all DOWN."""
        self._feeds = list(feeds)
        self._stale_after_ns = config.stale_after_ms * MS
        self._silent_after_ns = config.silent_after_ms * MS
        self._silent_trades_after_ns = config.silent_trades_after_ms * MS
        self._told: dict[str, str] = {}
        """What was told of streams that never spoke, by name."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def set(self, feed: VenueFeed, state: StreamState, reason: str) -> None:
        """Publish that a feed is in `state` from now on, and why."""
        feed.state = state
        feed.reason = reason[:TEXT_MAX]
        feed.since_ns = self._ctx.now_ns
        self._ctx.publish(feed.stream, FeedState(self._ctx.wall_ns, state, feed.reason, feed.channel.weaker))
        if state == StreamState.LIVE:
            self._set_timer()

    def find_stale(self) -> list[VenueFeed]:
        """Publish which feeds have become silent, and return them."""
        silent = [feed for feed in self._feeds if feed.state == StreamState.LIVE and not self.heard(feed)]
        for feed in silent:
            self._ctx.count(Counter.FEED_STALE)
            self.set(feed, StreamState.GAP, f"nothing came for {self._stale_after_ns // MS} ms")
        self._set_timer()
        return silent

    def heard(self, feed: VenueFeed) -> bool:
        """Return whether a frame of the feed has come not too long ago."""
        return self._ctx.now_ns - feed.frame_ns < self._stale_after_ns

    def subscribed(self, feeds: Iterable[VenueFeed]) -> None:
        """Begin to wait for the first frame of each of `feeds` that is not LIVE: the venue has taken its subscription."""
        for feed in feeds:
            if feed.state != StreamState.LIVE:
                feed.subscribed_ns = self._ctx.now_ns
                feed.frame_ns = feed.subscribed_ns - 1
                self._told.pop(stream_name(feed.stream), None)
        self._await_first()

    def find_silent(self) -> None:
        """Publish which feeds have not spoken since they were subscribed, each once."""
        now_ns = self._ctx.now_ns
        for name, feed in self._unheard().items():
            if now_ns >= self._due_ns(feed) and name not in self.silent():
                waited_ms = (now_ns - feed.subscribed_ns) // MS
                self._told[name] = f"{feed.channel.name} was subscribed, and nothing came in {waited_ms} ms"
                self._ctx.count(Counter.FEED_SILENT)
                self.set(feed, feed.state, self._told[name])
        self._await_first()

    def silent(self) -> dict[str, str]:
        """Return what was told of the streams that have not spoken since they were subscribed, by name."""
        unheard = self._unheard()
        self._told = {name: text for name, text in self._told.items() if name in unheard}
        return dict(self._told)

    def weaker(self) -> dict[str, str]:
        """Return what streams do not promise, by name, of those that promise less than others."""
        weak = [feed for feed in self._feeds if feed.channel.weaker]
        return {stream_name(feed.stream): weakness_words(feed.channel.weaker) for feed in weak}

    def _unheard(self) -> dict[str, VenueFeed]:
        return {stream_name(feed.stream): feed for feed in self._feeds if feed.frame_ns < feed.subscribed_ns}

    def _due_ns(self, feed: VenueFeed) -> int:
        trades = stream_kind(feed.stream) == Kind.TRADE
        return feed.subscribed_ns + (self._silent_trades_after_ns if trades else self._silent_after_ns)

    def _await_first(self) -> None:
        """Look again when the next feed has been silent for too long."""
        told = self.silent()
        waiting = [self._due_ns(feed) for name, feed in self._unheard().items() if name not in told]
        if waiting:
            self._ctx.set_timer(SILENT, min(waiting))
        else:
            self._ctx.cancel_timer(SILENT)

    def _set_timer(self) -> None:
        frames = [feed.frame_ns for feed in self._feeds if feed.state == StreamState.LIVE]
        if frames:
            self._ctx.set_timer(STALE, min(frames) + self._stale_after_ns)
        else:
            self._ctx.cancel_timer(STALE)
