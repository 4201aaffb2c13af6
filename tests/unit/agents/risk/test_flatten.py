"""Flattening: positions are closed in steps that only reduce, at bounded prices, in the name of who traded them."""

import pytest

from core.frame import unpack
from mesh.protocol.codec import decode_frame
from schemas.config import LimitsConfig
from schemas.messages import CancelAll, Flatten, SetTradingMode, SubmitOrder
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce, TradingMode
from schemas.streams import StreamState
from tests.unit.agents.risk.risk_desk import Desk
from tests.unit.agents.trading_desk import BTC, ETH, ORDERS, config, filled, signal, strategy, updated

CLOSE = int(ExecInst.CLOSE | ExecInst.REDUCE_ONLY)


def desk(*fills, **limits):
    """A desk of two strategies with these fills: name, lots (negative sells)."""
    both = (strategy("test", "x:X"), strategy("other", "x:X"))
    desk = Desk(config=config(LimitsConfig(**limits), strategies=both))
    for n, (name, lots) in enumerate(fills):
        side = Side.BUY if lots > 0 else Side.SELL
        desk.event(filled(f"old{n}", n, abs(lots), side=side, name=name))
    return desk


def sent(desk):
    """The orders that were submitted since the last call."""
    found = []
    for asked in desk.asked(SubmitOrder):
        desk.ctx.requests.remove(asked)
        found.append(decode_frame(unpack(asked.message.decision), asked.message.decision))
    return found


def fill(desk, order, trade_id):
    shape = {"price": order.price_ticks, "side": Side(order.side), "name": order.strategy}
    desk.event(filled(order.client_order_id, trade_id, order.qty_lots, status=OrderStatus.FILLED, **shape))


def test_flatten_halts_cancels_and_closes_by_bounded_orders_until_nothing_is_left():
    held = desk(("test", 150_000), price_collar=0.01)
    held.work("resting", price=5_900_000)
    assert held.ask(Flatten("out")).accepted
    assert [state.mode for state in held.modes()] == [TradingMode.HALTED]
    assert held.asked(CancelAll)[0].message == CancelAll(reason=int(Reason.CANCELED_BY_OPERATOR))
    (first,) = sent(held)
    assert (first.side, first.qty_lots, first.time_in_force, first.exec_inst) == (-1, 100_000, TimeInForce.IOC, CLOSE)
    assert (first.strategy, first.signal_sender) == ("test", 3)
    assert first.price_ticks == 5_984_901  # a quarter of the collar below the bid of 5,999,900, rounded up
    assert held.deny(signal(1, Side.SELL))[0] is Reason.HALTED
    held.event(updated("resting", OrderStatus.CANCELED))
    fill(held, first, 11)
    held.pass_time(0.4)
    (second,) = sent(held)
    assert second.qty_lots == 50_000
    fill(held, second, 12)
    assert held.agent.figures().flattening == ["all: out: nothing left"]
    held.pass_time(0.4)
    assert held.agent.figures().flattening == []
    held.pass_time(2)
    assert sent(held) == []


def test_a_step_in_flight_is_never_closed_twice():
    held = desk(("test", 100_000))
    held.ask(Flatten("out"))
    assert len(sent(held)) == 1
    held.pass_time(0.9)
    assert sent(held) == []


def test_what_does_not_fill_goes_further_through_the_market_and_never_beyond_the_collar():
    held = desk(("test", 100_000), price_collar=0.01)
    held.ask(Flatten("out"))
    prices = []
    for _ in range(6):
        (order,) = sent(held)
        prices.append(order.price_ticks)
        held.work(order.client_order_id, side=Side.SELL, qty=100_000, price=order.price_ticks)
        held.event(updated(order.client_order_id, OrderStatus.EXPIRED))
        held.pass_time(0.4)
    assert prices == [5_984_901, 5_969_901, 5_954_901, 5_939_901, 5_939_901, 5_939_901]


def test_a_short_position_is_bought_back():
    held = desk(("test", -20_000), short_allowed=True)
    held.ask(Flatten("out"))
    (order,) = sent(held)
    assert (order.side, order.qty_lots) == (1, 20_000)
    assert order.price_ticks == 6_015_100  # a quarter of the collar above the ask of 6,000,100


def test_each_strategy_closes_its_own_and_what_nobody_traded_is_closed_as_flatten():
    held = desk(("test", 30_000), ("other", 20_000), ("", 10_000))
    held.ask(Flatten("out"))
    assert [(order.strategy, order.qty_lots) for order in sent(held)] == [
        ("test", 30_000),
        ("other", 20_000),
        ("flatten", 10_000),
    ]


def test_one_strategy_is_flattened_and_the_other_trades_on():
    held = desk(("test", 30_000), ("other", 20_000))
    held.ask(Flatten("out", strategy="test"))
    assert [(order.strategy, order.qty_lots) for order in sent(held)] == [("test", 30_000)]
    assert held.deny(signal(1))[0] is Reason.HALTED
    held.approve(signal(2, price=5_900_000, name="other"))


def test_a_strategy_is_closed_only_as_far_as_that_reduces_the_account():
    held = desk(("test", 30_000), ("other", -20_000), short_allowed=True)
    held.ask(Flatten("out", strategy="test"))
    assert [order.qty_lots for order in sent(held)] == [10_000]


def test_an_instrument_is_flattened_alone():
    held = desk(("test", 30_000))
    held.event(filled("e", 9, 10_000, price=300_000, instrument=ETH))
    held.market(299_900, 300_100, ETH)
    held.ask(Flatten("out", instrument_id=ETH))
    assert [order.instrument_id for order in sent(held)] == [ETH]


def test_dust_is_flat():
    held = desk(("test", 7))  # 4.2 USDT, less than the least notional
    held.ask(Flatten("out"))
    assert sent(held) == []
    assert held.agent.figures().flattening == []


def test_a_step_that_is_refused_is_told_and_made_again():
    held = desk(("test", 30_000))
    held.ctx.stream_states["exec", ORDERS] = StreamState.DOWN
    held.ask(Flatten("out"))
    assert sent(held) == []
    (line,) = held.agent.figures().flattening
    assert line.startswith("all: out: BTCUSDT 0.3 (EXECUTION_UNAVAILABLE")
    held.ctx.stream_states.clear()
    held.pass_time(0.4)
    assert [order.qty_lots for order in sent(held)] == [30_000]


@pytest.mark.parametrize("mode", [TradingMode.REDUCING, None])
def test_flattening_ends_on_an_operators_word(mode):
    held = desk(("test", 150_000))
    held.ask(Flatten("out", instrument_id=BTC))
    fill(held, sent(held)[0], 11)
    if mode is None:
        assert held.ask(Flatten("enough", instrument_id=BTC, ended=True)).text == "flattening ended"
    else:
        assert held.ask(SetTradingMode(int(mode), "enough", instrument_id=BTC)).accepted
    held.pass_time(1)
    assert sent(held) == []
    assert held.agent.figures().flattening == []
