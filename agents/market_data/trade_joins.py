"""Trades across a break of a connection, where the venue does not number them: what was missed, or that something was.

When such a stream speaks again after its connection was gone, or after this process was, the venue's latest trades are
asked for. If the last one from before the break is among them, those between it and the first one behind are all that was
missed: they are published behind what is newer and flagged STALE, as in `trade_gaps`. If it is not, the break was too long
for what the venue gives: that trades are missing is told on the stream and in `status`, and how many is not known.

Nothing that is live waits for it. An answer that does not reach to the first trade behind the break is asked for again.
"""

import msgspec

from agents.market_data.feeds import VenueFeed
from agents.market_data.rest_calls import TRIES_MAX, RestCalls
from agents.venues.market_port import MarketFeeds
from core.frame import FLAG_STALE
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.messages import FeedState, Trade
from schemas.streams import StreamState

LATEST = 1_000
TIMER = "join:"
"""A timer's name begins with it; the stream and a number follow."""


class _Break(msgspec.Struct, eq=False):
    """The last trade before it, and the first behind it."""

    timer: str
    feed: VenueFeed
    before: Trade
    behind: Trade
    tries: int = 0


class TradeJoins:
    """The breaks of streams of trades that are asked about."""

    def __init__(self, feeds: MarketFeeds, calls: RestCalls) -> None:
        """Begin with no break."""
        self._feeds = feeds
        self._calls = calls
        self._before: dict[int, Trade] = {}
        self._breaks: dict[str, _Break] = {}
        self._number = 0
        self.filled = 0
        """Trades that were missed, had, and published."""
        self.holes: dict[str, str] = {}
        """What was told of trades that are missing, by symbol."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def resume(self, feed: VenueFeed, trade: Trade) -> None:
        """Take the last trade of an earlier life of this process."""
        self._before[feed.stream] = trade

    def on_speaks(self, feed: VenueFeed, behind: Trade) -> None:
        """Ask what was before `behind`, with which a feed speaks again, and is published next."""
        before = feed.last if isinstance(feed.last, Trade) else self._before.get(feed.stream)
        if before is not None and before.trade_id != behind.trade_id:
            self._number += 1
            timer = f"{TIMER}{feed.stream}:{self._number}"
            self._breaks[timer] = own = _Break(timer, feed, before, behind)
            self._ask(own)

    def on_timer(self, name: str) -> None:
        """Ask again."""
        if name in self._breaks:
            self._ask(self._breaks[name])

    def _ask(self, own: _Break) -> None:
        if not self._calls.may_call(own.timer):
            return
        call = self._feeds.trades_call(own.feed.channel, 0, LATEST)
        if call is None:
            self._end(own, [], whole=False)
        else:
            self._calls.make(call, lambda reply: self._on_reply(own, reply))

    def _on_reply(self, own: _Break, reply: VenueReply) -> None:
        own.tries += 1
        channel, wall_ns = own.feed.channel, self._ctx.wall_ns
        trades = self._calls.found_in(reply, lambda body: self._feeds.decode_trades(channel, body, wall_ns))
        places = {trade.trade_id: place for place, trade in enumerate(trades)}
        first, end = places.get(own.before.trade_id, -1) + 1, places.get(own.behind.trade_id)
        if end is not None:
            self._end(own, trades[first:end], whole=own.before.trade_id in places)
        elif trades and trades[0].ts_event_ns > own.behind.ts_event_ns:
            # So many have come since that none of them was missed.
            self._end(own, [], whole=False)
        elif own.tries == TRIES_MAX:
            missed = [trade for trade in trades[first:] if trade.ts_event_ns < own.behind.ts_event_ns]
            self._end(own, missed, whole=False)
        else:
            self._calls.ask_again(own.timer, own.tries)

    def _end(self, own: _Break, missed: list[Trade], *, whole: bool) -> None:
        """Publish what was missed, and tell if that may not be all."""
        ctx, feed = self._ctx, own.feed
        del self._breaks[own.timer]
        if missed or not whole:
            ctx.count(Counter.TRADE_GAPS)
        if not whole:
            text = f"trades are missing between {own.before.trade_id} and {own.behind.trade_id}, nobody knows how many"
            ctx.count(Counter.TRADE_HOLES)
            self.holes[feed.channel.info.symbol] = text
            for state in (StreamState.GAP, feed.state):
                ctx.publish(feed.stream, FeedState(ctx.wall_ns, state, text))
        for trade in missed:
            ctx.count(Counter.TRADES_MISSED)
            ctx.count(Counter.TRADES_FILLED)
            ctx.publish(feed.stream, trade, flags=FLAG_STALE)
            self.filled += 1
