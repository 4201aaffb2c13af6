"""Figures by their formulas, held against pandas, against exact fractions and against numbers worked out by hand."""

import math
import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from agents.backtest.result.figures import (
    YEAR_NS,
    Drawdown,
    deviation,
    mean,
    period_of,
    quantile,
    ratio,
    returns_of,
    sharpe,
    sortino,
    volatility,
)

DAY_NS = 86_400 * 10**9
DAYS = YEAR_NS / DAY_NS
SEEDS = range(5)


def walk(seed: int, steps: int = 400) -> list[int]:
    """Return an equity curve times 10**8."""
    rng = random.Random(seed)
    found = [10_000 * 10**8]
    for _ in range(steps):
        found.append(int(found[-1] * (1 + rng.gauss(0.0005, 0.01))))
    return found


def series(equity: list[int]) -> "pd.Series[float]":
    return pd.Series([float(each) for each in equity]).pct_change().dropna()


def close(value: float | None, other: float) -> bool:
    return value is not None and math.isclose(value, other, rel_tol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_returns_and_ratios_are_those_of_pandas(seed: int) -> None:
    equity = walk(seed)
    returns, other = returns_of(equity, [0] * len(equity)), series(equity)
    assert np.allclose(returns, other, rtol=1e-12, atol=1e-15)
    assert close(mean(returns), other.mean())
    assert close(deviation(returns), other.std(ddof=1))
    assert close(volatility(returns, DAYS), other.std(ddof=1) * 365**0.5)
    assert close(sharpe(returns, DAYS), other.mean() / other.std(ddof=1) * 365**0.5)
    assert close(sortino(returns, DAYS), other.mean() / (other.clip(upper=0) ** 2).mean() ** 0.5 * 365**0.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_ratios_are_those_of_exact_fractions(seed: int) -> None:
    equity = walk(seed, 50)
    exact = [Fraction(after, before) - 1 for before, after in pairwise(equity)]
    middle = sum(exact) / len(exact)
    variance = sum((each - middle) ** 2 for each in exact) / (len(exact) - 1)
    below = sum(min(each, Fraction(0)) ** 2 for each in exact) / len(exact)
    returns = returns_of(equity, [0] * len(equity))
    assert close(sharpe(returns, 1), float(middle) / math.sqrt(variance))
    assert close(sortino(returns, 1), float(middle) / math.sqrt(below))


def test_what_is_paid_in_is_no_return() -> None:
    assert returns_of([100, 150, 120], [0, 40, 0]) == [0.1, 10 / 150]


def test_without_equity_there_is_no_return() -> None:
    assert returns_of([0, 10, 20, -5, 10], [0] * 5) == [1.0, -1.25]


def test_what_is_not_defined_is_none() -> None:
    assert [volatility([], 1), volatility([0.1], 1), sharpe([0.1], 1), sortino([], 1), mean([])] == [None] * 5
    assert sharpe([0.1, 0.1], 1) is None
    assert sortino([0.1, 0.2], 1) is None
    assert ratio(1, 0) is None
    assert quantile([], 0.5) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_drawdown_is_that_of_pandas(seed: int) -> None:
    equity = walk(seed)
    falls = Drawdown()
    shares = [falls.add(place * DAY_NS, each) for place, each in enumerate(equity)]
    values = pd.Series(equity)
    below = values.cummax() - values
    assert falls.amount == below.max()
    assert np.allclose(shares, below / values.cummax(), rtol=1e-12)
    assert close(falls.share, (below / values.cummax()).max())
    deepest = int(below.idxmax())
    assert (falls.peak_ns, falls.trough_ns) == (last_peak(values, deepest) * DAY_NS, deepest * DAY_NS)
    assert falls.longest_ns == longest(values) * DAY_NS


def last_peak(values: "pd.Series[int]", place: int) -> int:
    before = values[: place + 1]
    return int(before[before == before.max()].index[-1])


def longest(values: "pd.Series[int]") -> int:
    """Return the longest way from a peak to the first value that reaches it, by comparing every pair."""
    found = 0
    for begin, peak in values.items():
        later = values[begin + 1 :]
        if later.empty or later.iloc[0] >= peak or values[:begin].max() > peak:
            continue
        reached = later[later >= peak]
        found = max(found, (reached.index[0] if len(reached) else values.index[-1]) - begin)
    return found


def test_drawdown_by_hand() -> None:
    falls = Drawdown()
    for ts_ns, wealth in enumerate((100, 120, 90, 130, 110, 125)):
        falls.add(ts_ns, wealth)
    assert (falls.amount, falls.share, falls.peak_ns, falls.trough_ns, falls.longest_ns) == (30, 0.25, 1, 2, 2)


def test_quantiles_are_those_of_pandas() -> None:
    rng = random.Random(1)
    values = sorted(rng.randrange(1000) for _ in range(101))
    for share in (0.01, 0.5, 0.9, 0.99, 1.0):
        assert quantile(values, share) == np.quantile(values, share, method="inverted_cdf")


def test_periods_fit_the_length_of_a_run() -> None:
    hour_ns, minute_ns = 3_600 * 10**9, 60 * 10**9
    spans = (40 * DAY_NS, 29 * DAY_NS, 29 * hour_ns, 29 * minute_ns, 5 * 10**9)
    assert [period_of(each) // 10**9 for each in spans] == [86_400, 3_600, 60, 1, 1]
