"""Results of backtests in memory: tables, figures and page of orders that rest, take, and are canceled."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from agents.backtest.desk import BacktestDesk
from agents.backtest.facts import DataFacts, facts_of
from agents.backtest.result import FILE, LOGS, PAGE, write
from schemas.config import Config
from tests.sim.played_market import BEGIN_NS, STEP_NS, Maker, Oracle, config, played
from tests.sim.test_backtest import LOTS, ORACLE, prices

MAKER = f"{Maker.__module__}:{Maker.__name__}"
ASSUMED = {"entry": {"us": 700.0}, "answer": {"us": 300.0}}


def result_of(desk: BacktestDesk, made: Config, out: Path, steps: int) -> dict[str, Any]:
    """Return the result of a backtest, which is written to `out`."""
    data = DataFacts(sources=[], sha256="", first_ns=BEGIN_NS, last_ns=BEGIN_NS + steps * STEP_NS)
    facts = facts_of(desk, tickmesh="0", seed=1, config_sha256="", data=data)
    desk.replay.end()
    write(out, made, facts)
    found: dict[str, Any] = json.loads((out / FILE).read_text())
    return found


@pytest.mark.parametrize(("venue", "place", "lots"), [("binance", 0, 1_000), ("binance-usdm", 0, 10), ("okx", 1, 10)])
def test_trades_are_those_of_the_venue(tmp_path: Path, venue: str, place: int, lots: int) -> None:
    """Spot and contracts: quantity, price and fee of each fill, and what all of it came to."""
    bids = [bid for bid in prices(3, 40) for _ in range(30)]
    Oracle.future = bids
    made = config(tmp_path, ORACLE, {"lots": lots, "ahead": 1}, venue=venue, place=place, **ASSUMED)
    desk = played(made, bids, tmp_path / LOGS)
    account = desk.exchanges["paper"]
    expected = sorted((fill.ts_ns, order.side) for order in account.trading.orders.values() for fill in order.fills)
    facts = result_of(desk, made, tmp_path, len(bids))
    rows = pq.read_table(tmp_path / "trades.parquet").to_pylist()
    figures = facts["figures"]
    assert len(rows) == len(expected) == figures["fills"] > 15
    assert [1 if row["side"] == "BUY" else -1 for row in rows] == [side for _, side in expected]
    gained = sum(Fraction(row["realised_pnl"]) for row in rows)
    assert abs(gained - Fraction(facts["pnl"]["realised"])) < Fraction(1, 10**7)
    assert figures["latency_ns"]["order_to_accepted"]["p50"] == 1_000_000
    assert figures["profit_factor"] is None or figures["profit_factor"] > 1
    page = (tmp_path / PAGE).read_text()
    assert "as the run has no log of market data" in page


def test_an_order_that_nobody_takes_is_told_as_canceled(tmp_path: Path) -> None:
    made = config(tmp_path, MAKER, {"lots": LOTS})
    desk = played(made, [6_000_000] * 40, tmp_path / LOGS)
    figures = result_of(desk, made, tmp_path, 40)["figures"]
    (order,) = pq.read_table(tmp_path / "orders.parquet").to_pylist()
    assert (order["status"], order["filled_qty"], order["first_fill"]) == ("CANCELED", 0, None)
    assert order["created"] < order["accepted"] < order["ended"]
    assert (figures["orders"], figures["fills"], figures["fill_ratio"]) == (1, 0, 0.0)
    assert (figures["hit_rate"], figures["profit_factor"], figures["turnover"]) == (None, None, {"USDT": "0"})
    assert Fraction(figures["drawdown_max"]) == 0


def test_the_same_run_leaves_the_same_bytes(tmp_path: Path) -> None:
    left = []
    for name in ("one", "other"):
        out = tmp_path / name
        out.mkdir()
        made = config(tmp_path, MAKER, {"lots": LOTS})
        result_of(played(made, [6_000_000] * 40, out / LOGS, trade_lots=1_000_000), made, out, 40)
        left.append({path.name: path.read_bytes() for path in out.iterdir() if path.is_file()})
    assert left[0] == left[1]
    assert len(left[0]) == 6
