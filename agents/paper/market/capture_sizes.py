"""Price and quantity units of a capture: from the decimals that were seen, and from what was recorded of the listing.

Both together, because old orders stand in books at prices finer than the unit of the day. The unit inferred is the
power of ten of the finest decimal that is not zero, in any trade, quote, diff or snapshot of the symbol; it is never
coarser than the venue's own unit needs to be to hold every recorded number exactly.
"""

from collections.abc import Callable, Iterable, Sequence
from math import gcd
from typing import Any

import msgspec

from agents.paper.market.recorded_venue import RecordedFrame, RestSnapshot, Sizes
from agents.paper.money import format_e8, parse_e8
from schemas.errors import CaptureError


class _Decimals:
    """The most decimals seen, significant and written, of one symbol's prices and quantities."""

    def __init__(self) -> None:
        self.price = self.qty = self.price_text = self.qty_text = 0

    def add(self, price: str, qty: str) -> None:
        self.price, self.price_text = _more(price, self.price, self.price_text)
        self.qty, self.qty_text = _more(qty, self.qty, self.qty_text)

    def sizes(self) -> Sizes:
        return Sizes(_unit(self.price), _unit(self.qty), self.price_text, self.qty_text)


def infer_sizes(
    frames: Iterable[RecordedFrame],
    snapshots: Sequence[tuple[int, RestSnapshot]],
    amounts: Callable[[str, bytes], Iterable[tuple[str, str]]],
) -> dict[str, Sizes]:
    """Return the units of every symbol of the frames and snapshots; `amounts` says what stands in a frame of a kind.

    Raises:
        CaptureError: If a frame is not what its stream's name says.
    """
    seen: dict[str, _Decimals] = {}
    try:
        for frame in frames:
            decimals = seen.get(frame.symbol) or seen.setdefault(frame.symbol, _Decimals())
            for price, qty in amounts(frame.kind, frame.frame):
                decimals.add(price, qty)
    except msgspec.MsgspecError as error:
        raise CaptureError(f"a recorded {frame.kind} frame of {frame.symbol} does not decode: {error}") from error
    for _, snapshot in snapshots:
        decimals = seen.setdefault(snapshot.symbol, _Decimals())
        for price, qty in (*snapshot.bids, *snapshot.asks):
            decimals.add(price, qty)
    return {symbol: decimals.sizes() for symbol, decimals in seen.items()}


def with_stated(sizes: Sizes, stated: dict[str, Any]) -> Sizes:
    """Return the largest units of which both those inferred and those that a listing states are multiples."""
    tick, lot = _common(sizes.tick_size, stated["tick_size"]), _common(sizes.lot_size, stated["lot_size"])
    return Sizes(tick, lot, sizes.price_text_decimals, sizes.qty_text_decimals)


def within_e8(sizes: Sizes) -> bool:
    """Return whether units are multiples of 10**-8, as all money here is."""
    return all(len(text.partition(".")[2]) <= 8 for text in (sizes.tick_size, sizes.lot_size))


def _common(unit: str, other: str) -> str:
    text = format_e8(gcd(parse_e8(unit), parse_e8(other)))
    return text.rstrip("0").rstrip(".")


def _more(text: str, significant: int, written: int) -> tuple[int, int]:
    point = text.find(".")
    if point < 0:
        return significant, written
    decimals = len(text) - point - 1
    if decimals > written:
        written = decimals
    return max(significant, len(text.rstrip("0")) - point - 1), written


def _unit(decimals: int) -> str:
    return "0." + "0" * (decimals - 1) + "1" if decimals else "1"
