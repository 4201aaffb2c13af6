"""The indicators against vectors published by other projects, and their rules at the edges."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.indicators import FIELDS, PERIOD_MAX, Indicators

# Attribute -> (file of published results, key in it). Stock.Indicators: SMA-seeded EMA, Wilder RSI and ATR with the
# first true range skipped, population Bollinger deviation.
PUBLISHED = {
    "ema": ("ema", "ema"),
    "rsi": ("rsi", "rsi"),
    "atr": ("atr", "atr"),
    "tr": ("tr", "tr"),
    "sma": ("sma", "sma"),
    "macd": ("macd", "macd"),
    "macd_signal": ("macd", "signal"),
    "macd_histogram": ("macd", "histogram"),
    "bollinger_upper": ("bb", "upperBand"),
    "bollinger_middle": ("bb", "sma"),
    "bollinger_lower": ("bb", "lowerBand"),
    "vwap": ("vwap", "vwap"),
}
# All but the slower average, at the periods that are most often used.
USUAL: dict[str, Any] = {
    "ema_period": 20,
    "rsi_period": 14,
    "atr_period": 14,
    "true_range": True,
    "sma_period": 20,
    "macd_fast": 12,
    "macd_slow": 26,
    "macd_signal": 9,
    "bollinger_period": 20,
    "vwap": True,
    "volatility_period": 20,
}


def usual(**settings: Any) -> Indicators:
    """Return the usual indicators, but for `settings`."""
    return Indicators(**(USUAL | settings))


def values(indicators: Indicators) -> dict[str, float]:
    return {field: getattr(indicators, field) for field in FIELDS}


def same(left: dict[str, float], right: dict[str, float]) -> bool:
    return all(left[f] == right[f] or (math.isnan(left[f]) and math.isnan(right[f])) for f in FIELDS)


def closes(indicators: Indicators, field: str, prices: list[float]) -> list[float]:
    """Return `field` after each bar of a stream whose bars are one price each."""
    found = []
    for price in prices:
        indicators.update(price, price, price)
        found.append(getattr(indicators, field))
    return found


def tulip(data_dir: Path, heading: str) -> list[list[float]]:
    """Return the columns that stand under `heading` in tulip's file of test vectors."""
    lines = iter((data_dir / "indicators" / "tulip" / "extra.txt").read_text().splitlines())
    while next(lines) != heading:
        pass
    columns: list[list[float]] = []
    for line in lines:
        if line.startswith("{"):
            columns.append([float(word) for word in line.strip("{}").split(",")])
        elif not line.startswith("#"):
            break
    return columns


@pytest.mark.parametrize("field", PUBLISHED)
def test_published_vector(field: str, quotes: list[tuple[float, float, float, float]], data_dir: Path) -> None:
    name, key = PUBLISHED[field]
    path = data_dir / "indicators" / "stock-indicators" / f"{name}.standard.json"
    expected = [row[key] for row in json.loads(path.read_text())]
    assert len(expected) == len(quotes) == 502
    indicators = usual()
    for bar, value in zip(quotes, expected, strict=True):
        indicators.update(*bar)
        assert getattr(indicators, field) == pytest.approx(math.nan if value is None else value, rel=1e-9, nan_ok=True)


def test_atr_equals_tulips_normalised_atr(data_dir: Path) -> None:
    highs, lows, prices, natr = tulip(data_dir, "natr 4")
    indicators = Indicators(atr_period=4)
    # Tulip takes the range of the first bar as its true range; a bar at its close before it makes ours the same.
    indicators.update(prices[0], prices[0], prices[0])
    found = []
    for high, low, close in zip(highs, lows, prices, strict=True):
        indicators.update(high, low, close)
        found.append(indicators.atr)
    # Its numbers were worked out by hand: the ATR rounded to four places (5e-5), then the percentage again.
    expected = [percent * close / 100 for percent, close in zip(natr, prices[3:], strict=True)]
    assert found[3:] == pytest.approx(expected, abs=6e-5)
    assert all(math.isnan(value) for value in found[:3])


def test_bollinger_deviation_equals_tulips_stddev(data_dir: Path) -> None:
    prices, deviations = tulip(data_dir, "stddev 3")
    indicators = Indicators(bollinger_period=3, bollinger_width=1.0)
    found = []
    for price in prices:
        indicators.update(price, price, price)
        found.append(indicators.bollinger_upper - indicators.bollinger_middle)
    assert found[2:] == pytest.approx(deviations, rel=1e-8)


