"""Which orders open a position: by the account's own fills, and together with the orders that were there before."""

from agents.execution.account_balances import AccountBalances
from agents.execution.opening_orders import OpeningOrders
from agents.execution.order_table import OrderTable
from agents.instruments import InstrumentTable
from schemas.messages import OrderFilled, OrderInitialized
from schemas.orders import OrderStatus, Side
from tests.unit.agents.execution.execution_desk import LOT, config

BUY, SELL = Side.BUY, Side.SELL


class Book:
    """Orders and fills of one account, and what opens in them."""

    def __init__(self, spot=True):
        self.table = OrderTable()
        self.balances = AccountBalances()
        self.opening = OpeningOrders(self.table, InstrumentTable(config()).by_id, self.balances, spot=spot)

    def order(self, name, side, lots, external=False):
        self.table.apply(OrderInitialized(name, "maker", 1, side, lots, 10_000, 1, external=external), 0)

    def fill(self, name, lots, cum, commission_e8=0, asset="USDT"):
        order = self.table.orders[name]
        status = OrderStatus.FILLED if cum == order.qty_lots else OrderStatus.PARTIALLY_FILLED
        left = order.qty_lots - cum
        message = OrderFilled(
            name,
            "maker",
            1,
            order.side,
            status,
            "7",
            f"{name}{cum}",
            lots,
            10_000,
            cum,
            left,
            commission_e8,
            asset,
            0,
            0,
            0,
        )
        self.table.apply(message, 0)

    def hold(self, side, lots):
        self.order("held", side, lots)
        self.fill("held", lots, lots)

    def found(self):
        return [order.client_order_id for order in self.opening.find()]


def test_without_a_position_every_order_opens_one():
    book = Book()
    book.order("a", BUY, LOT)
    book.order("b", SELL, LOT)
    assert book.found() == ["a", "b"]


def test_what_the_position_covers_only_reduces_it_and_what_adds_to_it_opens():
    book = Book()
    book.hold(BUY, 3 * LOT)
    book.order("close", SELL, 3 * LOT)
    book.order("more", BUY, 1)
    assert book.found() == ["more"]


def test_the_cover_is_used_up_from_the_oldest_order_on():
    book = Book()
    book.hold(BUY, 3 * LOT)
    book.order("first", SELL, 2 * LOT)
    book.order("second", SELL, 2 * LOT)
    assert book.found() == ["second"]
    assert book.opening.opens(1, SELL, LOT)
    book.fill("first", 2 * LOT, 2 * LOT)
    assert book.found() == ["second"], "1 is left, and 2 are to be sold"


def test_what_an_order_has_traded_needs_no_cover_any_more():
    book = Book()
    book.hold(BUY, 3 * LOT)
    book.order("close", SELL, 3 * LOT)
    book.fill("close", 2 * LOT, 2 * LOT)
    assert book.found() == []
    assert book.opening.position_e8(1) == 10**8
    assert book.opening.opens(1, SELL, 1)


def test_a_short_position_is_reduced_by_buying():
    book = Book()
    book.hold(SELL, LOT)
    book.order("close", BUY, LOT)
    book.order("more", SELL, 1)
    assert book.found() == ["more"]
    assert not book.opening.opens(1, BUY, 0)
    assert book.opening.opens(1, BUY, 1)


def test_commission_in_the_base_asset_is_not_held_any_more():
    book = Book()
    book.order("held", BUY, LOT)
    book.fill("held", LOT, LOT, commission_e8=100_000, asset="BTC")
    assert book.opening.position_e8(1) == 10**8 - 100_000
    book.order("all", SELL, LOT)
    assert book.found() == ["all"]


def test_commission_in_another_asset_leaves_the_position_as_it_is():
    book = Book()
    book.order("held", BUY, LOT)
    book.fill("held", LOT, LOT, commission_e8=100_000, asset="BNB")
    book.order("all", SELL, LOT)
    assert book.found() == []


def test_an_order_that_is_not_ours_uses_cover_and_is_never_found():
    book = Book()
    book.hold(BUY, LOT)
    book.order("by-hand", SELL, LOT, external=True)
    book.order("ours", SELL, LOT)
    book.order("by-hand-too", BUY, LOT, external=True)
    assert book.found() == ["ours"]


def test_what_a_spot_account_holds_covers_a_sale_however_it_came_in():
    book = Book()
    book.balances.replace({"BTC": 2 * 10**8})
    book.order("deposit", SELL, 2 * LOT)
    assert book.found() == []
    assert book.opening.opens(1, SELL, 1)
    assert book.opening.opens(1, BUY, 1)


def test_a_balance_is_no_position_of_an_account_on_margin():
    book = Book(spot=False)
    book.balances.replace({"BTC": 2 * 10**8})
    book.order("sale", SELL, 2 * LOT)
    assert book.found() == ["sale"]
