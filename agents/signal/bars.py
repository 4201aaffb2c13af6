"""Bars from trades, by the venue's time of each trade.

A bar covers [start, start + duration) on a grid that begins at the Unix epoch. It is closed by the first trade of a later
bar, or by time: when as much has passed here since its first trade as the venue's clock had left of the bar, and a grace
for trades that are on their way. Only durations are taken from the two clocks, so they need not agree. A trade of a bar
that was closed is late: counted, not added.

An interval without a trade makes a bar too, with the close before it as all its prices, no volume and no trades: Binance's
klines are so (GET /api/v3/klines answers a row for each interval, with `number of trades` 0 and the four prices equal), and
averages of bars are those of its charts only then. That there was no trade must be known: by the first trade after it, or
by time if the same market has carried something newer. After `EMPTY_MAX` such intervals no more are made.

A bar is partial if trades of it may be missing: the first one, which was joined in the middle, and those from the last
trade before an interruption to the first one after it; intervals between these two make no bar. A partial bar is no bar
of the venue's and not meant for strategies (`agents.signal.bar_series`).
"""

import msgspec

from agents.state.message_fields import TRADE
from schemas.messages import Trade
from schemas.units import MS

LOTS_MAX = 2**61
"""A sum that has reached this is put aside: another quantity, of at most 2**62, still fits 64 bits."""

GRACE_NS = 250 * MS
EMPTY_MAX = 1_000
"""Bars without trades that are made in a row; more are asked of the venue, if anybody wants them."""


class Bar(msgspec.Struct, frozen=True):
    """Open, high, low and close in ticks, volume in lots, and the number of trades of one interval.

    A strategy never sees one that is `partial`.
    """

    start_ns: int
    duration_ns: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    trades: int
    partial: bool = False


class BarBuilder:
    """Builds the bars of one instrument and duration."""

    def __init__(self, bar_ms: int) -> None:
        """Start without a bar."""
        self.duration_ns = bar_ms * MS
        self.late = 0
        self.due_ns = 0
        """Monotonic time at which the bar under way is to be closed by time; 0 while there is none."""
        self._start_ns = -1
        self._end_ns = 0
        self._open = self._high = self._low = self._close = 0
        self._volume = 0
        self._lots = 0
        self._trades = 0
        self._empty = 0
        self._partial = False
        self._interrupted = True

    def add(self, trade: Trade, now_ns: int) -> list[Bar] | None:
        """Add a trade; return the bars that it closed, oldest first, which do not contain it, None if there are none."""
        event_ns, start_ns = TRADE.ts_event_ns.int_of(trade), self._start_ns
        # Most trades are of the bar under way: for them nothing is divided.
        if start_ns < 0 or not start_ns <= event_ns < start_ns + self.duration_ns:
            start_ns = event_ns - event_ns % self.duration_ns
        if start_ns < self._start_ns or (start_ns == self._start_ns and self._trades == 0):
            self.late += 1
            return None
        closed: list[Bar] | None = None
        if start_ns > self._start_ns:
            closed = self._close_until(start_ns)
            self._begin(start_ns, trade, now_ns)
        self._interrupted = False
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

    def interrupt(self) -> None:
        """Take note that trades may be missing between the last one and the next."""
        self._partial = self._interrupted = True

    def close_due(self, now_ns: int, seen_ns: int) -> Bar | None:
        """Return the bar whose time has come, if there is one; `seen_ns` is of when the market's newest message tells."""
        if self.due_ns == 0 or now_ns < self.due_ns:
            return None
        if self._trades == 0 and seen_ns < self._end_ns:
            self.due_ns = now_ns + GRACE_NS
            return None
        bar = self._close_bar() if self._trades else self._empty_bar()
        self._end_ns += self.duration_ns
        self.due_ns = 0 if self._interrupted or self._empty == EMPTY_MAX else self._end_ns + GRACE_NS
        return bar

    def _begin(self, start_ns: int, trade: Trade, now_ns: int) -> None:
        self._partial = self._interrupted
        self._start_ns = start_ns
        self._open = self._high = self._low = trade.price_ticks
        self._volume = self._lots = self._empty = 0
        self._end_ns = now_ns + self.duration_ns - (trade.ts_event_ns - start_ns)
        self.due_ns = self._end_ns + GRACE_NS

    def _close_until(self, start_ns: int) -> list[Bar] | None:
        """Return the bar under way, and those without trades from then to `start_ns` if they are known to be so."""
        bars = [self._close_bar()] if self._trades else []
        if not self._interrupted:
            while self._start_ns + self.duration_ns < start_ns and self._empty < EMPTY_MAX:
                bars.append(self._empty_bar())
        return bars or None

    def _close_bar(self) -> Bar:
        bar = Bar(
            start_ns=self._start_ns,
            duration_ns=self.duration_ns,
            open_ticks=self._open,
            high_ticks=self._high,
            low_ticks=self._low,
            close_ticks=self._close,
            volume_lots=self._volume + self._lots,
            trades=self._trades,
            partial=self._partial,
        )
        self._trades = 0
        return bar

    def _empty_bar(self) -> Bar:
        self._start_ns += self.duration_ns
        self._empty += 1
        close = self._close
        return Bar(self._start_ns, self.duration_ns, close, close, close, close, 0, 0)
