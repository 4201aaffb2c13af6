"""The figures of a run by their formulas, on numbers that are handed in; nothing here reads a file.

Sums are rounded once (`math.fsum`) and a square root is exact to the last bit, so figures do not depend on the machine.
Where a figure is not defined it is None, never a number that is none.

Annualised figures rest on returns over equal periods. Markets here are open 24 hours on 365 days, so a year has
`YEAR_NS / period` periods. Of a short run they are extrapolations; the result says of how many returns they are made.
"""

import math
from collections.abc import Sequence

YEAR_NS = 365 * 86_400 * 1_000_000_000
PERIODS_NS = (86_400_000_000_000, 3_600_000_000_000, 60_000_000_000, 1_000_000_000)
"""A day, an hour, a minute, a second."""
SAMPLES_MIN = 30


def period_of(span_ns: int) -> int:
    """Return the longest of a day, an hour, a minute, a second of which a time has at least 30; else a second."""
    return next((each for each in PERIODS_NS if span_ns >= SAMPLES_MIN * each), PERIODS_NS[-1])


def returns_of(equity: Sequence[int], transfers: Sequence[int]) -> list[float]:
    """Return the simple returns between samples of equity, `r = (E1 - (T1 - T0)) / E0 - 1`; none where E0 is not positive.

    `transfers` is what was paid in in all until each sample: it is part of the equity and no profit, and counts as paid at
    the end of its period (Dietz 1966 with the weight 0).
    """
    found = []
    for place in range(1, len(equity)):
        before = equity[place - 1]
        paid = transfers[place] - transfers[place - 1]
        if before > 0:
            found.append((equity[place] - paid - before) / before)
    return found


def mean(values: Sequence[float]) -> float | None:
    """Return the arithmetic mean."""
    return math.fsum(values) / len(values) if values else None


def deviation(values: Sequence[float]) -> float | None:
    """Return the standard deviation of a sample: `sqrt(sum((r - mean)^2) / (n - 1))`."""
    middle = mean(values)
    if middle is None or len(values) < 2:
        return None
    return math.sqrt(math.fsum((each - middle) ** 2 for each in values) / (len(values) - 1))


def volatility(returns: Sequence[float], periods: float) -> float | None:
    """Return the annualised volatility, `deviation * sqrt(periods a year)` (Hull, Options, Futures and Other Derivatives,
    chapter "Volatility")."""
    found = deviation(returns)
    return None if found is None else found * math.sqrt(periods)


def sharpe(returns: Sequence[float], periods: float) -> float | None:
    """Return the annualised Sharpe ratio against a riskless return of 0, `mean / deviation * sqrt(periods a year)`.

    (Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21, 1994; annualised by the root of time.)
    """
    middle, found = mean(returns), deviation(returns)
    return None if middle is None or not found else middle / found * math.sqrt(periods)


def sortino(returns: Sequence[float], periods: float) -> float | None:
    """Return the annualised Sortino ratio to a target of 0, `mean / sqrt(sum(min(r, 0)^2) / n) * sqrt(periods a year)`.

    (Sortino, Price, "Performance Measurement in a Downside Risk Framework", Journal of Investing 3, 1994: the downside
    deviation is taken over all n returns.)
    """
    middle = mean(returns)
    if middle is None or len(returns) < 2:
        return None
    below = math.sqrt(math.fsum(min(each, 0.0) ** 2 for each in returns) / len(returns))
    return middle / below * math.sqrt(periods) if below else None


def ratio(part: int, whole: int) -> float | None:
    """Return `part / whole`, rounded once; None of nothing."""
    return part / whole if whole else None


def quantile(ordered: Sequence[int], share: float) -> int | None:
    """Return the nearest-rank quantile of sorted numbers, the one at place `ceil(share * n)` (Hyndman, Fan, "Sample
    Quantiles in Statistical Packages", The American Statistician 50, 1996, definition 1)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


class Drawdown:
    """Follows how far wealth is below the highest that it was.

    Wealth is equity less what was paid in. The maximum drawdown is the largest fall from a peak to what came after it
    (Magdon-Ismail, Atiya, "Maximum Drawdown", Risk Magazine 17, 2004), in money and as a share of the peak, which may be
    two different falls. The duration is the longest time from a peak to the first moment that reaches it again, or to the
    end.
    """

    def __init__(self) -> None:
        """Start without a peak."""
        self.amount = 0
        self.share = 0.0
        self.peak_ns = self.trough_ns = 0
        """When the largest fall in money began and was deepest; 0 if there was none."""
        self.longest_ns = 0
        self._peak: int | None = None
        self._at_ns = 0
        self._below = False

    def add(self, ts_ns: int, wealth: int) -> float:
        """Take wealth at a moment, in the order of time; return how far it is below its peak, as a share of that."""
        if self._peak is None or wealth >= self._peak:
            if self._below:
                self.longest_ns = max(self.longest_ns, ts_ns - self._at_ns)
            self._peak, self._at_ns, self._below = wealth, ts_ns, False
            return 0.0
        self._below = True
        self.longest_ns = max(self.longest_ns, ts_ns - self._at_ns)
        fall = self._peak - wealth
        if fall > self.amount:
            self.amount, self.peak_ns, self.trough_ns = fall, self._at_ns, ts_ns
        share = fall / self._peak if self._peak > 0 else 0.0
        self.share = max(self.share, share)
        return share
