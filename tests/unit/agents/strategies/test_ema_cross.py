"""EMA cross: enters on a cross, sizes by ATR, leaves on the opposite side, long only."""

import pytest

from schemas.errors import ConfigError
from schemas.orders import Side, TimeInForce
from tests.unit.agents.strategies.strategy_bench import Bench

PATH = "agents.strategies.ema_cross:EmaCross"
DOWN_THEN_UP = [6_000_000 - 300 * n for n in range(20)] + [5_994_000 + 400 * n for n in range(12)]


def run(bench, prices, settle=True):
    taken = []
    for price in prices:
        bench.bar(price)
        if settle:
            taken += bench.settle()
    return taken


def test_cross_above_buys_once_through_the_best_ask():
    bench = Bench(PATH, rsi_overbought=100.0, rsi_exit=100.0)
    taken = run(bench, DOWN_THEN_UP)
    assert [signal.side for signal in taken] == [Side.BUY]
    signal = taken[0]
    assert signal.time_in_force == TimeInForce.IOC
    asks = [price + 50 + 10 for price in DOWN_THEN_UP]
    assert signal.price_ticks in asks
    assert "ema" in signal.reason
    assert bench.position == signal.qty_lots * 999 // 1000  # less a commission of a thousandth, in whole lots


def test_opposite_side_sells_all():
    bench = Bench(PATH, rsi_overbought=100.0, rsi_exit=100.0)
    run(bench, DOWN_THEN_UP)
    held = bench.position
    taken = run(bench, [5_998_400 - 500 * n for n in range(20)])
    assert [(signal.side, signal.qty_lots) for signal in taken] == [(Side.SELL, held)]
    assert bench.position == 0


def test_exit_that_did_not_trade_is_tried_again_with_the_next_bar():
    bench = Bench(PATH, rsi_overbought=100.0, rsi_exit=100.0)
    run(bench, DOWN_THEN_UP)
    asked = 0
    for n in range(20):
        bench.bar(5_998_400 - 500 * n)
        asked += len(bench.signals())
        bench.refuse()
    assert asked >= 3


def test_overbought_market_is_not_bought():
    bench = Bench(PATH, rsi_overbought=1.0)
    assert not run(bench, DOWN_THEN_UP)


def test_nothing_is_sold_that_is_not_held():
    bench = Bench(PATH)
    up_then_down = [6_000_000 + 300 * n for n in range(20)] + [6_006_000 - 400 * n for n in range(20)]
    assert not run(bench, up_then_down)


def test_size_is_risk_over_atr_within_notional_and_venue_minimum():
    bench = Bench(PATH, equity=100_000.0, risk_fraction=0.001, atr_multiple=10.0, notional_max=50_000.0)
    btc = bench.strategy.market.instruments[0]
    # 100 at risk over a move of 10 * 25 = 0.4 BTC
    assert bench.strategy.size_lots(btc, 25.0, 6_000_000) == 40_000
    # a move of 10 * 1 would be 10 BTC; 50000 buy 0.8333
    assert bench.strategy.size_lots(btc, 1.0, 6_000_000) == 83_333
    assert bench.strategy.size_lots(btc, 0.0, 6_000_000) == 83_333
    # 0.00000x BTC is under the minimum notional of 5: a fifth over it
    assert bench.strategy.size_lots(btc, 1e9, 6_000_000) == 10


def test_maker_rests_at_the_bid_for_as_long_as_execution_keeps_it():
    bench = Bench(PATH, maker=True, hold_ms=3_000, rsi_overbought=100.0, rsi_exit=100.0)
    taken = run(bench, DOWN_THEN_UP)
    assert [(signal.time_in_force, signal.lifetime_ms) for signal in taken] == [(TimeInForce.GTX, 3_000)]
    assert taken[0].price_ticks in [price - 50 for price in DOWN_THEN_UP]
    assert not bench.cancels()


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"fast": 13, "slow": 13}, "fast 13 must be less than slow 13"),
        ({"fats": 3}, "fats"),
        ({"risk_fraction": 2.0}, "risk_fraction"),
        ({"fast": 1}, "fast"),
        ({"maker": "yes"}, "maker"),
    ],
)
def test_parameters_that_are_not_allowed_are_named(params, named):
    with pytest.raises(ConfigError, match=named):
        Bench(PATH, **params)
