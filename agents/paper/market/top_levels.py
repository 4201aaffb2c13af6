"""The best levels of a book as they were told last, and how they differ from what they are now.

For venues whose books are streams of so many levels: a level that is pushed out of them by a better one is told as gone.
"""

from agents.paper.market.market_writer import Level, ModelBook
from schemas.orders import Side

Changes = tuple[list[Level], list[Level]]
"""Bids and asks, best first; quantity 0 for a level that is gone."""


class TopLevels:
    """The best `count` levels of both sides."""

    def __init__(self, count: int) -> None:
        """Begin with none told."""
        self.count = count
        self.told: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}

    def renew(self, book: ModelBook) -> Changes:
        """Take over the levels of `book`; return what is different in them."""
        return self._side(book, Side.BUY), self._side(book, Side.SELL)

    def whole(self) -> Changes:
        """Return all levels that were told."""
        return list(self.told[Side.BUY].items()), list(self.told[Side.SELL].items())

    def _side(self, book: ModelBook, side: Side) -> list[Level]:
        old, new = self.told[side], dict(book.best(side, self.count))
        if old == new:
            return []
        self.told[side] = new
        gone = [(price, 0) for price in old if price not in new]
        changed = [(price, qty) for price, qty in new.items() if old.get(price) != qty]
        return sorted(gone + changed, key=lambda level: -level[0] * side)
