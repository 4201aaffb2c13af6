"""The last so many things, oldest first: who remembers one more is told which one to forget for it.

This file is compiled (`recent.pxd`).
"""

from typing import Any


class Recent:
    """A ring of at most `count_max` things."""

    def __init__(self, count_max: int) -> None:
        """Start empty."""
        self._count_max = count_max
        self._items: list[Any] = []
        self._oldest = 0

    def items(self) -> list[Any]:
        """Return all that are remembered, oldest first."""
        return self._items[self._oldest :] + self._items[: self._oldest]

    def push(self, item: Any) -> Any:
        """Remember `item`; return the oldest if it had to go, else None."""
        if len(self._items) < self._count_max:
            self._items.append(item)
            return None
        oldest = self._items[self._oldest]
        self._items[self._oldest] = item
        self._oldest += 1
        if self._oldest == self._count_max:
            self._oldest = 0
        return oldest
