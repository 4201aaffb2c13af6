"""Backtests: nobody knows what was not there yet, money and positions add up, and the same inputs give the same bytes."""

import hashlib
import os
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from agents.backtest.desk import BacktestDesk
from tests.sim.played_market import BEGIN_NS, FEED_NS, STEP_NS, Maker, Oracle, config, desk_of_two, market, played

MS = 1_000_000
ORACLE = "tests.sim.played_market:Oracle"
LOTS = 100_000
STEPS = 600


def prices(seed: int, steps: int = STEPS) -> list[int]:
    """Return best bids that move by some ticks each step."""
    rng = random.Random(seed)
    found = [6_000_000]
    for _ in range(steps - 1):
        found.append(found[-1] + rng.choice((-20, -10, 10, 20)))
    return found


def oracle(folder: Path, *, entry_us: float, bids: list[int], ahead: int = 1, seed: int = 1) -> BacktestDesk:
    Oracle.future = bids
    assumed = {"entry": {"us": entry_us}, "answer": {"us": 100.0}, "seed": seed}
    return played(config(folder, ORACLE, {"lots": LOTS, "ahead": ahead}, **assumed), bids, folder, seed=seed)


def fills(desk: BacktestDesk, venue: str = "paper") -> list:
    return [(order, fill) for order in desk.exchanges[venue].trading.orders.values() for fill in order.fills]


def gained(desk: BacktestDesk) -> Decimal:
    return Decimal(desk.nodes["portfolio"].agent.figures().pnl.equity) - Decimal(1_000_000)


def test_an_order_meets_the_market_that_stands_when_it_arrives(tmp_path):
    bids = prices(1)
    desk = oracle(tmp_path, entry_us=7_300.0, bids=bids)
    found = fills(desk)
    assert len(found) > 50
    for order, fill in found:
        step = (fill.ts_ns - BEGIN_NS) // STEP_NS
        best = bids[min(step, len(bids) - 1)] + (1 if order.side > 0 else 0)
        assert fill.price_ticks == best


def test_an_oracle_of_the_next_trade_earns_nothing_beyond_its_latency(tmp_path):
    """Within its latency it earns what it knows; what comes sooner than its orders arrive it cannot have."""
    quick, late = [], []
    for seed in range(3):
        bids = prices(seed)
        for name, kept, entry_us in (("quick", quick, 500.0), ("late", late, STEP_NS / 1000 + 500)):
            folder = tmp_path / f"{name}{seed}"
            folder.mkdir()
            desk = oracle(folder, entry_us=entry_us, bids=bids)
            assert len(fills(desk)) > 50
            kept.append(gained(desk))
    # Each round trip of the quick one is good for some ten ticks of 0.01 on one lot: about 0.1 a trade.
    assert all(each > 5 for each in quick), quick
    # The late one has only the spread: what it knows has happened when its order arrives, and the next step is a coin.
    assert sum(late) < sum(quick) / 10, (quick, late)


def test_position_and_cash_are_the_sum_of_fills(tmp_path):
    desk = oracle(tmp_path, entry_us=500.0, bids=prices(7))
    lot, tick = Decimal("0.00001"), Decimal("0.01")
    held = cash = Decimal(0)
    for order, fill in fills(desk):
        qty = fill.qty_lots * lot * int(order.side)
        held += qty
        cash -= qty * fill.price_ticks * tick
    account = desk.exchanges["paper"].account
    assert Decimal(account.balance("BTC").total_e8) / 10**8 == held
    assert Decimal(account.balance("USDT").total_e8) / 10**8 == 1_000_000 + cash
    figures = desk.nodes["portfolio"].agent.figures()
    assert figures.fills == len(fills(desk))
    assert Decimal(figures.positions.get("BTCUSDT", "0")) == held
    assert figures.differences == {}


def test_an_answer_comes_after_entry_and_answer(tmp_path):
    bids = [6_000_000] * 20
    Oracle.future = [6_000_000, 6_000_100, *bids[2:]]
    assumed = {"entry": {"us": 3_000.0}, "answer": {"us": 4_000.0}}
    desk = played(config(tmp_path, ORACLE, {"lots": LOTS, "ahead": 1}, **assumed), bids, tmp_path)
    ((order, fill),) = fills(desk)[:1]
    decided_ns = BEGIN_NS + STEP_NS // 2 + FEED_NS
    assert fill.ts_ns == decided_ns + 3 * MS
    assert order.created_ns == decided_ns + 3 * MS


