"""The venue's own bars as they end: each once, and a hole between two of them told and filled.

One bar follows the other, so a missing one shows. It is asked for by REST, as for whoever wants history (`klines`), and is
published behind what is newer and flagged STALE, like trades that were missed. What an answer leaves out between two of its
bars is missing as before, and asked for by itself. A bar that has not ended is not published.
"""

import msgspec

from agents.market_data.feeds import VenueFeed
from agents.market_data.klines import ANSWER_MAX
from agents.market_data.rest_calls import TRIES_MAX, RestCalls
from agents.venues.base import bar_of
from agents.venues.market_port import MarketFeeds
from core.frame import FLAG_STALE
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.messages import FeedState, VenueBar
from schemas.streams import StreamState
from schemas.units import MS

TIMER = "bars:"
"""A timer's name begins with it; the stream and the start of the first missing bar follow."""


class _Hole(msgspec.Struct, eq=False):
    """Missing bars: those that begin from one time up to another."""

    timer: str
    feed: VenueFeed
    first_ns: int
    end_ns: int
    tries: int = 0


class BarSteps:
    """The last bar of each stream, and what is missing."""

    def __init__(self, feeds: MarketFeeds, calls: RestCalls) -> None:
        """Begin with no bar and nothing missing."""
        self._feeds = feeds
        self._calls = calls
        self._last_ns: dict[int, int] = {}
        self._holes: dict[str, _Hole] = {}
        self.lost: dict[str, int] = {}
        """Bars that were not to be had, by symbol."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def resume(self, feed: VenueFeed, bar: VenueBar) -> None:
        """Take the last bar of an earlier life of this process."""
        if bar.interval_ms == feed.channel.interval_ms:
            self._last_ns[feed.stream] = bar.open_ns

    def take(self, feed: VenueFeed, bar: VenueBar) -> None:
        """Publish a bar that has ended, after telling what is missing before it; one that comes again is passed over."""
        ctx, interval_ns = self._ctx, feed.channel.interval_ms * MS
        last_ns = self._last_ns.get(feed.stream, bar.open_ns - interval_ns)
        if bar.open_ns <= last_ns:
            ctx.count(Counter.BARS_REPEATED)
            return
        missing = (bar.open_ns - last_ns) // interval_ns - 1
        if missing > 0:
            for state in (StreamState.GAP, StreamState.LIVE):
                ctx.publish(feed.stream, FeedState(ctx.wall_ns, state, f"{missing} bars were missed"))
            ctx.count(Counter.BARS_MISSED, missing)
            first_ns, reach_ns = bar.open_ns - missing * interval_ns, bar.open_ns - ANSWER_MAX * interval_ns
            if first_ns < reach_ns:
                self._lose(feed, (reach_ns - first_ns) // interval_ns)
                first_ns = reach_ns
            self._begin(feed, first_ns, bar.open_ns, 0)
        self._last_ns[feed.stream] = bar.open_ns
        feed.last = bar
        ctx.publish(feed.stream, bar)

    def on_timer(self, name: str) -> None:
        """Ask again for what is missing."""
        if name in self._holes:
            self._ask(self._holes[name])

    def _begin(self, feed: VenueFeed, first_ns: int, end_ns: int, tries: int) -> None:
        """Ask for missing bars, after so many times in vain: now, later, or not any more."""
        if tries == TRIES_MAX:
            self._lose(feed, (end_ns - first_ns) // (feed.channel.interval_ms * MS))
            return
        timer = f"{TIMER}{feed.stream}:{first_ns}"
        self._holes[timer] = _Hole(timer, feed, first_ns, end_ns, tries)
        if tries:
            self._calls.ask_again(timer, tries)
        else:
            self._ask(self._holes[timer])

    def _ask(self, hole: _Hole) -> None:
        if not self._calls.may_call(hole.timer):
            return
        channel = hole.feed.channel
        count = (hole.end_ns - hole.first_ns) // (channel.interval_ms * MS)
        call = self._feeds.klines_call(channel.info, channel.interval_ms, count, hole.end_ns)
        assert call is not None, "a venue that streams bars of a length answers for them"
        self._calls.make(call, lambda reply: self._on_reply(hole, reply))

    def _on_reply(self, hole: _Hole, reply: VenueReply) -> None:
        """Publish the bars in an answer, and go on with what is missing before, between and behind them."""
        interval_ns = hole.feed.channel.interval_ms * MS
        found = self._publish(hole, reply)
        del self._holes[hole.timer]
        begins = [hole.first_ns, *[open_ns + interval_ns for open_ns in found]]
        for first_ns, end_ns in zip(begins, [*found, hole.end_ns], strict=True):
            if first_ns < end_ns:
                # A venue gives so many, the newest: what is before them was not refused, and is asked for at once.
                goes_on = bool(found) and end_ns == found[0]
                self._begin(hole.feed, first_ns, end_ns, 0 if goes_on else hole.tries + 1)

    def _publish(self, hole: _Hole, reply: VenueReply) -> list[int]:
        """Publish those bars of an answer that are missing, oldest first; return where they begin."""
        feed, interval_ms = hole.feed, hole.feed.channel.interval_ms
        klines = self._calls.found_in(reply, lambda body: self._feeds.decode_klines(feed.channel.info, body))
        found = {
            kline.open_ns: kline
            for kline in klines
            if hole.first_ns <= kline.open_ns < hole.end_ns
            and (kline.open_ns - hole.first_ns) % (interval_ms * MS) == 0
        }
        for open_ns in sorted(found):
            self._ctx.publish(feed.stream, bar_of(found[open_ns], interval_ms, self._ctx.wall_ns), flags=FLAG_STALE)
            self._ctx.count(Counter.BARS_FILLED)
        return sorted(found)

    def _lose(self, feed: VenueFeed, count: int) -> None:
        if count > 0:
            self._ctx.count(Counter.BARS_LOST, count)
            symbol = feed.channel.info.symbol
            self.lost[symbol] = self.lost.get(symbol, 0) + count
