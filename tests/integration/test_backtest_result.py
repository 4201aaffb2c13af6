"""What a backtest leaves: tables that agree with its facts, and figures that pandas finds in the tables again."""

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agents.backtest.result.figures import YEAR_NS
from tests.integration.backtest_run import leave_result

TABLES = ("orders", "trades", "equity", "positions")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return leave_result(tmp_path_factory.mktemp("result"))


@pytest.fixture(scope="module")
def facts(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "result.json").read_text())
    return found


@pytest.fixture(scope="module")
def tables(out: Path) -> dict[str, Any]:
    return {name: pq.read_table(out / f"{name}.parquet") for name in TABLES}


def column(table: Any, name: str) -> list[Any]:
    values: list[Any] = table.column(name).to_pylist()
    return values


def nanoseconds(table: Any, name: str) -> list[int]:
    values: list[int] = table.column(name).cast(pa.int64()).to_pylist()
    return values


def total(values: list[Any]) -> Fraction:
    return sum((Fraction(each) for each in values if each is not None), Fraction(0))


def test_tables_agree_with_what_the_agents_counted(facts: dict[str, Any], tables: dict[str, Any]) -> None:
    orders, trades, figures = tables["orders"], tables["trades"], facts["figures"]
    assert orders.num_rows == facts["orders"]["submitted"] == figures["orders"] > 0
    assert trades.num_rows == facts["fills"] == figures["fills"] > 0
    assert total(column(orders, "filled_qty")) == total(column(trades, "qty"))
    statuses = pd.Series(column(orders, "status")).str.lower().value_counts().to_dict()
    assert statuses == {name: count for name, count in facts["orders"].items() if count and name != "submitted"}
    held = {row["instrument"]: Fraction(row["position"]) for row in trades.to_pylist()}
    assert {name: value for name, value in held.items() if value} == {
        name: Fraction(value) for name, value in facts["positions"].items()
    }
    realised = total(column(trades, "realised_pnl"))
    assert abs(realised - Fraction(facts["pnl"]["realised"])) < Fraction(1, 10**8)
    assert Fraction(facts["equity_final"]) == Fraction(column(tables["equity"], "equity")[-1])


def test_orders_and_their_trades_agree(tables: dict[str, Any]) -> None:
    trades: dict[str, list[dict[str, Any]]] = {}
    for row in tables["trades"].to_pylist():
        trades.setdefault(row["client_order_id"], []).append(row)
    for order in tables["orders"].to_pylist():
        own = trades.get(order["client_order_id"], [])
        filled = total([each["qty"] for each in own])
        assert order["filled_qty"] == filled
        if own:
            worth = sum(Fraction(each["qty"]) * Fraction(each["price"]) for each in own)
            assert abs(worth / filled - Fraction(order["average_price"])) < Fraction(1, 10**15)
            assert order["first_fill"] == own[0]["time"]
            assert order["created"] < order["first_fill"] <= order["ended"]


def test_figures_are_those_of_the_tables(facts: dict[str, Any], tables: dict[str, Any]) -> None:
    figures, trades = facts["figures"], tables["trades"].to_pylist()
    equity = pd.Series([float(each) for each in column(tables["equity"], "equity")])
    equity.index = pd.to_datetime(nanoseconds(tables["equity"], "time"), utc=True)
    begin, end = facts["data"]["first_ns"], facts["data"]["last_ns"]
    grid = pd.to_datetime(range(begin, end + 1, figures["sample_ns"]), utc=True)
    sampled = equity[~equity.index.duplicated(keep="last")].reindex(grid, method="ffill")
    returns = sampled.pct_change().dropna()
    root = (YEAR_NS / figures["sample_ns"]) ** 0.5
    assert len(returns) == figures["returns"]
    assert math.isclose(figures["volatility"], returns.std() * root, rel_tol=1e-6)
    assert math.isclose(figures["sharpe"], returns.mean() / returns.std() * root, rel_tol=1e-6)
    below = (returns.clip(upper=0) ** 2).mean() ** 0.5
    assert math.isclose(figures["sortino"], returns.mean() / below * root, rel_tol=1e-6)
    assert math.isclose(figures["total_return"], equity.iloc[-1] / equity.iloc[0] - 1, rel_tol=1e-6)
    assert math.isclose(figures["drawdown_max_share"], (1 - equity / equity.cummax()).max(), rel_tol=1e-6)
    assert math.isclose(float(figures["drawdown_max"]), (equity.cummax() - equity).max(), rel_tol=1e-6)

    worth = sum(Fraction(each["qty"]) * Fraction(each["price"]) for each in trades)
    assert Fraction(figures["turnover"]["USDT"]) == worth
    assert math.isclose(figures["turnover_ratio"], float(worth) / sampled.mean(), rel_tol=1e-9)
    closed = [Fraction(each["closed_pnl"]) for each in trades if each["closed_pnl"] is not None]
    won, lost = sum(each for each in closed if each > 0), -sum(each for each in closed if each < 0)
    assert len(closed) == figures["closed_trades"] > 0
    assert figures["hit_rate"] == sum(each > 0 for each in closed) / len(closed)
    assert math.isclose(figures["profit_factor"], float(won / lost), rel_tol=1e-12)
    fees = pd.DataFrame(trades).groupby("fee_asset")["fee"].sum()
    assert {name: Fraction(value) for name, value in figures["fees_by_asset"].items()} == {
        str(name): Fraction(value) for name, value in fees.items()
    }


def test_profit_is_the_same_by_hour_and_by_instrument(facts: dict[str, Any]) -> None:
    figures = facts["figures"]
    pnl = Fraction(figures["pnl"])
    assert pnl == Fraction(facts["equity_final"]) - Fraction(facts["equity_opening"])
    assert sum(Fraction(each["pnl"]) for each in figures["by_hour"]) == pnl
    assert abs(sum(Fraction(each["pnl"]) for each in figures["by_instrument"]) - pnl) < Fraction(1, 10**7)


def test_latency_is_what_the_models_say(facts: dict[str, Any]) -> None:
    """5 ms there and 5 ms back."""
    hops = facts["figures"]["latency_ns"]
    assert hops["order_to_accepted"]["p50"] == 10_000_000
    assert hops["tick_to_order"]["max"] == 0


def test_nothing_is_not_a_number(out: Path) -> None:
    text = (out / "result.json").read_text()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_every_figure_and_column_is_documented(facts: dict[str, Any], tables: dict[str, Any]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text(encoding="utf-8")
    names = {
        *facts["figures"],
        *facts["figures"]["latency_ns"],
        *(each for table in tables.values() for each in table.column_names),
    }
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_terminal_has_the_main_figures(out: Path, facts: dict[str, Any]) -> None:
    text = (out.parent / "summary.txt").read_text()
    assert f"Sharpe {facts['figures']['sharpe']:,.2f}" in text
    assert "report.html" in text


def test_a_run_without_an_order_has_a_result(tmp_path: Path) -> None:
    found = leave_result(tmp_path, duration_s=2.0)
    figures = json.loads((found / "result.json").read_text())["figures"]
    assert (figures["orders"], figures["fill_ratio"], figures["hit_rate"], figures["sharpe"]) == (0, None, None, None)
    assert pq.read_table(found / "trades.parquet").num_rows == 0
    assert "None." in (found / "report.html").read_text()
