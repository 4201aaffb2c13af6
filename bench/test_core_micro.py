"""Micro benchmarks of the compiled core: `python -m pytest bench/test_core_micro.py` (needs pytest-benchmark).

Each times a thousand calls, so divide by 1000; the loop itself is part of the time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.correlation import EwmaCorrelation
from core.histogram import LatencyHistogram
from core.indicators import Indicators

CALLS = 1000
Benchmark = Callable[..., Any]
SOME: dict[str, Any] = {"ema_period": 20, "rsi_period": 14, "atr_period": 14}
AVERAGES = SOME | {"sma_period": 20, "macd_fast": 12, "macd_slow": 26, "macd_signal": 9}
ALL = AVERAGES | {"true_range": True, "bollinger_period": 20, "vwap": True, "volatility_period": 20}


def bars(count: int) -> np.ndarray:
    """Return `count` bars of a random walk as rows of high, low, close, volume."""
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.001, count)))
    return np.column_stack([close * 1.001, close * 0.999, close, rng.random(count)])


@pytest.mark.parametrize("value", [200, 1_000_000], ids=["exact", "log"])
def test_histogram_record(benchmark: Benchmark, value: int) -> None:
    record = LatencyHistogram().record

    def run() -> None:
        for _ in range(CALLS):
            record(value)

    benchmark(run)


def test_histogram_summary(benchmark: Benchmark) -> None:
    histogram = LatencyHistogram()
    for value in range(CALLS):
        histogram.record(value * value)
    assert benchmark(histogram.summary)["count"] == CALLS


@pytest.mark.parametrize("periods", [SOME, ALL], ids=["ema_rsi_atr", "all"])
def test_indicators_per_bar_with_three_reads(benchmark: Benchmark, periods: dict[str, Any]) -> None:
    indicators = Indicators(**periods)
    rows = [tuple(row) for row in bars(CALLS).tolist()]

    def run() -> float:
        total = 0.0
        for high, low, close, volume in rows:
            indicators.update(high, low, close, volume)
            total = indicators.ema + indicators.rsi + indicators.atr
        return total

    benchmark(run)


@pytest.mark.parametrize("periods", [SOME, ALL], ids=["ema_rsi_atr", "all"])
def test_indicators_batch(benchmark: Benchmark, periods: dict[str, Any]) -> None:
    indicators = Indicators(**periods)
    high, low, close, volume = np.ascontiguousarray(bars(CALLS).T)
    out = np.empty((CALLS, len(indicators.fields)))
    benchmark(indicators.update_batch, high, low, close, volume, out)


@pytest.mark.parametrize("series", [2, 32])
def test_ewma_correlation(benchmark: Benchmark, series: int) -> None:
    ewma = EwmaCorrelation(series, 100.0)
    returns = np.random.default_rng(7).normal(0, 0.01, series).tolist()

    def run() -> None:
        for _ in range(CALLS):
            ewma.update(returns)

    benchmark(run)
