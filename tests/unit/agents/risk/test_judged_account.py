"""One account of several: its limits, orders and modes are its own."""

import pytest

from schemas.config import LimitsConfig, StrategyLimitsConfig
from schemas.messages import Ack, CancelAll, CancelOrder, Flatten, SetTradingMode, SubmitOrder, TradingState
from schemas.orders import OrderStatus, Reason, Side, TradingMode
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.risk.risk_desk import S
from tests.unit.agents.risk.several_desk import (
    BTC_ONE,
    BTC_THREE,
    BTC_TWO,
    ETH_ONE,
    EXECUTION,
    SeveralDesk,
)
from tests.unit.agents.trading_desk import filled, reconciled, signal, updated

ACTIVE, REDUCING, HALTED = (int(mode) for mode in TradingMode)


def peers(desk, cls):
    return [asked.peer for asked in desk.asked(cls)]


def test_an_order_goes_to_the_account_of_its_instrument():
    desk = SeveralDesk()
    desk.approve(signal(1, instrument=BTC_TWO))
    desk.approve(signal(2, instrument=BTC_THREE))
    assert peers(desk, SubmitOrder) == ["two", "three"]
    accounts = desk.agent.figures().accounts
    assert [accounts[name].open.reserved for name in ("one", "two", "three")] == [0, 1, 1]
    assert desk.open() == {"orders": 2, "reserved": 2, "unknown": 0}


def test_limits_are_of_each_account_and_one_may_have_its_own():
    limits = LimitsConfig(open_orders_max=1, correlation_max=1.0)
    desk = SeveralDesk(limits=limits, accounts={"two": LimitsConfig(order_qty_max="0.05", correlation_max=1.0)})
    assert desk.deny(signal(1, instrument=BTC_TWO)) == (
        Reason.ORDER_QTY_ABOVE_MAXIMUM,
        {"order_qty": "0.1", "order_qty_max": "0.05"},
    )
    desk.approve(signal(2, instrument=BTC_ONE))
    assert desk.deny(signal(3, instrument=BTC_ONE))[0] is Reason.MAX_OPEN_ORDERS
    desk.approve(signal(4, instrument=BTC_THREE))


def test_rates_are_of_each_account():
    limits = LimitsConfig(orders_burst_max=1, orders_per_second_max=0.1, correlation_max=1.0)
    desk = SeveralDesk(limits=limits)
    desk.approve(signal(1, instrument=BTC_ONE))
    assert desk.deny(signal(2, instrument=BTC_ONE))[0] is Reason.ORDER_RATE
    desk.approve(signal(3, instrument=BTC_TWO))


def test_a_restart_gives_every_reservation_back_to_its_account():
    desk = SeveralDesk()
    kept = desk.approve(signal(1, instrument=BTC_TWO))
    desk.approve(signal(2, instrument=BTC_THREE))
    refused = next(asked for asked in desk.asked(SubmitOrder) if asked.peer == "three")
    desk.ctx.finish(desk.agent, refused, Ack(accepted=False, reason=int(Reason.VENUE_RATE_LIMIT)))
    again = SeveralDesk(epoch=2, log=desk.ctx.published)
    accounts = again.agent.figures().accounts
    assert [accounts[name].open.reserved for name in ("one", "two", "three")] == [0, 1, 0]
    again.ctx.advance(again.agent, 4 * S)
    assert [(asked.peer, asked.message.client_order_id) for asked in again.asked(CancelOrder)] == [("two", kept)]
    again.ctx.finish(again.agent, again.asked(CancelOrder)[0], Ack(accepted=False, reason=int(Reason.ORDER_NOT_FOUND)))
    assert again.open() == {"orders": 0, "reserved": 0, "unknown": 0}


def test_an_account_in_trouble_stops_itself():
    desk = SeveralDesk()
    desk.at(2, filled("b", 1, 10_000, side=Side.SELL, instrument=BTC_TWO))
    desk.work_at("x", BTC_TWO, price=5_900_000)
    desk.at(2, updated("x", OrderStatus.UNKNOWN, instrument=BTC_TWO))
    assert desk.deny(signal(1, Side.SELL, instrument=BTC_TWO))[0] is Reason.UNKNOWN_ORDERS_OUTSTANDING
    desk.approve(signal(2, instrument=BTC_ONE))
    assert [desk.agent.figures().accounts[name].open.unknown for name in ("one", "two")] == [0, 1]


def test_an_execution_that_does_not_agree_trips_its_account():
    desk = SeveralDesk(ready=False)
    desk.begin(venues=(1, 3))
    desk.let_pass(11)
    assert [(state.reason, state.venue_id) for state in desk.modes()] == [(Reason.RECONCILIATION_TROUBLE, 2)]
    assert set(peers(desk, CancelAll)) == {"two"}
    assert desk.agent.figures().accounts["two"].trouble == "RECONCILING"
    desk.approve(signal(1, instrument=BTC_ONE))
    desk.at(2, reconciled())
    desk.let_pass(0.4)
    assert [(state.mode, state.venue_id) for state in desk.modes()] == [(ACTIVE, 2)]