def test_sma_equals_tulips_sum(data_dir: Path) -> None:
    prices, sums = tulip(data_dir, "sum 2")
    assert [2 * value for value in closes(Indicators(sma_period=2), "sma", prices)[1:]] == sums


def test_volatility_is_the_sample_deviation_of_log_returns(quotes: list[tuple[float, float, float, float]]) -> None:
    returns = np.diff(np.log([bar[2] for bar in quotes]))
    expected = [np.std(returns[end - 20 : end], ddof=1) for end in range(20, len(returns) + 1)]
    indicators = usual()
    found = []
    for bar in quotes:
        indicators.update(*bar)
        found.append(indicators.volatility)
    assert all(math.isnan(value) for value in found[:20])
    assert found[20:] == pytest.approx(expected, rel=1e-9)


def test_everything_is_nan_before_the_first_bar() -> None:
    indicators = usual(ema_slow_period=50)
    assert all(math.isnan(value) for value in values(indicators).values())
    assert indicators.count == 0


@pytest.mark.parametrize(
    ("period", "field", "bars"),
    [
        ("ema_period", "ema", 5),
        ("ema_slow_period", "ema_slow", 5),
        ("sma_period", "sma", 5),
        ("bollinger_period", "bollinger_upper", 5),
        ("rsi_period", "rsi", 6),
        ("atr_period", "atr", 6),
        ("volatility_period", "volatility", 6),
    ],
)
def test_warm_up_takes_the_documented_number_of_bars(period: str, field: str, bars: int) -> None:
    found = closes(Indicators(**{period: 5}), field, [10.0, 11.0, 12.0, 11.5, 12.5, 13.0, 12.0])
    assert [math.isnan(value) for value in found] == [True] * (bars - 1) + [False] * (8 - bars)


@pytest.mark.parametrize(
    ("off", "fields"),
    [
        ({"ema_period": 0}, {"ema", "ema_slow"}),
        ({"rsi_period": 0}, {"rsi", "ema_slow"}),
        ({"atr_period": 0}, {"atr", "ema_slow"}),
        ({"sma_period": 0}, {"sma", "ema_slow"}),
        ({"macd_fast": 0}, {"macd", "macd_signal", "macd_histogram", "ema_slow"}),
        ({"macd_slow": 0}, {"macd", "macd_signal", "macd_histogram", "ema_slow"}),
        ({"macd_signal": 0}, {"macd_signal", "macd_histogram", "ema_slow"}),
        ({"bollinger_period": 0}, {"bollinger_upper", "bollinger_middle", "bollinger_lower", "ema_slow"}),
        ({"volatility_period": 0}, {"volatility", "ema_slow"}),
        ({"true_range": False}, {"tr", "ema_slow"}),
        ({"vwap": False}, {"vwap", "ema_slow"}),
    ],
)
def test_each_indicator_is_switched_off_alone(off: dict[str, Any], fields: set[str]) -> None:
    indicators = usual(**off)
    for step in range(60):
        indicators.update(101.0 + step, 99.0 + step, 100.0 + step, 1.0)
    assert {field for field, value in values(indicators).items() if math.isnan(value)} == fields


def test_price_that_never_moves() -> None:
    indicators = usual()
    for _ in range(100):
        indicators.update(7.3, 7.3, 7.3, 2.0)
    assert (indicators.rsi, indicators.atr, indicators.tr, indicators.volatility) == (50.0, 0.0, 0.0, 0.0)
    assert indicators.bollinger_upper == indicators.bollinger_middle == indicators.bollinger_lower == 7.3
    assert indicators.sma == 7.3
    assert (indicators.ema, indicators.vwap) == pytest.approx((7.3, 7.3), rel=1e-15)


def test_rsi_is_100_when_prices_only_rise_and_0_when_they_only_fall() -> None:
    assert closes(Indicators(rsi_period=3), "rsi", [1.0, 2.0, 3.0, 4.0, 5.0])[3:] == [100.0, 100.0]
    assert closes(Indicators(rsi_period=3), "rsi", [5.0, 4.0, 3.0, 2.0, 1.0])[3:] == [0.0, 0.0]


def test_flat_market_after_a_move_ends_at_zero_not_in_denormals() -> None:
    indicators = Indicators(rsi_period=14, atr_period=14)
    for price in [1.0, 2.0] * 20 + [1.5] * 20_000:
        indicators.update(price, price, price)
    assert (indicators.rsi, indicators.atr) == (50.0, 0.0)