@pytest.mark.parametrize(("trade_lots", "filled"), [(1_000, 0), (1_000_000, LOTS)])
def test_a_resting_order_waits_for_what_was_there_before_it(tmp_path, trade_lots, filled):
    path = f"{Maker.__module__}:{Maker.__name__}"
    desk = played(config(tmp_path, path, {"lots": LOTS}), [6_000_000] * 40, tmp_path, trade_lots=trade_lots)
    (order,) = desk.exchanges["paper"].trading.orders.values()
    assert order.cum_qty_lots == filled
    assert all(fill.maker for fill in order.fills)


@pytest.mark.parametrize(
    ("venue", "place", "lots"),
    [
        ("binance", 0, 1_000),
        ("binance-usdm", 0, 10),
        ("bybit", 0, 10_000),
        ("bybit", 1, 10),
        ("okx", 0, 1_000_000),
        ("okx", 1, 10),
    ],
)
def test_every_kind_of_venue_takes_fills_and_cancels(tmp_path, venue, place, lots):
    """Over its own socket or REST, signed and written as its adapter does; spot and contracts."""
    # Slow enough for the venues' own limits, which hold here as well.
    bids = [bid for bid in prices(3, 40) for _ in range(30)]
    Oracle.future = bids
    assumed = {"entry": {"us": 700.0}, "answer": {"us": 300.0}}
    made = config(tmp_path, ORACLE, {"lots": lots, "ahead": 1}, venue=venue, place=place, **assumed)
    desk = played(made, bids, tmp_path)
    found = fills(desk)
    assert len(found) > 15
    for order, fill in found:
        best = bids[(fill.ts_ns - BEGIN_NS) // STEP_NS] + (1 if order.side > 0 else 0)
        assert fill.price_ticks == best
    execution, portfolio = (desk.nodes[name].agent.figures() for name in ("execution", "portfolio"))
    assert execution.reconciled
    assert execution.orders.unknown == execution.orders.rejected == 0
    assert portfolio.fills == len(found)
    held = desk.exchanges["paper"].figures().positions[made.instruments[0].symbol]
    assert Decimal(portfolio.positions.get(made.instruments[0].symbol, "0")) == Decimal(held)


def test_a_desk_over_two_venues_meets_each_at_its_own_distance(tmp_path):
    bids = [bid for bid in prices(11, 30) for _ in range(30)]
    Oracle.future = bids
    far = {"binance": {"entry": {"us": 700.0}}, "bybit": {"entry": {"us": 2_500.0}}}
    made = desk_of_two(tmp_path, {"lots": 10_000, "ahead": 1}, answer={"us": 100.0}, venues=far)
    recordings = {
        f"md-{each.venue}": market(made, bids, place=n, md=f"md-{each.venue}")
        for n, each in enumerate(made.instruments)
    }
    desk = BacktestDesk(made, recordings, tmp_path, seed=1)
    desk.replay.play()
    desk.settle()
    for name, entry_us in (("binance", 700), ("bybit", 2_500)):
        found = fills(desk, name)
        assert len(found) > 5
        decided_ns = STEP_NS // 2 + FEED_NS
        assert {(fill.ts_ns - BEGIN_NS - decided_ns) % STEP_NS for _, fill in found} == {entry_us * 1000}
        assert all(
            fill.price_ticks in {bids[(fill.ts_ns - BEGIN_NS) // STEP_NS] + n for n in (0, 1)} for _, fill in found
        )
    portfolio = desk.nodes["portfolio"].agent.figures()
    assert portfolio.not_known == ""
    assert portfolio.fills == len(fills(desk, "binance")) + len(fills(desk, "bybit"))


def logs(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


SCRIPT = """
import sys
from pathlib import Path
from tests.sim.test_backtest import oracle, prices
folder = Path(sys.argv[1])
desk = oracle(folder, entry_us=700.0, bids=prices(5, 200))
desk.replay.end()
"""


def test_the_same_inputs_give_the_same_bytes_under_any_hash_seed(tmp_path):
    found = []
    for hash_seed in ("0", "1", "77"):
        folder = tmp_path / hash_seed
        folder.mkdir()
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", SCRIPT, str(folder)], check=True, env=env, timeout=60)
        found.append(logs(folder))
    assert set(found[0]) > {"execution/epoch"}
    assert found[0] == found[1] == found[2]
