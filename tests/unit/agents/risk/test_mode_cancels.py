"""Cancels of trading modes: of their scope, of what opens or of all, again and again until nothing is left."""

import pytest

from schemas.messages import Ack, CancelAll, SetTradingMode
from schemas.orders import OrderStatus, Reason, Side, TradingMode
from tests.unit.agents.risk.risk_desk import Desk
from tests.unit.agents.trading_desk import BTC, ETH, config, filled, initialized, strategy, updated

ACTIVE, REDUCING, HALTED = (int(mode) for mode in TradingMode)
BY_OPERATOR = int(Reason.CANCELED_BY_OPERATOR)


def desk(**more):
    desk = Desk(config=config(strategies=(strategy("test", "x:X"), strategy("other", "x:X"))), **more)
    desk.event(filled("old", 1, 100_000))
    return desk


def answer(desk):
    """Have execution take every cancel on, and return them."""
    asked = desk.asked(CancelAll)
    for each in asked:
        desk.ctx.finish(desk.agent, each, Ack(accepted=True))
    return [each.message for each in asked]


@pytest.mark.parametrize(("mode", "opening_only"), [(REDUCING, True), (HALTED, False)])
def test_a_mode_cancels_in_its_scope(mode, opening_only):
    halted = desk()
    halted.ask(SetTradingMode(mode, "x", strategy="test", instrument_id=BTC))
    assert answer(halted) == [CancelAll(BTC, BY_OPERATOR, "test", opening_only)]


def test_a_cancel_is_asked_for_again_while_what_opens_is_open():
    reducing = desk()
    reducing.work("in", price=5_900_000)
    reducing.work("out", side=Side.SELL, price=6_100_000, qty=100_000)
    reducing.ask(SetTradingMode(REDUCING, "x"))
    for _ in range(3):
        assert len(answer(reducing)) == 1
        reducing.pass_time(1)
    answer(reducing)
    reducing.event(updated("in", OrderStatus.CANCELED))
    reducing.pass_time(3)
    assert answer(reducing) == []
    reducing.event(initialized("late", side=Side.SELL, price=6_100_000))
    reducing.pass_time(1)
    assert len(answer(reducing)) == 1


def test_what_is_out_of_scope_keeps_no_cancel_going():
    halted = desk()
    halted.work("theirs", price=5_900_000, name="other")
    halted.ask(SetTradingMode(HALTED, "x", strategy="test"))
    halted.ask(SetTradingMode(HALTED, "x", instrument_id=ETH))
    answer(halted)
    halted.pass_time(3)
    assert answer(halted) == []


def test_a_cancel_that_execution_did_not_take_on_is_asked_for_again_although_nothing_is_seen_open():
    halted = desk()
    halted.ask(SetTradingMode(HALTED, "x"))
    halted.ctx.finish(halted.agent, halted.asked(CancelAll)[0], Ack(accepted=False))
    halted.pass_time(1)
    assert len(answer(halted)) == 1
    halted.pass_time(3)
    assert answer(halted) == []


def test_no_cancel_goes_on_after_trading_is_resumed():
    halted = desk()
    halted.work("a", price=5_900_000)
    halted.ask(SetTradingMode(REDUCING, "x"))
    answer(halted)
    halted.ask(SetTradingMode(ACTIVE, "x"))
    halted.pass_time(3)
    assert answer(halted) == []
