"""One account: positions and own orders, folded from its events, and how far a position may still go."""

import random

from agents.instruments import InstrumentTable
from agents.state.account import Account
from core.frame import Header
from schemas.messages import Reconciled, Transfer
from schemas.orders import OrderStatus, Side
from tests.unit.agents.trading_desk import BTC, ETH, ORDERS, config, filled, initialized, reconciled, transfer, updated

E8 = 100_000_000


class Book:
    """An account that is told events in order."""

    def __init__(self):
        self.account = Account(InstrumentTable(config()))
        self.seq = 0

    def tell(self, message, epoch=1):
        self.seq += 1
        header = Header(stream=ORDERS, type=1, sender=4, epoch=epoch, seq=self.seq)
        return self.account.apply(header, message, 1)


def test_a_position_may_go_as_far_as_its_open_orders():
    book = Book()
    book.tell(filled("a", 1, 30_000))
    book.tell(initialized("b", qty=20_000))
    book.tell(initialized("c", side=Side.SELL, qty=50_000, price=6_100_000))
    reach = book.account.reach(BTC)
    assert (reach.net_qty_e8, reach.buys_e8, reach.sells_e8) == (3 * E8 // 10, 2 * E8 // 10, 5 * E8 // 10)
    assert (reach.long_e8, reach.short_e8) == (5 * E8 // 10, -2 * E8 // 10)


def test_only_a_fill_that_was_booked_is_handed_on():
    book = Book()
    fill = filled("a", 1, 10_000)
    assert book.tell(initialized("a")) is None
    assert book.tell(fill) == fill
    assert book.tell(fill) is None
    assert book.account.reach(BTC).net_qty_e8 == E8 // 10


def test_the_account_is_reconciled_in_the_epoch_that_says_so():
    book = Book()
    assert not book.account.is_reconciled()
    book.tell(reconciled())
    assert book.account.is_reconciled()
    book.tell(initialized("a"), epoch=2)
    assert not book.account.is_reconciled()
    book.tell(reconciled(), epoch=2)
    assert book.account.is_reconciled()


def test_instruments_are_those_with_a_position_or_an_order():
    book = Book()
    book.tell(initialized("e", instrument=ETH))
    book.tell(filled("a", 1, 10_000))
    assert sorted(book.account.instruments()) == [BTC, ETH]
    assert not book.account.is_alone(BTC)
    book.tell(updated("e", OrderStatus.CANCELED, instrument=ETH))
    assert book.account.instruments() == [BTC]
    assert book.account.is_alone(BTC)
    assert not book.account.is_alone(ETH)


def test_the_last_event_is_a_cause():
    book = Book()
    found = []
    book.account.add_cause(found)
    assert found == []
    book.tell(reconciled())
    book.account.add_cause(found)
    assert found == [(ORDERS, 1, 1)]


def test_orders_that_the_position_covers_reduce_it_oldest_first_and_the_others_open():
    book = Book()
    book.tell(filled("a", 1, 30_000))
    book.tell(initialized("in", qty=100))
    book.tell(initialized("out", side=Side.SELL, qty=20_000, price=6_100_000))
    book.tell(initialized("more", side=Side.SELL, qty=20_000, price=6_100_000))
    book.tell(updated("out", OrderStatus.UNKNOWN))
    assert [order.client_order_id for order in book.account.opening_orders(BTC)] == ["in", "more"]
    book.tell(updated("out", OrderStatus.CANCELED))
    assert [order.client_order_id for order in book.account.opening_orders(BTC)] == ["in"]


def test_what_a_strategy_traded_is_counted_apart_less_commission_in_the_base_asset():
    book = Book()
    book.tell(filled("a", 1, 30_000, name="x"))
    book.tell(filled("b", 2, 10_000, side=Side.SELL, commission=E8 // 1000, asset="BTC", name="y"))
    book.tell(filled("c", 3, 10_000, side=Side.SELL, commission=E8, asset="USDT", name="x"))
    assert book.account.strategy_qty_e8("x", BTC) == 2 * E8 // 10
    assert book.account.strategy_qty_e8("y", BTC) == -E8 // 10 - E8 // 1000
    assert book.account.strategy_qty_e8("z", BTC) == 0
    assert book.account.strategies_in(BTC) == ["x", "y"]


def test_a_commission_in_the_base_of_another_traded_instrument_changes_that_position():
    book = Book()
    book.tell(filled("e", 1, 10_000, price=300_000, instrument=ETH))
    book.tell(filled("a", 2, 10_000, commission=75 * E8 // 1000, asset="ETH"))
    assert book.account.reach(ETH).net_qty_e8 == 925 * E8 // 1000
    assert book.account.reach(BTC).net_qty_e8 == E8 // 10


def test_what_the_account_held_before_is_a_position():
    book = Book()
    book.tell(reconciled(USDT="5", BTC="0.7"))
    assert book.account.reach(BTC).long_e8 == 7 * E8 // 10
    assert book.account.instruments() == [BTC]
    book.tell(transfer("BTC", "-0.7"))
    assert book.account.instruments() == []


def test_a_balance_that_is_kept_up_equals_one_that_is_worked_out_anew():
    book, rng = Book(), random.Random(7)
    book.tell(Reconciled(0, 0, 0, balances={"USDT": "100000", "BTC": "2", "BNB": "5"}))
    for n in range(300):
        asset = rng.choice(["USDT", "BTC", "ETH", "BNB"])
        shape = {"side": rng.choice([Side.BUY, Side.SELL]), "instrument": rng.choice([BTC, ETH])}
        qty, price, commission = rng.randrange(1, 5_000), rng.randrange(1, 7_000_000), rng.choice([0, 12_345])
        book.tell(filled("a", n, qty, price=price, commission=commission, asset=asset, **shape))
        if n % 50 == 0:
            book.tell(Transfer("USDT", "-17.5", 1, 1))
        for held in ("USDT", "BTC", "ETH", "BNB"):
            assert book.account.held_e8(held) == book.account.holdings.held_e16(held) // E8
    assert book.account.holdings.opened


def test_what_open_orders_may_pay_is_promised_in_the_asset_that_they_pay():
    book = Book()
    book.tell(initialized("a", qty=10_000))
    book.tell(initialized("b", qty=100, price=300_000, instrument=ETH))
    book.tell(initialized("c", side=Side.SELL, qty=20_000, price=6_100_000))
    assert book.account.promised_e8("USDT") == 6_030 * E8
    assert book.account.promised_e8("BTC") == E8 // 5
    book.tell(filled("a", 1, 4_000, cum=4_000))
    assert book.account.promised_e8("USDT") == 3_630 * E8
    book.tell(updated("a", OrderStatus.CANCELED, cum=4_000))
    assert book.account.promised_e8("USDT") == 30 * E8
