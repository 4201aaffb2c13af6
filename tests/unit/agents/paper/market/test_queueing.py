"""Orders on a recorded book, against examples worked by hand."""

from agents.paper.market.queueing import RestingOrders
from core.book import ASK, BID, OrderBook
from schemas.orders import Side
from tests.unit.agents.paper.paper_kit import make_order


def resting() -> tuple[OrderBook, RestingOrders]:
    """Return a book of bids 100: 10, 99: 20 and asks 101: 5, 102: 8."""
    book = OrderBook()
    for side, price, qty in ((BID, 100, 10), (BID, 99, 20), (ASK, 101, 5), (ASK, 102, 8)):
        book.update(side, price, qty)
    return book, RestingOrders(book)


def test_order_waits_behind_the_displayed_quantity() -> None:
    _, orders = resting()
    order = make_order(1, Side.BUY, 100, 4)
    orders.rest(order)
    assert orders.ahead_lots(order) == 10
    assert orders.on_trade(100, 7, Side.SELL) == []
    assert orders.ahead_lots(order) == 3
    assert orders.on_trade(100, 5, Side.SELL) == [(order, 2)]


def test_trades_of_the_same_side_do_not_move_the_queue() -> None:
    _, orders = resting()
    order = make_order(1, Side.BUY, 100, 4)
    orders.rest(order)
    assert orders.on_trade(100, 50, Side.BUY) == []
    assert orders.ahead_lots(order) == 10


def test_shrinking_level_moves_the_order_forward() -> None:
    book, orders = resting()
    order = make_order(1, Side.BUY, 100, 4)
    orders.rest(order)
    book.update(BID, 100, 3)
    orders.on_levels([100], [])
    assert orders.ahead_lots(order) == 3
    book.update(BID, 100, 30)
    orders.on_levels([100], [])
    assert orders.ahead_lots(order) == 3


def test_one_traded_quantity_fills_only_one_order() -> None:
    _, orders = resting()
    first, second = make_order(1, Side.BUY, 100, 4), make_order(2, Side.BUY, 100, 4)
    orders.rest(first)
    orders.rest(second)
    assert orders.on_trade(100, 15, Side.SELL) == [(first, 4), (second, 1)]


def test_trade_through_fills_wholly() -> None:
    _, orders = resting()
    buy, sell = make_order(1, Side.BUY, 100, 4), make_order(2, Side.SELL, 102, 6)
    orders.rest(buy)
    orders.rest(sell)
    assert orders.on_trade(99, 1, Side.SELL) == [(buy, 4)]
    assert orders.on_trade(103, 1, Side.BUY) == [(sell, 6)]
    assert len(orders) == 0


def test_crossing_book_fills_by_what_it_displays() -> None:
    book, orders = resting()
    order = make_order(1, Side.BUY, 100, 9)
    orders.rest(order)
    book.update(ASK, 100, 5)
    assert orders.on_levels([], [100]) == [(order, 5)]
    order.cum_qty_lots = 5
    assert orders.on_levels([], []) == []
    book.update(ASK, 100, 2)
    assert orders.on_levels([], [100]) == [(order, 2)]


def test_taken_quantity_is_gone_until_the_level_is_updated() -> None:
    book, orders = resting()
    assert orders.take(Side.BUY, 7, 0) == [(101, 5), (102, 2)]
    assert list(orders.available(Side.BUY)) == [(102, 6)]
    book.update(ASK, 101, 5)
    orders.on_levels([], [101])
    assert list(orders.available(Side.BUY)) == [(101, 5), (102, 6)]


def test_limit_bounds_what_is_taken() -> None:
    _, orders = resting()
    assert orders.take(Side.BUY, 9, 101) == [(101, 5)]
    assert orders.take(Side.SELL, 50, 100) == [(100, 10)]


def test_many_levels_are_walked() -> None:
    book, orders = resting()
    for price in range(103, 300):
        book.update(ASK, price, 1)
    assert len(orders.take(Side.BUY, 200, 0)) == 189
