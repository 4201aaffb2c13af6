"""Bars of the market, made of what was traded in each second.

A bar without trades has the close before it as all its prices. There are none from before the market began,
and none older than `SECONDS_KEPT` seconds with trades, or than a silence of `SILENT_BARS_MAX` bars: a capture may have been
recorded long after the time that its trades tell, when a recorded market was recorded.
"""

from collections import deque

import msgspec

from agents.paper.money import E8

SECONDS_KEPT = 50_000
SILENT_BARS_MAX = 5_000


class TradedBar(msgspec.Struct):
    """What was traded in a span of time that began at `open_ms`; prices and quantities times 10**8."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    quote_volume: int = 0
    trades: int = 0
    taker_volume: int = 0
    taker_quote: int = 0
    first_id: int = -1
    last_id: int = -1
    """Ids of the first and the last trade; -1 without any, as Binance writes it."""
    last_ms: int = 0
    """When the last trade was; 0 without any."""

    def add(self, other: "TradedBar") -> None:
        """Take in what followed."""
        self.high, self.low, self.close = max(self.high, other.high), min(self.low, other.low), other.close
        self.volume += other.volume
        self.quote_volume += other.quote_volume
        self.trades += other.trades
        self.taker_volume += other.taker_volume
        self.taker_quote += other.taker_quote
        self.last_id, self.last_ms = other.last_id, other.last_ms


class KlineTape:
    """The seconds of one symbol in which there was a trade."""

    def __init__(self) -> None:
        """Begin without trades."""
        self._seconds: deque[TradedBar] = deque(maxlen=SECONDS_KEPT)

    def add(
        self, time_ms: int, price_e8: int, qty_e8: int, *, buyer_maker: bool, ids: tuple[int, int] = (-1, -1)
    ) -> None:
        """Take the next trade; one whose time is before that of the one before it counts as if it were the same."""
        quote_e8 = price_e8 * qty_e8 // E8
        taken = (0, 0) if buyer_maker else (qty_e8, quote_e8)
        prices, open_ms = (price_e8,) * 4, time_ms // 1000 * 1000
        second = TradedBar(open_ms, *prices, qty_e8, quote_e8, 1, *taken, *ids, time_ms)
        last = self._seconds[-1] if self._seconds else None
        if last is not None and second.open_ms <= last.open_ms:
            last.add(second)
        else:
            self._seconds.append(second)

    def bars(
        self, interval_ms: int, now_ms: int, since_ms: int | None, until_ms: int | None, limit: int
    ) -> list[TradedBar]:
        """Return the bars that began from `since_ms` to `until_ms`: the first `limit` from `since_ms`, else the last."""
        until = now_ms if until_ms is None else until_ms
        found = [bar for bar in self._bars(interval_ms, now_ms) if (since_ms or 0) <= bar.open_ms <= until]
        return found[-limit:] if since_ms is None else found[:limit]

    def bar(self, interval_ms: int, open_ms: int) -> TradedBar | None:
        """Return the bar that began at `open_ms`, as far as it was traded; None before the first trade."""
        seconds: list[TradedBar] = []
        for second in reversed(self._seconds):
            if second.open_ms < open_ms:
                seconds = seconds or [TradedBar(open_ms, *(second.close,) * 4)]
                break
            if second.open_ms < open_ms + interval_ms:
                seconds.append(second)
        if not seconds:
            return None
        found = msgspec.structs.replace(seconds.pop(), open_ms=open_ms)
        while seconds:
            found.add(seconds.pop())
        return found

    def _bars(self, interval_ms: int, now_ms: int) -> list[TradedBar]:
        bars: list[TradedBar] = []
        for second in self._seconds:
            open_ms = second.open_ms // interval_ms * interval_ms
            _fill(bars, interval_ms, open_ms)
            if bars and bars[-1].open_ms == open_ms:
                bars[-1].add(second)
            else:
                bars.append(msgspec.structs.replace(second, open_ms=open_ms))
        _fill(bars, interval_ms, now_ms // interval_ms * interval_ms + interval_ms)
        return bars


def _fill(bars: list[TradedBar], interval_ms: int, until_ms: int) -> None:
    """Append bars without trades up to the one that begins at `until_ms`, which is left out."""
    if bars and until_ms - bars[-1].open_ms > SILENT_BARS_MAX * interval_ms:
        close = bars[-1].close
        bars[:] = [TradedBar(until_ms - SILENT_BARS_MAX * interval_ms, close, close, close, close)]
    while bars and bars[-1].open_ms + interval_ms < until_ms:
        close = bars[-1].close
        bars.append(TradedBar(bars[-1].open_ms + interval_ms, close, close, close, close))
