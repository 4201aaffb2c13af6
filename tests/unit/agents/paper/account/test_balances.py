"""Balances: an order locks what it may cost, a fill spends it, the rest comes back, and nothing is made or lost."""

from agents.paper.account.balances import Balances
from agents.paper.orders import Fill
from schemas.orders import Side
from tests.unit.agents.paper.paper_kit import LISTING, make_order

E8 = 100_000_000


def test_a_buy_spends_quote_and_receives_base_less_the_commission() -> None:
    account = Balances({"USDT": "1000"}, "0.001", "0.002")
    order = make_order(1, Side.BUY, 10_000, 100_000)  # 1 BTC at 100.00
    account.lock(order, 100 * E8)
    assert (account.balance("USDT").free_e8, account.balance("USDT").locked_e8) == (900 * E8, 100 * E8)
    commission = account.commission(order, 9_900, 100_000, maker=False)
    assert commission == E8 * 2 // 1000
    account.settle(order, Fill(1, 9_900, 100_000, 99 * E8, commission, "BTC", False, 1))
    account.release(order)
    assert (account.balance("USDT").free_e8, account.balance("USDT").locked_e8) == (901 * E8, 0)
    assert account.balance("BTC").free_e8 == E8 - commission
    assert account.commission_e8 == {"BTC": commission}
    assert (order.cum_qty_lots, order.cum_quote_e8, order.locked_e8) == (100_000, 99 * E8, 0)


def test_a_sell_is_charged_in_quote_and_a_maker_less() -> None:
    account = Balances({"BTC": "1"}, "0.001", "0.002")
    order = make_order(1, Side.SELL, 10_000, 100_000)
    assert account.commission(order, 10_000, 100_000, maker=True) == 100 * E8 // 1000
    assert account.commission(order, 10_000, 100_000, maker=False) == 200 * E8 // 1000


def test_commission_is_rounded_down() -> None:
    account = Balances({}, "0.001", "0.001")
    order = make_order(1, Side.BUY, 1, 1)
    assert account.commission(order, 1, 1, maker=True) == LISTING.qty_e8(1) // 1000 == 1


def test_what_the_account_began_with_can_be_said_later() -> None:
    account = Balances({"USDT": "1000"}, "0", "0")
    account.begin_with("USDT", 1500 * E8)
    found = account.figures()["USDT"]
    assert (found.free, found.locked, found.initial) == ("1500.00000000", "0.00000000", "1500.00000000")
    assert account.balance("USDT").total_e8 == 1500 * E8
