"""How fast orders may be sent, and how much instruments move together.

`TokenBucket` is the usual one, in integers: a token is 10**12 units, one unit of rate is a thousandth of an order per
second. `Correlations` follows returns of middle prices, one sample a second (J.P. Morgan, RiskMetrics, 1996, for the
exponential weights).
"""

import math
from collections.abc import Mapping, Sequence

from core.indicators import EwmaCorrelation

TOKEN = 10**12
COUNT_MAX = 2**62
"""More orders, or thousandths of an order per second, are as good as no limit."""
SAMPLE_MS = 1_000


class TokenBucket:
    """Lets `burst` orders through at once and `per_second` on average."""

    def __init__(self, per_second: float, burst: int) -> None:
        """Start empty at time 0; `fill` makes it full."""
        self._rate_milli = min(COUNT_MAX, max(1, round(per_second * 1_000)))
        self._room = min(COUNT_MAX, burst) * TOKEN
        self._level = 0
        self._at_ns = 0

    def fill(self, now_ns: int, share: int = 1) -> None:
        """Begin at `now_ns`, full if `share` is 1, empty if 0."""
        self._level = self._room * share
        self._at_ns = now_ns

    def level(self, now_ns: int) -> float:
        """Return how many orders may go now."""
        self._advance(now_ns)
        level = self._level
        return level / TOKEN

    def take(self, now_ns: int) -> bool:
        """Take the token of one order; False if there is none."""
        self._advance(now_ns)
        if self._level < TOKEN:
            return False
        self._level -= TOKEN
        return True

    def wait_ns(self, now_ns: int) -> int:
        """Return after how long an order may go, 0 if one may now."""
        self._advance(now_ns)
        missing = TOKEN - self._level
        return (missing + self._rate_milli - 1) // self._rate_milli if missing > 0 else 0

    def _advance(self, now_ns: int) -> None:
        # ns * milli-orders/s = 1e-12 orders
        passed_ns = now_ns - self._at_ns
        if passed_ns > 0:
            self._level = min(self._room, self._level + passed_ns * self._rate_milli)
            self._at_ns = now_ns


class Correlations:
    """Correlation of the middle prices of instruments, by instrument number."""

    def __init__(self, instruments: Sequence[int], half_life_ms: int) -> None:
        """Follow `instruments`; a sample loses half its weight in `half_life_ms`."""
        self._index = {number: index for index, number in enumerate(instruments)}
        self._last = [0] * len(self._index)
        self.samples = 0
        self.samples_needed = max(2, math.ceil(half_life_ms / SAMPLE_MS))
        """So many samples make a correlation known."""
        self._ewma = EwmaCorrelation(len(self._index), half_life_ms / SAMPLE_MS) if len(self._index) > 1 else None

    def sample(self, mids: Mapping[int, int]) -> None:
        """Add the return of each middle price since the last sample; 0 is not known and counts as no move."""
        returns = [0.0] * len(self._index)
        for number, index in self._index.items():
            mid, last = mids.get(number, 0), self._last[index]
            if mid and last:
                returns[index] = math.log(mid / last)
            self._last[index] = mid or last
        if self._ewma is not None:
            self._ewma.update(returns)
            self.samples += 1

    def between(self, one: int, other: int) -> float | None:
        """Return the correlation of two instruments, None while it is not known."""
        if self._ewma is None or one not in self._index or other not in self._index:
            return None
        value = self._ewma.correlation(self._index[one], self._index[other])
        return None if math.isnan(value) else max(-1.0, min(1.0, value))
