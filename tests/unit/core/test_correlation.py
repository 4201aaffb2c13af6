"""Correlation of several series against the weights of RiskMetrics, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest

from core.correlation import EwmaCorrelation

# One decay factor of 0.94, the one RiskMetrics 1996 uses for daily data, as a half-life.
RISKMETRICS_HALF_LIFE = math.log(0.5) / math.log(0.94)


def test_covariance_equals_weights_of_the_riskmetrics_decay(quotes: list[tuple[float, float, float, float]]) -> None:
    returns = np.diff(np.log([bar[:3] for bar in quotes]), axis=0)
    weights = 0.94 ** np.arange(len(returns) - 1, -1, -1)
    expected = (returns.T * weights) @ returns / weights.sum()
    deviations = np.sqrt(np.diag(expected))
    ewma = EwmaCorrelation(3, RISKMETRICS_HALF_LIFE)
    for row in returns:
        ewma.update(row.tolist())
    for i in range(3):
        for j in range(3):
            assert ewma.covariance(i, j) == pytest.approx(expected[i, j], rel=1e-9)
            assert ewma.correlation(i, j) == pytest.approx(expected[i, j] / deviations[i] / deviations[j], rel=1e-9)


def test_correlation_is_nan_until_as_many_updates_as_the_half_life() -> None:
    ewma = EwmaCorrelation(2, 3.5)
    for step in range(4):
        assert math.isnan(ewma.correlation(0, 1))
        assert math.isnan(ewma.covariance(0, 0))
        ewma.update([step - 1.5, 3.0 - 2 * step])
    assert ewma.correlation(0, 1) == pytest.approx(-1.0)
    assert ewma.correlation(0, 0) == 1.0


def test_series_that_never_moves_has_no_correlation() -> None:
    ewma = EwmaCorrelation(2, 1.0)
    for step in range(5):
        ewma.update((0.0, float(step)))
    assert ewma.covariance(0, 0) == 0.0
    assert math.isnan(ewma.correlation(0, 1))
    assert math.isnan(ewma.correlation(0, 0))


@pytest.mark.parametrize(
    ("returns", "complaint"),
    [
        ([1.0], "returns must hold 2 values, one for each series, found 1"),
        ([1.0, 1e101], r"returns\[1\] must be NaN or within 1e100"),
        ([math.inf, 1.0], r"returns\[0\] must be NaN or within 1e100"),
    ],
)
def test_bad_returns_are_refused_and_change_nothing(returns: list[float], complaint: str) -> None:
    ewma = EwmaCorrelation(2, 1.0)
    for pair in ((0.5, 0.25), (0.25, -0.5)):
        ewma.update(pair)
    before = [ewma.covariance(i, j) for i in range(2) for j in range(2)]
    with pytest.raises(ValueError, match=complaint):
        ewma.update(returns)
    assert [ewma.covariance(i, j) for i in range(2) for j in range(2)] == before
    assert ewma.count == 2


@pytest.mark.parametrize("series", [0, -1, 1025, 2.0])
def test_bad_number_of_series_is_refused(series: Any) -> None:
    with pytest.raises(ValueError, match="series must be a whole number from 1 to 1024"):
        EwmaCorrelation(series, 10.0)


@pytest.mark.parametrize("half_life", [0.0, -1.0, math.nan, math.inf])
def test_bad_half_life_is_refused(half_life: float) -> None:
    with pytest.raises(ValueError, match="half_life must be above 0"):
        EwmaCorrelation(2, half_life)


def test_series_that_is_not_there_is_refused() -> None:
    ewma = EwmaCorrelation(2, 10.0)
    with pytest.raises(IndexError, match="j must be a series from 0 to 1, found 2"):
        ewma.correlation(0, 2)
    with pytest.raises(IndexError, match="i must be a series"):
        ewma.covariance(-1, 0)


def test_a_time_at_which_one_series_has_no_return_changes_nothing_of_its_pairs() -> None:
    moves = [0.5, -0.25, 1.0, -0.75, 0.125, 0.375, -1.0, 0.25]
    whole, gapped = EwmaCorrelation(3, 3.0), EwmaCorrelation(3, 3.0)
    for move in moves:
        whole.update([move, move + 0.1, -move])
        gapped.update([move, move + 0.1, -move])
        gapped.update([move, math.nan, 3 * move])
    assert gapped.samples(0, 1) == gapped.samples(1, 2) == len(moves)
    assert gapped.samples(2, 0) == 2 * len(moves)
    assert gapped.correlation(0, 1) == pytest.approx(whole.correlation(0, 1), rel=1e-12)
    assert gapped.covariance(1, 2) == pytest.approx(whole.covariance(1, 2), rel=1e-12)
    assert gapped.correlation(0, 2) > whole.correlation(0, 2)


def test_a_pair_is_not_known_before_its_own_samples() -> None:
    ewma = EwmaCorrelation(2, 3.0)
    for step in range(9):
        ewma.update([step - 4.0, math.nan])
    assert math.isnan(ewma.correlation(0, 1))
    assert ewma.correlation(0, 0) == 1.0
