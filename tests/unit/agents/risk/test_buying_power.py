"""Buying power: no order leaves that the account could not pay for, with all that is open and a share for fees."""

import msgspec
import pytest

from schemas.config import LimitsConfig
from schemas.messages import Reconciled, Transfer
from schemas.orders import OrderStatus, Reason, Side
from tests.unit.agents.risk.risk_desk import Desk
from tests.unit.agents.trading_desk import ETH, config, filled, signal, updated


def desk_with(balances, **limits):
    """A desk whose account opens with these balances."""
    desk = Desk(ready=False, **({"fee_reserve": 0.0} | limits))
    desk.event(Reconciled(0, 0, 0, balances=balances))
    desk.equity(1_000_000)
    desk.market()
    return desk


def test_a_buy_that_costs_more_than_is_free_is_denied_with_both_figures():
    desk = desk_with({"USDT": "6000"})
    assert desk.deny(signal(1, qty=10_001)) == (
        Reason.INSUFFICIENT_BALANCE,
        {"asset": "USDT", "order_cost": "6000.6", "balance": "6000", "open_orders": "0", "free": "6000"},
    )
    desk.approve(signal(2, qty=10_000))


def test_what_open_buys_may_still_pay_is_not_free():
    desk = desk_with({"USDT": "6000"})
    order_id = desk.approve(signal(1, qty=4_000))
    assert desk.deny(signal(2, qty=6_001))[1]["open_orders"] == "2400"
    desk.work(order_id, qty=4_000)
    desk.event(updated(order_id, OrderStatus.UNKNOWN))
    desk.event(updated(order_id, OrderStatus.CANCELED))
    desk.approve(signal(3, qty=10_000))


def test_fills_and_transfers_change_what_is_free():
    desk = desk_with({"USDT": "6000"})
    desk.event(filled("a", 1, 5_000, commission=100_000_000, asset="USDT"))
    assert desk.deny(signal(1, qty=5_000))[1]["free"] == "2999"
    desk.event(Transfer("USDT", "1", 1, 1))
    desk.approve(signal(2, qty=5_000))


def test_a_buy_in_another_instrument_of_the_same_quote_currency_counts():
    desk = desk_with({"USDT": "6000"}, correlation_max=1.0)
    desk.approve(signal(1, qty=10_000))
    desk.market(299_900, 300_100, ETH)
    assert desk.deny(signal(2, price=300_000, qty=100, instrument=ETH))[1]["free"] == "0"


def test_a_share_for_fees_is_kept():
    desk = desk_with({"USDT": "6000"}, fee_reserve=0.001)
    assert desk.deny(signal(1, qty=10_000))[1]["order_cost"] == "6006"
    desk.approve(signal(2, qty=9_990))


def test_what_was_there_at_the_opening_can_be_sold_and_no_more():
    desk = desk_with({"USDT": "0", "BTC": "0.5"}, short_allowed=True)
    desk.approve(signal(1, Side.SELL, qty=50_000))
    reason, figures = desk.deny(signal(2, Side.SELL, qty=100))
    assert reason is Reason.INSUFFICIENT_BALANCE
    assert figures == {"asset": "BTC", "order_cost": "0.001", "balance": "0.5", "open_orders": "0.5", "free": "0"}


def test_before_the_venue_has_told_balances_nothing_is_checked():
    Desk().approve(signal(1, qty=100_000))


@pytest.mark.parametrize(("kind", "denied"), [("binance_spot", True), ("binance_usdm", False)])
def test_on_margin_the_venue_alone_knows_what_a_position_costs(kind, denied):
    good = config()
    venue = msgspec.structs.replace(good.venues[0], kind=kind)
    desk = Desk(ready=False, config=msgspec.structs.replace(good, venues=(venue,)))
    desk.event(Reconciled(0, 0, 0, balances={"USDT": "1"}))
    desk.equity(1_000_000)
    desk.market()
    assert (getattr(desk.ask(signal(1)), "reason", None) == Reason.INSUFFICIENT_BALANCE) is denied


def test_open_orders_of_contracts_on_the_same_account_pay_neither_coins_nor_money():
    good = config(LimitsConfig(fee_reserve=0.0, correlation_max=1.0, short_allowed=True))
    coin, contract = good.instruments
    contract = msgspec.structs.replace(contract, symbol="BTCUSDT-PERP", base="BTC", category="linear")
    feeds = msgspec.structs.replace(good.agents["md"], instruments=("BTCUSDT", "BTCUSDT-PERP"))
    venue = msgspec.structs.replace(good.venues[0], kind="bybit")
    more = {"venues": (venue,), "instruments": (coin, contract), "agents": {**good.agents, "md": feeds}}
    desk = Desk(ready=False, config=msgspec.structs.replace(good, **more))
    desk.event(Reconciled(0, 0, 0, balances={"USDT": "6000", "BTC": "0.1"}))
    desk.equity(1_000_000)
    desk.market()
    desk.market(instrument=ETH)
    desk.approve(signal(1, Side.SELL, qty=2_000, instrument=ETH))
    desk.approve(signal(2, Side.SELL, qty=10_000, price=6_000_100))
    desk.approve(signal(3, qty=2_000, price=5_990_000, instrument=ETH))
    desk.approve(signal(4, qty=10_000))
