"""The indicators against slow models that look at the whole history, on arbitrary and on long streams."""

import math
import random
import statistics
from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.correlation import EwmaCorrelation
from core.indicators import Indicators

Bar = tuple[float, float, float, float]

PRICES = st.one_of(st.floats(0.001, 1e6), st.sampled_from([1.0, 1.5, 2.0, 100.0]))
VOLUMES = st.one_of(st.just(0.0), st.floats(1e-3, 1e9))
PERIODS = st.integers(1, 9)


@st.composite
def bars(draw: st.DrawFn) -> list[Bar]:
    found = []
    for a, b, c, volume in draw(st.lists(st.tuples(PRICES, PRICES, PRICES, VOLUMES), max_size=60)):
        low, close, high = sorted((a, b, c))
        found.append((high, low, close, volume))
    return found


def ema_model(values: Sequence[float], period: int, factor: float) -> float:
    """Return the average of all `values`, seeded by the plain mean of the first `period`, in 40 digits."""
    if len(values) < period:
        return math.nan
    with localcontext() as context:
        context.prec = 40
        average = sum(map(Decimal, values[:period]), Decimal(0)) / period
        for value in values[period:]:
            average += (Decimal(value) - average) * Decimal(factor)
        return float(average)


def rsi_model(prices: Sequence[float], period: int) -> float:
    changes = [new - old for old, new in pairwise(prices)]
    gain = ema_model([max(change, 0.0) for change in changes], period, 1 / period)
    loss = ema_model([max(-change, 0.0) for change in changes], period, 1 / period)
    if gain == loss == 0:
        return 50.0
    return 100 - 100 / (1 + gain / loss) if loss else gain / gain * 100


def ranges_model(stream: Sequence[Bar]) -> list[float]:
    return [max(high, previous) - min(low, previous) for (_, _, previous, _), (high, low, _, _) in pairwise(stream)]


def vwap_model(stream: Iterable[Bar]) -> float:
    traded = [bar for bar in stream if bar[3] > 0]
    if not traded:
        return math.nan
    turnover = math.fsum((high + low + close) / 3 * volume for high, low, close, volume in traded)
    return turnover / math.fsum(bar[3] for bar in traded)


def stepped(indicators: Indicators, stream: Iterable[Bar]) -> Indicators:
    for bar in stream:
        indicators.update(*bar)
    return indicators


def close_to(found: float, expected: float, scale: float) -> bool:
    """Say whether both are NaN, or equal to 1e-9 of `scale`."""
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return abs(found - expected) <= 1e-9 * scale


@settings(deadline=None)
@given(bars(), PERIODS, PERIODS, PERIODS)
def test_averages_equal_the_model(stream: list[Bar], ema: int, rsi: int, atr: int) -> None:
    found = stepped(Indicators(ema_period=ema, rsi_period=rsi, atr_period=atr, true_range=True, vwap=True), stream)
    prices = [bar[2] for bar in stream]
    ranges = ranges_model(stream)
    scale = max(prices, default=0.0)
    assert close_to(found.ema, ema_model(prices, ema, 2 / (ema + 1)), scale)
    assert close_to(found.rsi, rsi_model(prices, rsi), 100.0)
    assert close_to(found.tr, ranges[-1] if ranges else math.nan, scale)
    assert close_to(found.atr, ema_model(ranges, atr, 1 / atr), max(ranges, default=0.0))
    assert close_to(found.vwap, vwap_model(stream), max((bar[0] for bar in stream), default=0.0))


@settings(deadline=None)
@given(bars(), PERIODS, PERIODS, PERIODS)
def test_macd_equals_the_model(stream: list[Bar], fast: int, more: int, signal: int) -> None:
    slow = fast + more
    found = stepped(Indicators(macd_fast=fast, macd_slow=slow, macd_signal=signal), stream)
    prices = [bar[2] for bar in stream]
    line = []
    for end in range(slow, len(prices) + 1):
        seen = prices[:end]
        line.append(ema_model(seen, fast, 2 / (fast + 1)) - ema_model(seen, slow, 2 / (slow + 1)))
    expected = ema_model(line, signal, 2 / (signal + 1))
    scale = max(prices, default=0.0)
    assert close_to(found.macd, line[-1] if line else math.nan, scale)
    assert close_to(found.macd_signal, expected, scale)
    assert close_to(found.macd_histogram, line[-1] - expected if line else math.nan, scale)


@settings(deadline=None)
@given(bars(), PERIODS, PERIODS, st.integers(2, 9), st.floats(0.1, 10.0))
def test_windows_equal_the_model(stream: list[Bar], sma: int, bollinger: int, volatility: int, width: float) -> None:
    found = Indicators(sma_period=sma, bollinger_period=bollinger, bollinger_width=width, volatility_period=volatility)
    prices: list[float] = []
    for bar in stream:
        found.update(*bar)
        prices.append(bar[2])
        check_windows(found, prices, sma, bollinger, volatility, width)