def test_huge_value_leaves_no_trace_once_it_is_out_of_the_windows() -> None:
    indicators = Indicators(sma_period=3, bollinger_period=3, volatility_period=3)
    clean = Indicators(sma_period=3, bollinger_period=3, volatility_period=3)
    for price in (1e99, 1.5, 1.25, 1.75, 1.5, 1.625):
        indicators.update(price, price, price)
    for price in (1.0, 1.5, 1.25, 1.75, 1.5, 1.625):
        clean.update(price, price, price)
    for field in ("sma", "bollinger_upper", "bollinger_lower", "volatility"):
        assert getattr(indicators, field) == getattr(clean, field)


def test_vwap_is_nan_until_there_is_volume_and_ignores_bars_without() -> None:
    indicators = usual()
    indicators.update(12.0, 9.0, 9.0)
    assert math.isnan(indicators.vwap)
    indicators.update(12.0, 9.0, 9.0, 4.0)
    indicators.update(500.0, 500.0, 500.0, 0.0)
    assert indicators.vwap == 10.0


def test_negative_prices_are_allowed_without_volatility() -> None:
    assert closes(Indicators(sma_period=2), "sma", [-1.0, -3.0])[1] == -2.0


PERIODS = [
    *("ema_period", "ema_slow_period", "rsi_period", "atr_period", "sma_period"),
    *("macd_fast", "macd_slow", "macd_signal", "bollinger_period", "volatility_period"),
]


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("period", [-1, PERIOD_MAX + 1, 2**70, 2.0, "20", None])
def test_bad_period_is_refused_by_name(name: str, period: Any) -> None:
    settings: dict[str, Any] = {name: period}
    with pytest.raises(ValueError, match=rf"{name} must be a whole number from 0 to 65536 \(0 is off\), found"):
        Indicators(**settings)


def test_largest_period_is_accepted() -> None:
    assert math.isnan(closes(Indicators(sma_period=PERIOD_MAX), "sma", [1.0])[0])


def test_periods_that_exclude_each_other_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"macd_fast must be below macd_slow \(26\), found 26"):
        Indicators(macd_fast=26, macd_slow=26)
    with pytest.raises(ValueError, match=r"volatility_period must be 0 \(off\) or at least 2"):
        Indicators(volatility_period=1)


@pytest.mark.parametrize("width", [0.0, -2.0, math.nan, math.inf])
def test_bad_bollinger_width_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="bollinger_width must be above 0"):
        Indicators(bollinger_width=width)


BAD_BARS = [
    ((math.nan, 1.0, 1.0, 1.0), "high must be finite"),
    ((math.inf, 1.0, 1.0, 1.0), "high must be finite"),
    ((1e101, 1.0, 1.0, 1.0), "within 1e100"),
    ((1.0, -math.inf, 1.0, 1.0), "low must be finite"),
    ((1.0, 1.0, math.nan, 1.0), "close must be finite"),
    ((1.0, 1.0, 1.0, math.nan), "volume must be finite"),
    ((1.0, 1.0, 1.0, -1.0), "volume must be finite, from 0"),
    ((1.0, 2.0, 1.5, 1.0), "low must not exceed high"),
    ((1.0, 0.0, 0.0, 1.0), "close must be at least 1e-100"),
    ((1.0, -1.0, -1.0, 1.0), "volatility_period=0"),
]


@pytest.mark.parametrize(("bar", "complaint"), BAD_BARS)
def test_bad_bar_is_refused_and_changes_nothing(bar: tuple[float, float, float, float], complaint: str) -> None:
    indicators, untouched = usual(), usual()
    for step in range(40):
        for each in (indicators, untouched):
            each.update(101.0 + step % 3, 99.0, 100.0 + step % 2, 1.0)
    before = values(indicators)
    with pytest.raises(ValueError, match=complaint):
        indicators.update(*bar)
    assert same(values(indicators), before)
    for each in (indicators, untouched):
        each.update(103.0, 98.0, 101.0, 2.0)
    assert same(values(indicators), values(untouched))
    assert indicators.count == untouched.count == 41


@pytest.mark.parametrize(("bar", "complaint"), BAD_BARS)
def test_batch_with_a_bad_bar_is_refused_as_a_whole(bar: tuple[float, ...], complaint: str) -> None:
    columns = np.tile([2.0, 1.0, 1.5, 1.0], (5, 1))
    columns[3] = bar
    indicators = usual()
    out = np.zeros((5, len(indicators.fields)))
    with pytest.raises(ValueError, match=f"row 3: .*{complaint}"):
        indicators.update_batch(columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3], out)
    assert indicators.count == 0
    assert not out.any()


