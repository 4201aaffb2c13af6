"""Samples, hours and drawdown of a curve of equity, held against pandas."""

import math
import random

import numpy as np
import pandas as pd
import pytest

from agents.backtest.result.equity_curve import EquityCurve
from schemas.messages import E8, Equity

S = 10**9
HOUR_NS = 3_600 * S
FIRST_NS = 1_723_161_600 * S
"""A full hour."""


def told(ts_ns: int, equity_e8: int, transfers_e8: int = 0) -> Equity:
    return Equity(ts_ns, equity_e8, 0, 0, 0, 0, 0, transfers_e8, 0)


def curve_of(messages: list[Equity], last_ns: int) -> EquityCurve:
    curve = EquityCurve(FIRST_NS, last_ns)
    for each in messages:
        curve.add(each)
    curve.end()
    return curve


def walk(seed: int, span_ns: int) -> list[Equity]:
    rng = random.Random(seed)
    times = sorted(rng.randrange(-60 * S, span_ns) for _ in range(3_000))
    found, equity, paid = [], 1_000 * E8, 0
    for time in times:
        equity += rng.randrange(-3 * E8, 3 * E8 + 9_000)
        if rng.random() < 0.002:
            paid += 50 * E8
            equity += 50 * E8
        found.append(told(FIRST_NS + time, equity, paid))
    return found


@pytest.mark.parametrize(("seed", "span_ns"), [(1, 300 * S), (2, 5 * HOUR_NS), (3, 40 * HOUR_NS)])
def test_samples_hours_and_ratios_are_those_of_pandas(seed: int, span_ns: int) -> None:
    messages = walk(seed, span_ns)
    curve = curve_of(messages, FIRST_NS + span_ns)
    index = pd.to_datetime([each.ts_recv_ns for each in messages], unit="ns", utc=True)
    table = pd.DataFrame(
        {"equity": [each.equity_e8 for each in messages], "paid": [each.transfers_e8 for each in messages]}, index=index
    )
    table = table[~table.index.duplicated(keep="last")]
    grid = pd.to_datetime(range(FIRST_NS, FIRST_NS + span_ns + 1, curve.sample_ns), unit="ns", utc=True)
    sampled = table.reindex(grid, method="ffill")
    returns = ((sampled["equity"] - sampled["paid"].diff()) / sampled["equity"].shift() - 1).dropna()
    assert np.allclose(curve.returns, returns, rtol=1e-9, atol=1e-13)
    periods = 365 * 24 * HOUR_NS / curve.sample_ns
    sharpe = curve.figures()["sharpe"]
    assert sharpe is not None
    assert math.isclose(sharpe, returns.mean() / returns.std() * periods**0.5, rel_tol=1e-7)

    wealth = table["equity"] - table["paid"]
    hours = wealth.groupby(wealth.index.floor("h").where(wealth.index >= grid[0], grid[0])).last()
    gained = hours.diff().fillna(hours.iloc[0] - messages[0].equity_e8 + messages[0].transfers_e8)
    assert {int(hour.value): int(value) for hour, value in gained.items()} == curve.hours
    assert sum(curve.hours.values()) == curve.gained_e8
    assert curve.drawdown.amount == (wealth.cummax() - wealth).max()


def test_return_in_all_is_of_the_opening_and_without_what_was_paid_in() -> None:
    curve = curve_of([told(FIRST_NS, 200 * E8), told(FIRST_NS + S, 260 * E8, 50 * E8)], FIRST_NS + 2 * S)
    assert curve.gained_e8 == 10 * E8
    assert curve.figures()["total_return"] == 0.05


def test_without_equity_nothing_is_defined() -> None:
    curve = curve_of([], FIRST_NS + S)
    assert set(curve.figures().values()) == {None}
    assert (curve.mean_e8(), curve.hours, curve.gained_e8) == (None, {}, 0)


def test_a_curve_that_begins_late_is_sampled_from_then_on() -> None:
    curve = curve_of([told(FIRST_NS + 10 * S, 100 * E8), told(FIRST_NS + 12 * S, 110 * E8)], FIRST_NS + 13 * S)
    assert curve.returns == [0.0, 0.1, 0.0]
