"""A matching engine with price-time priority: one book of single orders (L3), integer ticks and lots.

An arriving order meets the best opposite price first, and at one price the order that has stood longest; it trades at
the resting order's price. What is left of it rests behind all orders at its price. Reducing an order keeps its place.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

import msgspec

from schemas.orders import Side


class RestingOrder(msgspec.Struct, eq=False):
    """One order in the book."""

    id: int
    side: Side
    price_ticks: int
    qty_lots: int


class MatchedExecution(msgspec.Struct, frozen=True):
    """One trade: `maker` stood in the book (its quantity is what is left after), the taker arrived."""

    maker: RestingOrder
    price_ticks: int
    qty_lots: int


class _SideBook:
    """One side: a queue of orders at each price, oldest first, and the prices in order, best last."""

    def __init__(self, side: Side) -> None:
        self.sign = int(side)
        self.levels: dict[int, dict[int, RestingOrder]] = {}
        self.keys: list[int] = []
        self.totals: dict[int, int] = {}

    @property
    def best(self) -> int:
        """Return the best price, 0 if the side is empty."""
        return self.keys[-1] * self.sign if self.keys else 0

    def add(self, order: RestingOrder) -> None:
        if order.price_ticks not in self.levels:
            self.levels[order.price_ticks] = {}
            self.totals[order.price_ticks] = 0
            insort(self.keys, order.price_ticks * self.sign)
        self.levels[order.price_ticks][order.id] = order
        self.totals[order.price_ticks] += order.qty_lots

    def reduce(self, order: RestingOrder, qty_lots: int) -> None:
        order.qty_lots -= qty_lots
        self.totals[order.price_ticks] -= qty_lots
        if order.qty_lots:
            return
        level = self.levels[order.price_ticks]
        del level[order.id]
        if not level:
            del self.levels[order.price_ticks], self.totals[order.price_ticks]
            self.keys.pop(bisect_left(self.keys, order.price_ticks * self.sign))

    def prices(self) -> Iterator[int]:
        return (key * self.sign for key in reversed(self.keys))


class MatchingEngine:
    """The book of one symbol. Every change of a level is noted in `changed` until it is taken from there."""

    def __init__(self) -> None:
        """Begin with an empty book."""
        self._sides = {Side.BUY: _SideBook(Side.BUY), Side.SELL: _SideBook(Side.SELL)}
        self._orders: dict[int, RestingOrder] = {}
        self.changed: dict[tuple[Side, int], None] = {}

    @property
    def best_bid(self) -> int:
        """Return the best bid price, 0 if there is none."""
        return self._sides[Side.BUY].best

    @property
    def best_ask(self) -> int:
        """Return the best ask price, 0 if there is none."""
        return self._sides[Side.SELL].best

    def qty_at(self, side: Side, price_ticks: int) -> int:
        """Return the quantity that stands at a price."""
        return self._sides[side].totals.get(price_ticks, 0)

    def depth(self, side: Side, count: int) -> list[tuple[int, int]]:
        """Return the best `count` levels as (price_ticks, qty_lots)."""
        book = self._sides[side]
        return [(price, book.totals[price]) for price, _ in zip(book.prices(), range(count), strict=False)]

    def levels(self, side: Side) -> Iterator[tuple[int, int]]:
        """Yield all levels of a side as (price_ticks, qty_lots), best first."""
        book = self._sides[side]
        return ((price, book.totals[price]) for price in book.prices())

    def order(self, order_id: int) -> RestingOrder | None:
        """Return the resting order of that id, None if it does not rest."""
        return self._orders.get(order_id)

    def take(self, side: Side, qty_lots: int, limit_ticks: int = 0) -> list[MatchedExecution]:
        """Match an arriving order of `side` up to `qty_lots` at `limit_ticks` or better (0: any price)."""
        book = self._sides[Side(-side)]
        executions: list[MatchedExecution] = []
        while qty_lots and book.keys and not (limit_ticks and (book.best - limit_ticks) * side > 0):
            maker = next(iter(book.levels[book.best].values()))
            qty = min(qty_lots, maker.qty_lots)
            self._reduce(maker, qty)
            executions.append(MatchedExecution(maker, maker.price_ticks, qty))
            qty_lots -= qty
        return executions

    def rest(self, order_id: int, side: Side, price_ticks: int, qty_lots: int) -> RestingOrder:
        """Put an order into the book, behind all at its price; it must not cross."""
        order = RestingOrder(order_id, side, price_ticks, qty_lots)
        self._sides[side].add(order)
        self._orders[order_id] = order
        self.changed[side, price_ticks] = None
        return order

    def cancel(self, order_id: int) -> int:
        """Take an order out of the book; return the quantity that it still had, 0 if it does not rest."""
        order = self._orders.get(order_id)
        if order is None:
            return 0
        qty = order.qty_lots
        self._reduce(order, qty)
        return qty

    def reduce(self, order_id: int, qty_lots: int) -> None:
        """Leave `qty_lots` of a resting order, which keeps its place; nothing happens if it does not rest."""
        order = self._orders.get(order_id)
        if order is not None and order.qty_lots > qty_lots:
            self._reduce(order, order.qty_lots - qty_lots)

    def _reduce(self, order: RestingOrder, qty_lots: int) -> None:
        self._sides[order.side].reduce(order, qty_lots)
        self.changed[order.side, order.price_ticks] = None
        if not order.qty_lots:
            del self._orders[order.id]
