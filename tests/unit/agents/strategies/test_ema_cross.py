"""EMA cross: enters on a cross, sizes by ATR, leaves on the opposite side, long only."""

import pytest

from schemas.errors import ConfigError
from schemas.messages import Kline, KlinesAnswer, KlinesRequest
from schemas.orders import OrderStatus, Side, TimeInForce
from tests.unit.agents.strategies.strategy_bench import Bench, S
from tests.unit.agents.trading_desk import BTC, ORDERS, filled, initialized

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


FALL = [5_998_400 - 500 * n for n in range(30)]


def exit_after(bench, prices):
    """Return after how many of `prices` it wants to sell; a bar that it joined in the middle it gets from market data."""
    for count, price in enumerate(prices, 1):
        second = bench.seconds
        bench.bar(price)
        for asked in [asked for asked in bench.ctx.requests if isinstance(asked.message, KlinesRequest)]:
            kline = Kline(second * S, price - 2, price + 2, price - 2, price, 3_000, 3)
            bench.ctx.finish(bench.agent, asked, KlinesAnswer(BTC, 1_000, (kline,)))
        if any(signal.side == Side.SELL for signal in bench.signals()):
            return count
    return None


def restarted(bench, klines, warm_up_bars):
    """A new life of a bench's agent, after it had bought, which sees the market from the next second on."""
    other = Bench(PATH, warm_up_bars=warm_up_bars, fast=9, slow=20, rsi_overbought=100.0, rsi_exit=100.0)
    other.seconds = bench.seconds
    lots = bench.position
    other.ctx.deliver(other.agent, "exec", ORDERS, initialized("o1", qty=lots))
    other.ctx.deliver(other.agent, "exec", ORDERS, filled("o1", 1, lots, status=OrderStatus.FILLED))
    if klines:
        other.warm_up(klines)
    assert other.position == lots
    return other


def test_restarted_with_a_position_it_leaves_with_the_bar_of_the_one_that_was_not():
    bench = Bench(PATH, fast=9, slow=20, rsi_overbought=100.0, rsi_exit=100.0)
    before = [6_000_000 + 40 * (n % 7) for n in range(200)] + DOWN_THEN_UP + [5_998_400] * 5
    run(bench, before)
    first = bench.seconds - len(before)
    klines = [Kline((first + n) * S, p - 2, p + 2, p - 2, p, 3_000, 3) for n, p in enumerate(before)]
    warm, cold = restarted(bench, klines, -1), restarted(bench, None, 0)
    assert bench.position > 0
    expected = exit_after(bench, FALL)
    assert expected is not None
    assert expected <= 10
    assert exit_after(warm, FALL) == expected
    assert (exit_after(cold, FALL) or 99) > expected