def check_windows(
    found: Indicators, prices: Sequence[float], sma: int, bollinger: int, volatility: int, width: float
) -> None:
    assert close_to(found.sma, statistics.fmean(prices[-sma:]) if len(prices) >= sma else math.nan, max(prices[-sma:]))
    if len(prices) < bollinger:
        assert math.isnan(found.bollinger_upper)
    else:
        middle, band = statistics.fmean(prices[-bollinger:]), width * statistics.pstdev(prices[-bollinger:])
        scale = max(prices[-bollinger:]) * max(width, 1.0)
        assert close_to(found.bollinger_middle, middle, scale)
        assert close_to(found.bollinger_upper, middle + band, scale)
        assert close_to(found.bollinger_lower, middle - band, scale)
    if len(prices) <= volatility:
        assert math.isnan(found.volatility)
    else:
        recent = prices[-volatility - 1 :]
        returns = [math.log(new / old) for old, new in pairwise(recent)]
        assert close_to(found.volatility, statistics.stdev(returns), max(abs(value) for value in returns))


@settings(deadline=None)
@given(bars(), st.integers(0, 9), st.integers(0, 9), st.lists(st.integers(0, 60), max_size=4))
def test_batches_of_any_cut_equal_streaming_bit_for_bit(
    stream: list[Bar], short: int, window: int, cuts: list[int]
) -> None:
    def make() -> Indicators:
        return Indicators(
            ema_period=short,
            ema_slow_period=window,
            rsi_period=short,
            atr_period=window,
            true_range=short > 4,
            sma_period=window,
            macd_fast=short,
            macd_slow=short + 3,
            macd_signal=window,
            bollinger_period=short,
            vwap=window > 4,
            volatility_period=window if window > 1 else 0,
        )

    streaming, batch = make(), make()
    expected = np.empty((len(stream), len(streaming.fields)))
    for row, bar in zip(expected, stream, strict=True):
        streaming.update(*bar)
        row[:] = [getattr(streaming, field) for field in streaming.fields]
    table = np.array(stream).reshape(len(stream), 4)
    out = np.zeros_like(expected)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, end in pairwise(edges):
        high, low, close, volume = table[start:end].T
        batch.update_batch(high, low, close, volume, out[start:end])
    assert out.tobytes() == expected.tobytes()


def long_stream(count: int, seed: int) -> list[Bar]:
    """Return a random walk over six orders of magnitude with bursts of volume, as a market may look over months."""
    rng = random.Random(seed)
    price, stream = 100.0, []
    for _ in range(count):
        price = min(max(price * math.exp(rng.gauss(0.0, 0.02)), 0.01), 1e6)
        high, low = price * (1 + rng.random() * 0.01), price * (1 - rng.random() * 0.01)
        stream.append((high, low, price, rng.random() * 10.0 ** rng.randrange(9)))
    return stream


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_drifts_on_a_long_stream(seed: int) -> None:
    stream = long_stream(100_000, seed)
    prices = [bar[2] for bar in stream]
    found = Indicators(
        ema_period=20,
        rsi_period=14,
        atr_period=14,
        sma_period=20,
        bollinger_period=50,
        vwap=True,
        volatility_period=77,
    )
    for position, bar in enumerate(stream, start=1):
        found.update(*bar)
        if position % 997 == 0:
            check_windows(found, prices[max(0, position - 200) : position], 20, 50, 77, 2.0)
    assert found.ema == pytest.approx(ema_model(prices, 20, 2 / 21), rel=1e-9)
    assert found.rsi == pytest.approx(rsi_model(prices, 14), rel=1e-9)
    assert found.atr == pytest.approx(ema_model(ranges_model(stream), 14, 1 / 14), rel=1e-9)
    assert found.vwap == pytest.approx(vwap_model(stream), rel=1e-9)


RETURNS = st.one_of(st.just(0.0), st.floats(1e-6, 0.5), st.floats(-0.5, -1e-6))


@settings(deadline=None)
@given(st.lists(st.tuples(RETURNS, RETURNS, RETURNS), min_size=1, max_size=50), st.floats(0.1, 100.0))
def test_ewma_covariance_equals_the_weighted_model(stream: list[tuple[float, float, float]], half_life: float) -> None:
    ewma = EwmaCorrelation(3, half_life)
    for returns in stream:
        ewma.update(returns)
    weights = [2.0 ** (-age / half_life) for age in range(len(stream) - 1, -1, -1)]
    for i in range(3):
        for j in range(3):
            products = [weight * row[i] * row[j] for weight, row in zip(weights, stream, strict=True)]
            expected = math.fsum(products) / math.fsum(weights)
            if len(stream) < max(2, math.ceil(half_life)):
                assert math.isnan(ewma.covariance(i, j))
            else:
                scale = math.fsum(abs(product) for product in products) / math.fsum(weights)
                assert close_to(ewma.covariance(i, j), expected, scale)
                assert not abs(ewma.correlation(i, j)) > 1.0
