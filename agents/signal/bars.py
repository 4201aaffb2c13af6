"""Bars from trades, by the venue's time of each trade.

A bar covers [start, start + duration) on a grid that begins at the Unix epoch. It is closed by the first trade of a later
bar, or by time: when as much has passed here since its first trade as the venue's clock had left of the bar, and a grace
for trades that are on their way. Only durations are taken from the two clocks, so they need not agree. Intervals without
a trade make no bar. A trade of a bar that was closed is late: counted, not added.
"""

import msgspec

from agents.state.message_fields import TRADE
from schemas.messages import Trade
from schemas.units import MS

LOTS_MAX = 2**61
"""A sum that has reached this is put aside: another quantity, of at most 2**62, still fits 64 bits."""

GRACE_NS = 250 * MS


class Bar(msgspec.Struct, frozen=True):
    """Open, high, low and close in ticks, volume in lots, and the number of trades of one interval."""

    start_ns: int
    duration_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    trades: int


class BarBuilder:
    """Builds the bars of one instrument and duration."""

    def __init__(self, bar_ms: int) -> None:
        """Start without a bar."""
        self.duration_ns = bar_ms * MS
        self.late = 0
        self.due_ns = 0
        """Monotonic time at which the bar under way is closed by time; 0 while there is none."""
        self._start_ns = -1
        self._open = self._high = self._low = self._close = 0
        self._volume = 0
        self._lots = 0
        self._trades = 0

    def add(self, trade: Trade, now_ns: int) -> Bar | None:
        """Add a trade; return the bar that it closed, which does not contain it."""
        event_ns, start_ns = TRADE.ts_event_ns.int_of(trade), self._start_ns
        # Most trades are of the bar under way: for them nothing is divided.
        if start_ns < 0 or not start_ns <= event_ns < start_ns + self.duration_ns:
            start_ns = event_ns - event_ns % self.duration_ns
        if start_ns < self._start_ns or (start_ns == self._start_ns and self._trades == 0):
            self.late += 1
            return None
        closed = self._close_bar() if start_ns > self._start_ns else None
        if self._trades == 0:
            self._begin(start_ns, trade, now_ns)
        price = TRADE.price_ticks.int_of(trade)
        if price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._lots += TRADE.qty_lots.int_of(trade)
        if self._lots >= LOTS_MAX:
            self._volume += self._lots
            self._lots = 0
        self._trades += 1
        return closed

    def close_due(self, now_ns: int) -> Bar | None:
        """Return the bar under way if its time has come."""
        return self._close_bar() if self.due_ns and now_ns >= self.due_ns else None

    def _begin(self, start_ns: int, trade: Trade, now_ns: int) -> None:
        self._start_ns = start_ns
        self._open = self._high = self._low = trade.price_ticks
        self._volume = self._lots = 0
        left_ns = self.duration_ns - (trade.ts_event_ns - start_ns)
        self.due_ns = now_ns + left_ns + GRACE_NS

    def _close_bar(self) -> Bar | None:
        if self._trades == 0:
            return None
        bar = Bar(
            start_ns=self._start_ns,
            duration_ns=self.duration_ns,
            open_ticks=self._open,
            high_ticks=self._high,
            low_ticks=self._low,
            close_ticks=self._close,
            volume_lots=self._volume + self._lots,
            trades=self._trades,
        )
        self._trades = 0
        self.due_ns = 0
        return bar
