"""Rows, figures and columns of a sweep's table."""

import pytest

from agents.backtest.sweep.table import figure_of, flattened, rows_of
from agents.backtest.sweep.variant import VariantOutcome
from schemas.errors import ConfigError

RESULT = {
    "equity_change": "12.5",
    "pnl": {"fees": "3"},
    "fills": 7,
    "currency": "USDT",
    "sharpe_of_slices": None,
    "equity_not_known": "",
}


def outcome(gain: str | None, fees: str = "1") -> VariantOutcome:
    if gain is None:
        return VariantOutcome("k", {"x": 1}, refused="fast is not less than slow")
    return VariantOutcome("k", {"x": 1}, result={**RESULT, "equity_change": gain, "pnl": {"fees": fees}})


def test_a_figure_is_found_by_its_dotted_name():
    assert figure_of(RESULT, "equity_change") == 12.5
    assert figure_of(RESULT, "pnl.fees") == figure_of(RESULT, "-pnl.fees") == 3.0
    assert figure_of(RESULT, "fills") == 7.0
    assert figure_of(RESULT, "sharpe_of_slices") is None
    assert figure_of({**RESULT, "equity_not_known": "no mark"}, "equity_change") is None


@pytest.mark.parametrize("by", ["profit", "currency", "pnl"])
def test_what_is_no_figure_is_refused_with_those_that_are(by):
    with pytest.raises(ConfigError, match=r"allowed: equity_change, pnl.fees, fills, sharpe_of_slices"):
        figure_of(RESULT, by)


def test_the_best_is_first_of_equals_the_first_and_refused_ones_last():
    found = rows_of(
        {3: outcome("1"), 0: outcome(None), 1: outcome("1"), 2: outcome("-4"), 4: outcome("9")}, "equity_change"
    )
    assert [row.number for row in found] == [4, 1, 3, 2, 0]


def test_less_is_better_where_it_is_said():
    found = rows_of({1: outcome("1", "5"), 2: outcome("1", "2")}, "-pnl.fees")
    assert [row.number for row in found] == [2, 1]


def test_tables_in_tables_are_dotted():
    assert flattened({"a": {"b": 1, "c": {"d": 2}}, "e": [1], "f": "x"}) == {"a.b": 1, "a.c.d": 2, "f": "x"}
