"""Is our book right? Its best prices are held against the venue's own ticker, at equal update ids.

Depth updates and tickers come in frames of their own and either may arrive first, so what the other side has not come to
yet is remembered, the newest `REMEMBERED_MAX`. The ids of a side rise: what is older than the newest of the other side can
no longer be met, and is forgotten. Ids that only one side has are not compared.
"""

from collections import deque
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
        self._books: deque[tuple[int, Top]] = deque(maxlen=REMEMBERED_MAX)
        self._tickers: deque[tuple[int, Top]] = deque(maxlen=REMEMBERED_MAX)

    def on_book(self, update_id: int, top: Top) -> None:
        """Take the top of the book after the update that ends with `update_id`."""
        self._compare(update_id, top, self._tickers, self._books)

    def on_ticker(self, update_id: int, top: Top) -> None:
        """Take the venue's ticker as of `update_id`."""
        self._compare(update_id, top, self._books, self._tickers)

    def figures(self) -> dict[str, Any]:
        """Return the counts for a status."""
        return {"compared": self.compared, "equal": self.equal, "unequal": list(self.unequal)}

    def _compare(self, update_id: int, top: Top, others: deque[tuple[int, Top]], own: deque[tuple[int, Top]]) -> None:
        while others and others[0][0] < update_id:
            others.popleft()
        if not others or others[0][0] != update_id:
            while own and own[-1][0] >= update_id:
                own.pop()
            own.append((update_id, top))
            return
        self.compared += 1
        if others.popleft()[1] == top:
            self.equal += 1
        elif len(self.unequal) < UNEQUAL_MAX:
            self.unequal.append(update_id)