def test_batch_equals_streaming_bit_for_bit(quotes: list[tuple[float, float, float, float]]) -> None:
    streaming, batch = usual(ema_slow_period=50), usual(ema_slow_period=50)
    expected = np.empty((len(quotes), len(FIELDS)))
    for row, bar in zip(expected, quotes, strict=True):
        streaming.update(*bar)
        row[:] = [getattr(streaming, field) for field in FIELDS]
    out = np.empty_like(expected)
    table = np.array(quotes)
    for rows in (slice(0), slice(7), slice(7, 300), slice(300, 502)):
        high, low, close, volume = table[rows].T
        batch.update_batch(high, low, close, volume, out[rows])
    assert out.tobytes() == expected.tobytes()
    assert batch.count == streaming.count == 502


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({}, ()),
        ({"rsi_period": 14, "ema_period": 20, "atr_period": 14}, ("ema", "rsi", "atr")),
        ({"true_range": True, "vwap": True}, ("tr", "vwap")),
        ({"macd_fast": 12, "macd_slow": 26}, ("macd",)),
        (
            {"bollinger_period": 20, "macd_fast": 12, "macd_slow": 26, "macd_signal": 9},
            ("macd", "macd_signal", "macd_histogram", "bollinger_upper", "bollinger_middle", "bollinger_lower"),
        ),
        ({"volatility_period": 20, "sma_period": 20}, ("sma", "volatility")),
    ],
)
def test_only_what_is_chosen_is_computed_and_written(
    settings: dict[str, Any], fields: tuple[str, ...], quotes: list[tuple[float, float, float, float]]
) -> None:
    everything, streaming, batch = usual(), Indicators(**settings), Indicators(**settings)
    expected = np.empty((len(quotes), len(fields)))
    for row, bar in zip(expected, quotes, strict=True):
        everything.update(*bar)
        streaming.update(*bar)
        row[:] = [getattr(everything, field) for field in fields]
        assert streaming.fields == fields
        found = [getattr(streaming, field) for field in fields]
        assert np.array(found).tobytes() == row.tobytes()
        assert all(math.isnan(getattr(streaming, field)) for field in set(FIELDS) - set(fields))
    out = np.empty_like(expected)
    batch.update_batch(*np.array(quotes).T, out)
    assert out.tobytes() == expected.tobytes()
    assert same(values(batch), values(streaming))


def test_batch_without_volume_equals_bars_without_volume(quotes: list[tuple[float, float, float, float]]) -> None:
    with_zeros, without = usual(), usual()
    high, low, close, _ = np.array(quotes).T
    expected, out = np.empty((len(quotes), 13)), np.empty((len(quotes), 13))
    with_zeros.update_batch(high, low, close, np.zeros(len(quotes)), expected)
    without.update_batch(high, low, close, None, out)
    assert out.tobytes() == expected.tobytes()
    assert math.isnan(without.vwap)


def test_batch_refuses_shapes_that_do_not_fit() -> None:
    three, four = np.ones(3), np.ones(4)
    indicators, out = usual(), np.zeros((3, 13))
    with pytest.raises(ValueError, match="volume must hold 3 values, as many as high, found 4"):
        indicators.update_batch(three, three, three, four, out)
    with pytest.raises(ValueError, match=r"out must have the shape \(3, 13\), found \(3, 14\)"):
        indicators.update_batch(three, three, three, three, np.zeros((3, 14)))
    with pytest.raises(ValueError, match="Buffer dtype mismatch"):
        indicators.update_batch(memoryview(b"1234"), three, three, three, out)
    assert indicators.count == 0


def test_attributes_are_read_usual() -> None:
    for field in (*FIELDS, "count"):
        with pytest.raises(AttributeError):
            setattr(usual(), field, 1.0)


def test_values_that_were_read_stay_as_they_were() -> None:
    indicators = Indicators(ema_period=1)
    read = []
    for close in (1.5, 2.5, 3.5):
        indicators.update(close, close, close)
        read.append(indicators.ema)
    assert read == [1.5, 2.5, 3.5]
    assert indicators.ema is indicators.ema


@pytest.mark.parametrize(
    ("periods", "longest"),
    [
        ({}, 1),
        ({"vwap": True, "true_range": True}, 1),
        ({"ema_period": 3, "ema_slow_period": 8, "rsi_period": 9, "atr_period": 7}, 9),
        ({"macd_fast": 12, "macd_slow": 26, "macd_signal": 9, "sma_period": 30}, 35),
        ({"bollinger_period": 20, "volatility_period": 21}, 21),
    ],
)
def test_the_longest_period_is_known(periods, longest):
    assert Indicators(**periods).period_longest == longest
