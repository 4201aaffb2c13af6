"""Orders of the account on a recorded book: they queue behind the recorded quantity and fill as it is traded.

The recorded market does not feel them. An arriving order walks the displayed levels at their prices; what it took of
a level is gone for it until the venue updates that level. An order that rests has ahead of it all that the level
displays. It is filled when
- trades of the opposite aggressor at its price have eaten what was ahead of it: by what they hold beyond that;
- a trade happens at a worse price than its own (the market traded through it): wholly;
- the recorded book crosses it: by what the crossing levels display.
What is ahead never exceeds what the level displays; what becomes of it when quantity is canceled is a `QueueModel`'s to
say. Orders of the account are served by price, then by arrival, and a traded quantity fills only one of them.

This file is compiled (`queueing.pxd`): a backtest looks here at each trade and each update of a book on which an order
rests.
"""

from collections.abc import Iterator, Sequence

from agents.paper.market.queue_models import QueueModel
from agents.paper.orders import VenueOrder
from core.book import ASK, BID, OrderBook
from schemas.orders import Side

Filled = tuple[VenueOrder, int]


class Queued:
    """One resting order: what is ahead of it, and what its level displayed and has had traded since it was updated."""

    def __init__(self, order: VenueOrder, displayed: int) -> None:
        """Stand behind all that is displayed."""
        self.order = order
        self.side = int(order.side)
        self.price_ticks = order.price_ticks
        self.ahead = float(displayed)
        self.displayed = displayed
        self.traded = 0


class RestingOrders:
    """The account's orders on one recorded book, and what it consumed of that book's levels."""

    def __init__(self, book: OrderBook, model: QueueModel | None = None) -> None:
        """Follow `book`; without a `model`, only trades move an order forward."""
        self.book = book
        self.model = QueueModel() if model is None else model
        self._consumed: dict[tuple[int, int], int] = {}
        self._buys: list[Queued] = []
        self._sells: list[Queued] = []
        self.count = 0

    def __len__(self) -> int:
        """Return the number of resting orders."""
        return self.count

    @property
    def consuming(self) -> bool:
        """Return whether an order of the account took of a level that was not updated since."""
        return bool(self._consumed)

    @property
    def watching(self) -> bool:
        """Return whether what happens on the market means anything here."""
        return self.count > 0 or bool(self._consumed)

    def ahead_lots(self, order: VenueOrder) -> float:
        """Return how much recorded quantity is before a resting order at its price, in lots and parts of one."""
        return next(each.ahead for each in [*self._buys, *self._sells] if each.order is order)

    def available(self, side: Side) -> Iterator[tuple[int, int]]:
        """Return (price_ticks, qty_lots) that an order of `side` can take now, best level first."""
        return _available(self.book, self._consumed, ASK if side > 0 else BID)

    def take(self, side: Side, qty_lots: int, limit_ticks: int) -> list[tuple[int, int]]:
        """Consume up to `qty_lots` at `limit_ticks` or better (0: any price); return (price_ticks, qty_lots) taken."""
        taken: list[tuple[int, int]] = []
        opposite = ASK if side > 0 else BID
        for price, left in _available(self.book, self._consumed, opposite):
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
        queued = Queued(order, self.book.qty_at(int(order.side), order.price_ticks))
        own = self._buys if queued.side > 0 else self._sells
        place = len(own)
        while place and _better(queued, own[place - 1]):
            place -= 1
        own.insert(place, queued)
        self.count += 1

    def withdraw(self, order: VenueOrder) -> None:
        """Take `order` out; nothing happens if it does not rest here."""
        own = self._buys if order.side > 0 else self._sells
        for place, each in enumerate(own):
            if each.order is order:
                del own[place]
                self.count -= 1
                return

    def on_trade(self, price_ticks: int, qty_lots: int, aggressor: int) -> list[Filled]:
        """Return what a recorded trade fills: (order, qty_lots)."""
        filled: list[Filled] = []
        self._traded(self._buys, price_ticks, qty_lots, aggressor, filled)
        self._traded(self._sells, price_ticks, qty_lots, aggressor, filled)
        return self._done(filled)

    def on_levels(self, bid_ticks: Sequence[int], ask_ticks: Sequence[int]) -> list[Filled]:
        """Take note of updated levels; return what a book that now crosses fills: (order, qty_lots)."""
        if self._consumed:
            for price in bid_ticks:
                self._consumed.pop((BID, price), None)
            for price in ask_ticks:
                self._consumed.pop((ASK, price), None)
        filled: list[Filled] = []
        self._moved(self._buys, self.book.best_ask, filled)
        self._moved(self._sells, self.book.best_bid, filled)
        return self._done(filled)

    def _traded(self, own: list[Queued], price: int, qty_lots: int, aggressor: int, filled: list[Filled]) -> None:
        given = 0
        for each in own:
            beyond = (each.price_ticks - price) * each.side
            if beyond < 0:
                return
            if beyond > 0:
                filled.append((each.order, each.order.leaves_qty_lots))
            elif aggressor != each.side:
                reached = int(max(0.0, qty_lots - each.ahead)) - given
                each.traded += qty_lots
                each.ahead = max(0.0, each.ahead - qty_lots)
                if reached > 0:
                    qty = min(reached, each.order.leaves_qty_lots)
                    given += qty
                    filled.append((each.order, qty))

    def _moved(self, own: list[Queued], opposite_ticks: int, filled: list[Filled]) -> None:
        for each in own:
            displayed = self.book.qty_at(each.side, each.price_ticks)
            if displayed != each.displayed:
                each.ahead = self.model.ahead(each.ahead, each.displayed, displayed, each.traded)
                each.displayed, each.traded = displayed, 0
            if opposite_ticks and (each.price_ticks - opposite_ticks) * each.side >= 0:
                order = each.order
                qty = sum([q for _, q in self.take(order.side, order.leaves_qty_lots, each.price_ticks)])
                if qty:
                    filled.append((order, qty))

    def _done(self, filled: list[Filled]) -> list[Filled]:
        for order, qty in filled:
            if qty == order.leaves_qty_lots:
                self.withdraw(order)
        return filled


def _available(book: OrderBook, consumed: dict[tuple[int, int], int], opposite: int) -> Iterator[tuple[int, int]]:
    count = 16
    seen = 0
    while True:
        levels = book.depth(opposite, count)
        for price, qty in levels[seen:]:
            left = qty - consumed.get((opposite, price), 0)
            if left > 0:
                yield price, left
        if len(levels) < count:
            return
        seen, count = count, count * 4


def _better(one: Queued, other: Queued) -> bool:
    return (one.price_ticks - other.price_ticks) * one.side > 0
