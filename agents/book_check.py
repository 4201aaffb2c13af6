"""Is our book right? Its best prices are held against the venue's own ticker, at equal update ids.

Depth updates and tickers come in frames of their own and either may arrive first, so both sides are remembered by update
id, the newest `REMEMBERED_MAX` of each. Ids that only one side has are not compared.
"""

from typing import Any

REMEMBERED_MAX = 4096
UNEQUAL_MAX = 8

Top = tuple[int, int, int, int]
"""Best bid, its quantity, best ask, its quantity: ticks and lots."""


class BookCheck:
    """Counts how often book and ticker were compared and equal, and keeps the first ids at which they were not."""

    def __init__(self) -> None:
        """Begin with nothing compared."""
        self.compared = 0
        self.equal = 0
        self.unequal: list[int] = []
        self._books: dict[int, Top] = {}
        self._tickers: dict[int, Top] = {}

    def on_book(self, update_id: int, top: Top) -> None:
        """Take the top of the book after the update that ends with `update_id`."""
        self._compare(update_id, top, self._tickers, self._books)

    def on_ticker(self, update_id: int, top: Top) -> None:
        """Take the venue's ticker as of `update_id`."""
        self._compare(update_id, top, self._books, self._tickers)

    def figures(self) -> dict[str, Any]:
        """Return the counts for a status."""
        return {"compared": self.compared, "equal": self.equal, "unequal": list(self.unequal)}

    def _compare(self, update_id: int, top: Top, others: dict[int, Top], own: dict[int, Top]) -> None:
        other = others.pop(update_id, None)
        if other is None:
            own[update_id] = top
            if len(own) > REMEMBERED_MAX:
                del own[next(iter(own))]
            return
        self.compared += 1
        if other == top:
            self.equal += 1
        elif len(self.unequal) < UNEQUAL_MAX:
            self.unequal.append(update_id)
