"""Limits of one strategy hold for it alone, count what it has open, and hold nobody in a position."""

import msgspec
import pytest

from agents.risk.builder import build
from schemas.config import StrategyLimitsConfig
from schemas.errors import ConfigError
from schemas.orders import OrderStatus, Reason, Side
from tests.unit.agents.risk.risk_desk import Desk
from tests.unit.agents.risk.several_desk import BTC_ONE, BTC_TWO, SeveralDesk
from tests.unit.agents.trading_desk import config, filled, signal, strategy, updated


def limited(name="test", **limits):
    """A configuration in which one of two strategies has limits of its own."""
    good = config(strategies=(strategy("test", "x:X"), strategy("other", "x:X")))
    agents = dict(good.agents)
    agents["risk"] = msgspec.structs.replace(agents["risk"], strategies={name: StrategyLimitsConfig(**limits)})
    return msgspec.structs.replace(good, agents=agents)


def test_a_strategys_own_position_is_limited_with_all_that_it_has_open():
    desk = Desk(config=limited(position_max="0.5"))
    desk.event(filled("a", 1, 20_000))
    desk.event(filled("b", 2, 90_000, name="other"))
    desk.work("c", qty=10_000, price=5_900_000)
    assert desk.deny(signal(1, qty=20_001)) == (
        Reason.MAX_POSITION,
        {
            "strategy": "test",
            "strategy_position": "0.2",
            "open_orders": "0.1",
            "order_qty": "0.20001",
            "strategy_position_max": "0.5",
        },
    )
    desk.approve(signal(2, qty=20_000))
    desk.approve(signal(3, qty=100_000, name="other"))


def test_a_strategys_own_orders_are_limited_in_number_and_value():
    desk = Desk(config=limited(open_orders_max=1, order_notional_max="6000"))
    assert desk.deny(signal(1, qty=10_001)) == (
        Reason.NOTIONAL_ABOVE_MAXIMUM,
        {"strategy": "test", "order_notional": "6000.6", "strategy_order_notional_max": "6000"},
    )
    desk.work("theirs", price=5_900_000, name="other")
    desk.work("mine", price=5_900_000)
    assert desk.deny(signal(2))[0] is Reason.MAX_OPEN_ORDERS
    desk.event(updated("mine", OrderStatus.CANCELED))
    desk.approve(signal(3))


def test_limits_of_a_strategy_hold_nobody_in_a_position():
    desk = Desk(config=limited(position_max="0.00001", order_notional_max="1", open_orders_max=1))
    desk.event(filled("a", 1, 20_000))
    desk.work("mine", price=5_900_000)
    desk.approve(signal(1, Side.SELL, qty=20_000))


def test_a_strategy_that_is_not_there_is_refused_by_its_name():
    with pytest.raises(ConfigError, match=r"agents\.risk\.strategies: 'tset' .*those are: other, test\)"):
        build("risk", limited("tset"))
    with pytest.raises(ConfigError, match=r"agents\.risk\.strategies\.test\.position_max"):
        build("risk", limited(position_max="0.000000001"))


ONE_OPEN = {"strategies": {"test": StrategyLimitsConfig(open_orders_max=1)}}


def traded_at_two():
    """A desk whose second account has an order of the strategy, and the order."""
    desk = SeveralDesk(**ONE_OPEN)
    order_id = desk.approve(signal(1, qty=1_000, instrument=BTC_TWO))
    desk.work_at(order_id, BTC_TWO, qty=1_000)
    return desk, order_id


def again_without_two(desk, anchor=b""):
    """Risk after a restart, on its log or an anchor, while the second account is away."""
    again = SeveralDesk(ready=False, epoch=2, log=() if anchor else desk.ctx.published, **ONE_OPEN)
    if anchor:
        again.agent.logged.resume(anchor)
    again.begin(venues=(1, 3))
    again.let_pass(0.2)
    return again


def test_what_ended_on_an_account_that_is_away_is_not_open_after_a_restart_from_an_anchor():
    desk, order_id = traded_at_two()
    desk.at(2, updated(order_id, OrderStatus.CANCELED, instrument=BTC_TWO))
    again = again_without_two(desk, desk.agent.logged.anchor())
    again.approve(signal(2, qty=1_000, instrument=BTC_ONE))


def test_what_may_rest_on_an_account_that_is_away_counts_until_it_is_back():
    desk, order_id = traded_at_two()
    for again in (again_without_two(desk, desk.agent.logged.anchor()), again_without_two(desk)):
        assert again.deny(signal(2, qty=1_000, instrument=BTC_ONE))[1]["open_orders"] == 1
        again.begin(venues=(2,))
        again.let_pass(0.2)
        again.work_at(order_id, BTC_TWO, qty=1_000)
        again.at(2, updated(order_id, OrderStatus.CANCELED, instrument=BTC_TWO))
        again.approve(signal(3, qty=1_000, instrument=BTC_ONE))
