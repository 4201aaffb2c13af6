"""Orders of the account on a recorded book: they queue behind the recorded quantity and fill as it is traded.

The recorded market does not feel them. An arriving order walks the displayed levels at their prices; what it took of
a level is gone for it until the venue updates that level. An order that rests has ahead of it all that the level
displays. It is filled when
- trades of the opposite aggressor at its price have eaten what was ahead of it: by what they hold beyond that;
- a trade happens at a worse price than its own (the market traded through it): wholly;
- the recorded book crosses it: by what the crossing levels display.
What is ahead never exceeds what the level displays: cancellations are taken to have been ahead of it (the optimistic end;
they cannot be told apart in price-level data). Orders of the account are served by price, then by arrival, and a
traded quantity fills only one of them.
"""

from collections.abc import Iterator

from agents.paper.orders import VenueOrder
from core.book import ASK, BID, OrderBook
from schemas.orders import Side

Filled = tuple[VenueOrder, int]


class RestingOrders:
    """The account's orders on one recorded book, and what it consumed of that book's levels."""

    def __init__(self, book: OrderBook) -> None:
        """Follow `book`."""
        self.book = book
        self._consumed: dict[tuple[int, int], int] = {}
        self._orders: dict[int, VenueOrder] = {}

    def __len__(self) -> int:
        """Return the number of resting orders."""
        return len(self._orders)

    @property
    def consuming(self) -> bool:
        """Return whether an order of the account took of a level that was not updated since."""
        return bool(self._consumed)

    def available(self, side: Side) -> Iterator[tuple[int, int]]:
        """Yield (price_ticks, qty_lots) that an order of `side` can take now, best level first."""
        opposite = ASK if side == Side.BUY else BID
        count = 16
        seen = 0
        while True:
            levels = self.book.depth(opposite, count)
            for price, qty in levels[seen:]:
                left = qty - self._consumed.get((opposite, price), 0)
                if left > 0:
                    yield price, left
            if len(levels) < count:
                return
            seen, count = count, count * 4

    def take(self, side: Side, qty_lots: int, limit_ticks: int) -> list[tuple[int, int]]:
        """Consume up to `qty_lots` at `limit_ticks` or better (0: any price); return (price_ticks, qty_lots) taken."""
        taken: list[tuple[int, int]] = []
        opposite = ASK if side == Side.BUY else BID
        for price, left in self.available(side):
            if not qty_lots or (limit_ticks and (price - limit_ticks) * side > 0):
                break
            qty = min(left, qty_lots)
            taken.append((price, qty))
            qty_lots -= qty
        for price, qty in taken:
            key = (opposite, price)
            self._consumed[key] = self._consumed.get(key, 0) + qty
        return taken

    def rest(self, order: VenueOrder) -> None:
        """Queue `order` behind all that its level displays."""
        order.queue_ahead_lots = self.book.qty_at(int(order.side), order.price_ticks)
        self._orders[order.order_id] = order

    def withdraw(self, order: VenueOrder) -> None:
        """Take `order` out; nothing happens if it does not rest here."""
        self._orders.pop(order.order_id, None)

    def on_trade(self, price_ticks: int, qty_lots: int, aggressor: Side) -> list[Filled]:
        """Return what a recorded trade fills: (order, qty_lots)."""
        filled: list[Filled] = []
        given = 0
        for order in self._by_price():
            beyond = (order.price_ticks - price_ticks) * order.side
            if beyond > 0:
                filled.append((order, order.leaves_qty_lots))
            elif beyond == 0 and aggressor != order.side:
                reached = max(0, qty_lots - order.queue_ahead_lots) - given
                order.queue_ahead_lots = max(0, order.queue_ahead_lots - qty_lots)
                if reached > 0:
                    qty = min(reached, order.leaves_qty_lots)
                    given += qty
                    filled.append((order, qty))
        return self._done(filled)

    def on_levels(self, bid_ticks: list[int], ask_ticks: list[int]) -> list[Filled]:
        """Take note of updated levels; return what a book that now crosses fills: (order, qty_lots)."""
        for price in bid_ticks:
            self._consumed.pop((BID, price), None)
        for price in ask_ticks:
            self._consumed.pop((ASK, price), None)
        filled: list[Filled] = []
        for order in self._by_price():
            displayed = self.book.qty_at(int(order.side), order.price_ticks)
            order.queue_ahead_lots = min(order.queue_ahead_lots, displayed)
            qty = sum(q for _, q in self.take(order.side, order.leaves_qty_lots, order.price_ticks))
            if qty:
                filled.append((order, qty))
        return self._done(filled)

    def _by_price(self) -> list[VenueOrder]:
        """Return the orders of each side best price first, oldest first within a price."""
        return sorted(self._orders.values(), key=lambda order: -order.price_ticks * order.side)

    def _done(self, filled: list[Filled]) -> list[Filled]:
        for order, qty in filled:
            if qty == order.leaves_qty_lots:
                self._orders.pop(order.order_id)
        return filled
