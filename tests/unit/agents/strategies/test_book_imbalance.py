"""Book imbalance: leans with the heavy side, cools down, sells what it holds, rests and cancels as a maker."""

import pytest

from schemas.errors import ConfigError
from schemas.orders import Side, TimeInForce
from tests.unit.agents.strategies.strategy_bench import MS, Bench

PATH = "agents.strategies.book_imbalance:BookImbalance"


def test_heavy_bid_buys_a_small_amount_through_the_ask():
    bench = Bench(PATH)
    bench.book(bid_lots=200, ask_lots=100)
    (signal,) = bench.settle()
    assert (signal.side, signal.price_ticks, signal.time_in_force) == (Side.BUY, 6_000_110, TimeInForce.IOC)
    # 500 at 60001.10
    assert signal.qty_lots == 833
    assert signal.confidence == pytest.approx(1 / 3)


def test_balanced_book_is_left_alone():
    bench = Bench(PATH, threshold=0.5)
    bench.book(bid_lots=299, ask_lots=100)
    bench.book(bid_lots=100, ask_lots=299)
    assert not bench.signals()


def test_one_signal_each_cooldown():
    bench = Bench(PATH, cooldown_ms=1_000)
    bench.book(200, 100)
    bench.settle()
    bench.ctx.advance(bench.agent, 999 * MS)
    bench.book(200, 100)
    assert not bench.signals()
    bench.ctx.advance(bench.agent, MS)
    bench.book(200, 100)
    assert len(bench.signals()) == 1


def test_pending_signal_holds_back_the_next():
    bench = Bench(PATH, cooldown_ms=0)
    bench.book(200, 100)
    bench.book(200, 100)
    assert len(bench.signals()) == 1
    bench.refuse()
    bench.book(200, 100)
    assert len(bench.signals()) == 1


def test_position_stays_within_its_maximum():
    bench = Bench(PATH, cooldown_ms=0, order_notional=500.0, position_notional_max=1_100.0)
    for _ in range(10):
        bench.book(200, 100)
        bench.settle()
    assert bench.fills == 2


def test_heavy_ask_sells_what_is_held_and_nothing_else():
    bench = Bench(PATH, cooldown_ms=0)
    bench.book(100, 200)
    assert not bench.signals()
    bench.book(200, 100)
    bench.settle()
    held = bench.position
    bench.book(100, 200)
    (signal,) = bench.settle()
    assert (signal.side, signal.qty_lots, signal.price_ticks) == (Side.SELL, held, 5_999_890)
    bench.book(100, 200)
    assert not bench.signals()


def test_maker_rests_at_the_best_price_for_as_long_as_execution_keeps_it():
    bench = Bench(PATH, maker=True, hold_ms=2_000)
    bench.book(200, 100)
    (signal,) = bench.settle()
    assert (signal.price_ticks, signal.time_in_force, signal.lifetime_ms) == (5_999_900, TimeInForce.GTX, 2_000)
    bench.ctx.advance(bench.agent, 10_000 * MS)
    assert not bench.cancels()


@pytest.mark.parametrize("params", [{"threshold": 0.0}, {"levels": 0}, {"treshold": 0.5}, {"order_notional": 0}])
def test_parameters_that_are_not_allowed_are_refused(params):
    with pytest.raises(ConfigError, match=r"strategies\.test\.params"):
        Bench(PATH, **params)
