"""Trades that were missed: had from the venue's REST where it gives them, and counted as lost where it does not.

What comes so is published on the stream of its feed when it comes, behind newer trades, and flagged STALE: it fills what is
kept of the market (archive, bars of venue time), and nothing is decided by it. Nothing that is live waits for it.

A gap is asked for at once, and again ever more slowly; a hole that is too large, and the oldest of too many, are lost.
"""

from collections import deque

from agents.market_data.feeds import VenueFeed
from agents.market_data.rest_calls import TRIES_MAX, RestCalls
from agents.market_data.trade_ids import REPEATED, RESTARTED
from agents.venues.market_port import MarketFeeds
from core.frame import FLAG_STALE
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.messages import FeedState, Trade
from schemas.streams import StreamState

FILL_MAX = 20_000
"""Trades of one gap that are asked for; more are lost."""
PAGE_MAX = 1_000
GAPS_MAX = 16
TIMER = "trades:"
"""A timer's name begins with it; the stream follows."""


class _TradeGap:
    def __init__(self, first_id: int, count: int) -> None:
        self.next_id = first_id
        self.end_id = first_id + count
        self.tries = 0


class TradeGaps:
    """What is missing of each stream of trades, oldest first, and the call that is out for it."""

    def __init__(self, feeds: MarketFeeds, calls: RestCalls) -> None:
        """Begin with nothing missing."""
        self._feeds = feeds
        self._calls = calls
        self._gaps: dict[int, deque[_TradeGap]] = {}
        self._of_timer: dict[str, VenueFeed] = {}
        self._out: set[int] = set()
        self.filled = 0
        """Trades that were missed, had, and published."""
        self.lost: dict[str, int] = {}
        """Trades that were not to be had, by symbol."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def out_of_order(self, feed: VenueFeed, passed: int, first_id: int) -> bool:
        """Take what `TradeIds.observe` said of a message that begins with `first_id`; return whether to publish it."""
        ctx = self._ctx
        if passed == REPEATED:
            ctx.count(Counter.TRADES_REPEATED)
            return False
        if passed == RESTARTED:
            ctx.count(Counter.TRADE_IDS_RESTARTED)
            return True
        # Whoever builds bars is to know between which two trades some were missing.
        for state in (StreamState.GAP, StreamState.LIVE):
            ctx.publish(feed.stream, FeedState(ctx.wall_ns, state, f"{passed} trades were missed"))
        ctx.count(Counter.TRADE_GAPS)
        ctx.count(Counter.TRADES_MISSED, passed)
        self._add(feed, first_id - passed, passed)
        return True

    def on_timer(self, name: str) -> None:
        """Ask again for what is missing."""
        self._ask(self._of_timer[name])

    def _add(self, feed: VenueFeed, first_id: int, count: int) -> None:
        gaps = self._gaps.setdefault(feed.stream, deque())
        if count > FILL_MAX:
            self._lose(feed, count - FILL_MAX)
            first_id, count = first_id + count - FILL_MAX, FILL_MAX
        if len(gaps) == GAPS_MAX:
            oldest = gaps.popleft()
            self._lose(feed, oldest.end_id - oldest.next_id)
        gaps.append(_TradeGap(first_id, count))
        self._of_timer[_timer(feed)] = feed
        self._ask(feed)

    def _ask(self, feed: VenueFeed) -> None:
        gaps = self._gaps[feed.stream]
        if feed.stream in self._out or not gaps or not self._calls.may_call(_timer(feed)):
            return
        gap = gaps[0]
        count = min(gap.end_id - gap.next_id, PAGE_MAX)
        call = self._feeds.trades_call(feed.channel, gap.next_id, count)
        if call is None:
            self._end(feed, gap)
            return
        self._out.add(feed.stream)
        self._calls.make(call, lambda reply: self._on_reply(feed, gap, reply))

    def _on_reply(self, feed: VenueFeed, gap: _TradeGap, reply: VenueReply) -> None:
        self._out.discard(feed.stream)
        before, wall_ns = gap.next_id, self._ctx.wall_ns
        found = self._calls.found_in(reply, lambda body: self._feeds.decode_trades(feed.channel, body, wall_ns))
        self._publish(feed, gap, found)
        gap.tries = gap.tries + 1 if gap.next_id == before else 0
        if gap.next_id >= gap.end_id or gap.tries == TRIES_MAX:
            self._end(feed, gap)
        elif gap.tries:
            self._calls.ask_again(_timer(feed), gap.tries)
        else:
            self._ask(feed)

    def _publish(self, feed: VenueFeed, gap: _TradeGap, trades: list[Trade]) -> None:
        """Publish the trades of the gap that an answer holds; those that it passes over are lost."""
        found = {int(trade.trade_id): trade for trade in trades if _is_number(trade.trade_id)}
        for number in sorted(number for number in found if gap.next_id <= number < gap.end_id):
            self._lose(feed, number - gap.next_id)
            self._ctx.publish(feed.stream, found[number], flags=FLAG_STALE)
            self._ctx.count(Counter.TRADES_FILLED)
            self.filled += 1
            gap.next_id = number + 1

    def _end(self, feed: VenueFeed, gap: _TradeGap) -> None:
        """Give up what is still missing of a gap, and go on with the next one."""
        self._lose(feed, gap.end_id - gap.next_id)
        gaps = self._gaps[feed.stream]
        if gap in gaps:
            gaps.remove(gap)
        self._ask(feed)

    def _lose(self, feed: VenueFeed, count: int) -> None:
        if count > 0:
            self._ctx.count(Counter.TRADES_LOST, count)
            symbol = feed.channel.info.symbol
            self.lost[symbol] = self.lost.get(symbol, 0) + count


def _is_number(trade_id: str) -> bool:
    return trade_id.isascii() and trade_id.isdigit()


def _timer(feed: VenueFeed) -> str:
    return f"{TIMER}{feed.stream}"
