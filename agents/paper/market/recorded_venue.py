"""What is asked of a venue whose frames were recorded: which stream a frame is of, and what it says.

A capture keeps frames as bytes; whatever has to be known of them is read by one of these. It is a reading of its own, by
plain typed decoders, apart from the adapters that the venue's clients have: what both agree on was not said by one hand.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agents.paper.market.market import ContractMark, PublicTrade

Levels = list[tuple[str, str]]


class Stream(msgspec.Struct, frozen=True):
    """One stream of a capture: the `name` that subscribers ask for, and what it is.

    `kind` is depth, trade or aggTrade where its frames are read here, any other word or none where they are only sent
    again. `feed` is our name of it, empty if nothing of ours is subscribed by it; its frames hold no ticks then.
    """

    name: str
    kind: str
    symbol: str
    feed: str = ""


class Sizes(msgspec.Struct):
    """Units of one symbol as decimal strings, and the decimals that its texts are written with."""

    tick_size: str = "1"
    lot_size: str = "1"
    price_text_decimals: int = 0
    qty_text_decimals: int = 0


class RecordedBook(msgspec.Struct, gc=False):
    """One frame of a book: levels that changed, or `whole`. A frame up to an id that the book has is not applied again.

    Ids and times are 0 where the venue has none; `seq` is an order over several streams of a symbol.
    """

    last_id: int
    bids: Levels
    asks: Levels
    whole: bool = False
    repeats: bool = True
    """Whether ids only ever rise, so that one which does not is of a frame that is known."""
    seq: int = 0
    event_ms: int = 0
    transact_ms: int = 0


class RestSnapshot(msgspec.Struct):
    """One recorded REST answer for a symbol's depth, best level first."""

    symbol: str
    last_update_id: int
    bids: Levels
    asks: Levels


class BookSeed(msgspec.Struct):
    """The levels of a book as of `last_update_id`, as text; 0 and no levels if nothing is known."""

    last_update_id: int
    bids: Levels
    asks: Levels


class RecordedFrame(Protocol):
    """What is read of one frame of a capture."""

    @property
    def kind(self) -> str:
        """Return the kind of its stream."""

    @property
    def symbol(self) -> str:
        """Return its symbol."""

    @property
    def frame(self) -> bytes:
        """Return its bytes."""


class RecordedFrames(Protocol):
    """What is read of a capture."""

    @property
    def snapshots(self) -> list[tuple[int, RestSnapshot]]:
        """Return the REST snapshots."""

    @property
    def books(self) -> dict[str, BookSeed]:
        """Return the starting books."""

    def __iter__(self) -> Iterator[RecordedFrame]:
        """Yield all frames."""


class RestAnswer(msgspec.Struct, frozen=True):
    """A REST answer that was recorded: in the capture, or in a file beside it."""

    url: str
    body: bytes
    where: str


Opener = Callable[[Sequence[str]], RecordedFrames]


class RecordedVenue(Protocol):
    """How one venue's recorded frames are read; it holds nothing of any capture."""

    mark_kinds: frozenset[str]
    """Kinds of streams whose frames tell of marks or funding."""
    markets: tuple[str, ...]
    """Its markets, such as binance-spot: the kind of venue with a hyphen."""

    def stream_name(self, frame: bytes, address: str) -> str:
        """Return the name of the stream that a frame is of, "" if it is of none; `address` is that of its connection."""
        ...

    def market(self, frame: bytes, name: str) -> str:
        """Return which of the venue's markets a frame of a stream is of, "" if it does not show."""
        ...

    def stream(self, name: str) -> Stream:
        """Return what the stream of that name is."""
        ...

    def ticks(self, stream: Stream, frame: bytes) -> int:
        """Return how many ticks a subscriber of the stream has in a frame."""
        ...

    def amounts(self, kind: str, frame: bytes) -> Iterable[tuple[str, str]]:
        """Return the prices and quantities in a frame, as they were written."""
        ...

    def book(self, frame: bytes) -> RecordedBook:
        """Return what a frame of kind depth says."""
        ...

    def trades(self, frame: bytes) -> list[PublicTrade]:
        """Return the trades in a frame of kind trade or aggTrade."""
        ...

    def mark(self, frame: bytes, known: ContractMark) -> ContractMark:
        """Return what is known of a contract's mark after a frame of one of `mark_kinds`."""
        ...

    def snapshot(self, answer: RestAnswer, symbols: Sequence[str]) -> RestSnapshot | None:
        """Return the depth in a REST answer, None if it is none; CaptureError if it cannot be read."""
        ...

    def beside(self, paths: Sequence[Path]) -> list[Path]:
        """Return the files beside those of a capture that state what was listed."""
        ...

    def stated(self, answers: Iterable[RestAnswer], symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what recorded listings state of `symbols`: keys of an instrument's table, units as decimal strings."""
        ...

    def seeds(
        self, capture: RecordedFrames, paths: Sequence[Path], opener: Opener
    ) -> tuple[dict[str, BookSeed], list[str]]:
        """Return the book with which each symbol begins, and notes on those that begin empty."""
        ...

    def decimals(self, symbol: str, market: str, sizes: Sizes) -> tuple[int, int]:
        """Return how many decimals the venue writes of a price and of a quantity of `symbol`, zeros at the end too."""
        ...

    def instrument(self, symbol: str) -> dict[str, Any]:
        """Return what the name of a symbol says of it: keys of an instrument's table."""
        ...


def seeds_beside(venue: RecordedVenue, capture: RecordedFrames) -> dict[str, BookSeed]:
    """Return a book for each symbol whose first update is not whole: the first that was recorded beside the stream.

    As with one that joins by its number, it is used from the start though it was taken a moment later.
    """
    found: dict[str, BookSeed] = {}
    for _, each in capture.snapshots:
        found.setdefault(each.symbol, BookSeed(each.last_update_id, each.bids, each.asks))
    unseen = set(found)
    for frame in capture:
        if not unseen:
            break
        if frame.kind == "depth" and frame.symbol in unseen:
            unseen.discard(frame.symbol)
            if venue.book(frame.frame).whole:
                del found[frame.symbol]
    return found
