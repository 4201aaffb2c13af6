"""Student's t: intervals of a ratio of two means of few rounds, at levels that many comparisons at once ask for.

With three rounds a side no resampling can be surer than one in twenty, however far apart they are; a hundred comparisons
need one in thousands. So logarithms of rounds are taken as normal, with unequal spreads (Welch, "The generalization of
'Student's' problem", 1947).
"""

from collections.abc import Sequence
from math import exp, lgamma, log, sqrt
from statistics import fmean, variance

TERMS = 60
"""Of the continued fraction: enough for 15 digits up to a thousand degrees of freedom."""

HALVINGS = 50


def log_ratio(
    new: Sequence[float], old: Sequence[float], error: float, spread_min: float = 0.0
) -> tuple[float, float, float]:
    """Return the log of the ratio of geometric means new / old, and its interval, wrong with probability `error`.

    Args:
        new: Rounds, positive.
        old: Rounds, positive; two or more on each side.
        error: Of both sides together.
        spread_min: No side is taken to scatter less than this (standard deviation of logs): with three rounds some
            figures scatter little by luck.
    """
    sides = [[log(each) for each in side] for side in (new, old)]
    centre = fmean(sides[0]) - fmean(sides[1])
    parts = [max(variance(side), spread_min**2) / len(side) for side in sides]
    total = sum(parts)
    if not total:
        return centre, centre, centre
    freedom = total**2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True))
    half = t_quantile(1 - error / 2, freedom) * sqrt(total)
    return centre, centre - half, centre + half


def t_quantile(p: float, freedom: float) -> float:
    """Return the value that Student's t with `freedom` degrees stays below with probability `p`, 0.5 < p < 1."""
    low, high = 0.0, 1.0
    while _below(high, freedom) < p:
        low, high = high, high * 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, freedom) < p else (low, middle)
    return high


def _below(t: float, freedom: float) -> float:
    return 1 - _beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2


def _beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function (Abramowitz and Stegun 26.5.8, a continued fraction)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    fraction = 1.0
    for m in range(TERMS, 0, -1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1))
        fraction = 1 + odd / (1 + even / fraction)
    return front / fraction