def test_an_operator_halts_one_account_or_all():
    desk = SeveralDesk()
    assert desk.ask(SetTradingMode(HALTED, "odd", venue_id=2)).accepted
    assert peers(desk, CancelAll) == ["two"]
    assert desk.deny(signal(1, instrument=BTC_TWO))[0] is Reason.HALTED
    desk.approve(signal(2, instrument=BTC_ONE))
    assert desk.ask(SetTradingMode(HALTED, "all of it")).accepted
    assert set(peers(desk, CancelAll)) == set(EXECUTION.values())
    assert desk.deny(signal(3, instrument=BTC_ONE))[0] is Reason.HALTED
    assert not desk.ask(SetTradingMode(ACTIVE, "back", venue_id=2)).accepted
    assert desk.ask(SetTradingMode(REDUCING, "back", venue_id=2)).accepted
    assert desk.agent.figures().trading == ["HALTED all: operator: all of it", "REDUCING account=2: operator: back"]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (SetTradingMode(HALTED, "x", venue_id=9), "account: one of 1 one, 2 two, 3 three (found: 9)"),
        (Flatten("x", venue_id=2, instrument_id=BTC_ONE), "instrument: one of 3 b:BTCUSDT, 4 b:ETHUSDT (found: 1)"),
    ],
)
def test_what_is_not_on_the_desk_is_refused_with_what_is(asked, text):
    assert SeveralDesk().ask(asked).text == text


def test_one_account_is_flattened_and_the_others_stand():
    desk = SeveralDesk()
    desk.at(1, filled("a", 1, 10_000, instrument=BTC_ONE))
    desk.at(2, filled("b", 1, 10_000, side=Side.SELL, instrument=BTC_TWO))
    assert desk.ask(Flatten("out", venue_id=2)).accepted
    assert peers(desk, SubmitOrder) == ["two"]
    assert desk.agent.figures().flattening == ["account=two: out: b:BTCUSDT -0.1 left"]
    assert desk.ask(Flatten("out", venue_id=2, ended=True)).text == "flattening ended"
    assert desk.ask(Flatten("all")).accepted
    assert peers(desk, SubmitOrder) == ["two", "one"]


def test_flattening_takes_a_hedge_apart_whatever_the_desk_may_be_exposed_to():
    desk = SeveralDesk(desk={"coin_exposure_max": "1000"})
    desk.at(1, filled("a", 1, 10_000, instrument=BTC_ONE))
    desk.at(2, filled("b", 1, 10_000, side=Side.SELL, instrument=BTC_TWO))
    assert desk.ask(Flatten("out", venue_id=2)).accepted
    assert peers(desk, SubmitOrder) == ["two"]


def test_what_an_execution_tells_without_naming_an_account_is_of_its_own():
    desk = SeveralDesk()
    desk.told("two", TradingState(REDUCING, "ban", int(Reason.BREAKER_OPEN)))
    assert desk.deny(signal(1, instrument=BTC_TWO))[0] is Reason.BREAKER_OPEN
    desk.approve(signal(2, instrument=BTC_ONE))
    assert peers(desk, CancelAll) == []


def test_a_currency_that_has_lost_its_peg_stops_what_is_quoted_in_it():
    desk = SeveralDesk()
    desk.at(3, filled("c", 1, 20_000, instrument=BTC_THREE))
    desk.work_at("x", BTC_THREE, price=5_900_000)
    state = TradingState(REDUCING, "USDC 0.97", int(Reason.CURRENCY_DEPEGGED), instrument_id=BTC_THREE)
    desk.told("folio", state)
    assert desk.deny(signal(1, instrument=BTC_THREE)) == (
        Reason.CURRENCY_DEPEGGED,
        {"mode": "REDUCING", "reason": "USDC 0.97"},
    )
    assert [(each.peer, each.message.instrument_id) for each in desk.asked(CancelAll)] == [("three", BTC_THREE)]
    desk.approve(signal(2, Side.SELL, instrument=BTC_THREE))
    desk.approve(signal(3, instrument=BTC_ONE))
    desk.told("folio", TradingState(ACTIVE, "back", int(Reason.CURRENCY_DEPEGGED), instrument_id=BTC_THREE))
    desk.approve(signal(4, price=5_990_000, instrument=BTC_THREE))


def test_a_strategy_has_its_open_orders_counted_on_all_accounts():
    desk = SeveralDesk(strategies={"test": StrategyLimitsConfig(open_orders_max=2)})
    desk.approve(signal(1, instrument=BTC_ONE))
    desk.approve(signal(2, instrument=BTC_TWO))
    assert desk.deny(signal(3, instrument=BTC_THREE))[0] is Reason.MAX_OPEN_ORDERS


def test_a_dead_market_trips_for_its_instrument_on_its_account():
    desk = SeveralDesk()
    desk.let_pass(4, but=(2,))
    told = {(state.reason, state.venue_id, state.instrument_id) for state in desk.modes()}
    assert told == {(Reason.STALE_MARKET_DATA, 2, number) for number in (3, 4)}
    desk.approve(signal(1, price=300_000, qty=1_000, instrument=ETH_ONE))


def test_only_the_account_that_is_away_refuses():
    desk = SeveralDesk()
    desk.ctx.stream_states["two", stream_id(Kind.ORDER, 2, 0)] = StreamState.GAP
    assert desk.deny(signal(1, instrument=BTC_TWO))[0] is Reason.EXECUTION_UNAVAILABLE
    desk.approve(signal(2, instrument=BTC_THREE))
    assert desk.agent.figures().accounts["two"].trouble == "EXECUTION_UNAVAILABLE"
