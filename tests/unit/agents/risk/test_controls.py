"""Controls: operators' words are answered by what can be named, logged, and hold over restarts."""

import msgspec
import pytest

from schemas.messages import Ack, CancelAll, Flatten, SetTradingMode, TradingState
from schemas.orders import OrderStatus, Reason, Side, TradingMode
from schemas.streams import AGENT_STREAM
from tests.unit.agents.risk.risk_desk import Desk
from tests.unit.agents.trading_desk import BTC, ETH, config, filled, signal, strategy, updated

ACTIVE, REDUCING, HALTED = (int(mode) for mode in TradingMode)
TWO = config(strategies=(strategy("test", "x:X"), strategy("other", "x:X")))


def desk_of_two(**more):
    """A desk with the strategies `test` and `other`, long 1 BTC."""
    desk = Desk(config=TWO, **more)
    desk.event(filled("old", 1, 100_000))
    return desk


def test_halt_denies_cancels_all_and_lasts_until_resumed():
    desk = Desk()
    desk.work("a")
    assert desk.ask(SetTradingMode(TradingMode.HALTED, "fat finger")).accepted
    published = desk.ctx.published[-1]
    assert published.stream == AGENT_STREAM
    assert (published.message.mode, published.message.text) == (TradingMode.HALTED, "fat finger")
    assert desk.deny(signal(1)) == (Reason.HALTED, {"mode": "HALTED", "reason": "fat finger"})
    desk.ctx.finish(desk.agent, desk.asked(CancelAll)[0], Ack(accepted=True))
    desk.pass_time(1)
    desk.ctx.finish(desk.agent, desk.asked(CancelAll)[0], Ack(accepted=True))
    desk.event(updated("a", OrderStatus.CANCELED))
    desk.pass_time(3)
    assert not desk.asked(CancelAll)
    assert not desk.ask(SetTradingMode(TradingMode.ACTIVE, "in one step")).accepted
    assert desk.ask(SetTradingMode(TradingMode.REDUCING, "looking")).accepted
    assert desk.ask(SetTradingMode(TradingMode.ACTIVE, "fixed")).accepted
    desk.approve(signal(2))


def test_while_halted_no_strategy_closes_and_while_reducing_each_may():
    desk = desk_of_two()
    desk.ask(SetTradingMode(HALTED, "stop"))
    assert desk.deny(signal(1, Side.SELL))[0] is Reason.HALTED
    desk.ask(SetTradingMode(REDUCING, "get out"))
    assert desk.deny(signal(2)) == (Reason.TRADING_REDUCING, {"mode": "REDUCING", "reason": "get out"})
    desk.approve(signal(3, Side.SELL, qty=100_000))
    assert desk.deny(signal(4, Side.SELL, qty=100))[0] is Reason.TRADING_REDUCING


def test_a_mode_holds_for_its_scope_alone():
    desk = desk_of_two()
    assert desk.ask(SetTradingMode(HALTED, "odd", strategy="other")).accepted
    assert desk.deny(signal(1, name="other"))[0] is Reason.HALTED
    desk.approve(signal(2))
    assert desk.ask(SetTradingMode(HALTED, "odd", instrument_id=ETH)).accepted
    desk.market(299_900, 300_100, ETH)
    assert desk.deny(signal(3, price=300_000, instrument=ETH))[0] is Reason.HALTED
    desk.approve(signal(4))


@pytest.mark.parametrize("asked", [SetTradingMode(HALTED, "x", strategy="tset"), Flatten("x", strategy="tset")])
def test_a_strategy_that_is_not_known_is_refused_with_those_that_are(asked):
    answer = desk_of_two().ask(asked)
    assert answer == Ack(accepted=False, text="strategy: one of other, test (found: tset)")


def test_an_instrument_that_is_not_known_is_refused_with_those_that_are():
    answer = desk_of_two().ask(SetTradingMode(HALTED, "x", instrument_id=9))
    assert not answer.accepted
    assert answer.reason == Reason.INSTRUMENT_NOT_FOUND
    assert answer.text == "instrument: one of 1 BTCUSDT, 2 ETHUSDT (found: 9)"


def test_a_mode_that_is_none_is_refused():
    assert desk_of_two().ask(SetTradingMode(3, "x")).text == "mode: one of 0 ACTIVE, 1 REDUCING, 2 HALTED (found: 3)"


def test_modes_of_execution_and_portfolio_hold_too():
    desk = desk_of_two()
    desk.told("exec", TradingState(HALTED, "risk was down"))
    assert desk.deny(signal(1))[1] == {"mode": "HALTED", "reason": "risk was down"}
    desk.told("exec", TradingState(ACTIVE, "back"))
    trouble = TradingState(REDUCING, "BTC 1 or 2", int(Reason.RECONCILIATION_TROUBLE), venue_id=1)
    desk.told("folio", trouble)
    denied = desk.deny(signal(2))
    assert denied == (Reason.RECONCILIATION_TROUBLE, {"mode": "REDUCING", "reason": "BTC 1 or 2"})
    desk.approve(signal(3, Side.SELL))
    desk.told("folio", msgspec.structs.replace(trouble, mode=ACTIVE))
    desk.approve(signal(4, price=5_990_000))


def test_trouble_that_portfolio_tells_of_cancels_what_opens():
    desk = desk_of_two()
    desk.work("a", price=5_900_000)
    desk.told("folio", TradingState(REDUCING, "BTC 1 or 2", int(Reason.RECONCILIATION_TROUBLE), venue_id=1))
    assert [asked.message for asked in desk.asked(CancelAll)] == [
        CancelAll(reason=int(Reason.CANCELED_BY_LIMIT), opening_only=True)
    ]


def test_modes_are_told_in_the_figures():
    desk = desk_of_two()
    desk.ask(SetTradingMode(REDUCING, "calm", strategy="test", instrument_id=BTC))
    assert desk.agent.figures().trading == ["REDUCING strategy=test instrument=1: operator: calm"]
