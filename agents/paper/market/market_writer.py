"""What a dialect writes of a market that is not recorded: the frames that tell of it.

The model calls its writer at each trade, at each change of levels, and at fixed intervals; what it returns is sent at
once, in that order.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from agents.paper.market.market import Match
from agents.paper.money import Listing
from schemas.orders import Side

MarketFrame = tuple[str, int, bytes]
"""A stream's name, how many ticks a subscriber has in the frame, and the frame."""

Level = tuple[int, int]
"""(price_ticks, qty_lots)"""


class ModelBook(Protocol):
    """What a writer sees of one symbol."""

    listing: Listing
    update_id: int
    """Rises by one with each changed level, and never goes back."""
    now_ns: int
    """Wall time of what is being told."""

    def best(self, side: Side, count: int) -> list[Level]:
        """Return the best `count` levels of a side, best first."""
        ...

    def qty_at(self, side: Side, price_ticks: int) -> int:
        """Return the quantity at a price, 0 if there is none."""
        ...


class MarketWriter(Protocol):
    """Writes one dialect's frames of any number of books; what it remembers of each it keeps by symbol."""

    intervals_ns: tuple[int, ...]
    """How often `due` is called, in market time; a writer may have several intervals."""
    heard: Callable[[str], bool]
    """Whether anybody listens to a stream; a writer need not write what nobody hears."""

    def texts(self, listing: Listing, price_ticks: int, qty_lots: int) -> tuple[str, str]:
        """Return a price and a quantity as the venue writes them."""
        ...

    def begin(self, book: ModelBook) -> None:
        """Take on a book, as it is before anything is told of it; a second time if its ids were moved."""
        ...

    def traded(self, book: ModelBook, aggressor: Side, match: Match) -> Iterable[MarketFrame]:
        """Return the frames of one execution; the levels' change is told afterwards."""
        ...

    def changed(self, book: ModelBook, levels: Sequence[tuple[Side, int]]) -> Iterable[MarketFrame]:
        """Return the frames of a change at the prices of `levels`, which may be none."""
        ...

    def due(self, book: ModelBook, interval_ns: int) -> Iterable[MarketFrame]:
        """Return the frames that come every `interval_ns`."""
        ...
