"""Price and quantity units of a capture: from the decimals that were seen, and the recorded exchangeInfo if there is one.

Both together, because old orders stand in books at prices finer than the unit of the day. The unit inferred is the
power of ten of the finest decimal that is not zero, in any trade, quote, diff or snapshot of the symbol; it is never
coarser than the venue's own unit needs to be to hold every recorded number exactly.
"""

from collections.abc import Iterable, Sequence
from math import gcd
from pathlib import Path

import msgspec

from agents.paper.market.capture_files import CaptureFile
from agents.paper.market.starting_book import RecordedFrame, RestSnapshot
from agents.paper.money import format_e8, parse_e8
from schemas.errors import CaptureError

Levels = list[tuple[str, str]]


class Sizes(msgspec.Struct):
    """Units of one symbol as decimal strings, and the decimals that its texts are written with."""

    tick_size: str = "1"
    lot_size: str = "1"
    price_text_decimals: int = 0
    qty_text_decimals: int = 0

    def common(self, other: "Sizes") -> "Sizes":
        """Return the largest units of which both units are multiples."""
        tick, lot = _common(self.tick_size, other.tick_size), _common(self.lot_size, other.lot_size)
        return Sizes(tick, lot, self.price_text_decimals, self.qty_text_decimals)


class _Depth(msgspec.Struct, gc=False):
    b: Levels
    a: Levels


class _DepthFrame(msgspec.Struct, gc=False):
    data: _Depth


class _Quote(msgspec.Struct, gc=False):
    b: str
    B: str
    a: str
    A: str


class _QuoteFrame(msgspec.Struct, gc=False):
    data: _Quote


class _Trade(msgspec.Struct, gc=False):
    p: str
    q: str


class _TradeFrame(msgspec.Struct, gc=False):
    data: _Trade


_depth = msgspec.json.Decoder(_DepthFrame)
_quote = msgspec.json.Decoder(_QuoteFrame)
_trade = msgspec.json.Decoder(_TradeFrame)


class _Decimals:
    """The most decimals seen, significant and written, of one symbol's prices and quantities."""

    def __init__(self) -> None:
        self.price = self.qty = self.price_text = self.qty_text = 0

    def add(self, price: str, qty: str) -> None:
        self.price, self.price_text = _more(price, self.price, self.price_text)
        self.qty, self.qty_text = _more(qty, self.qty, self.qty_text)

    def sizes(self) -> Sizes:
        return Sizes(_unit(self.price), _unit(self.qty), self.price_text, self.qty_text)


def infer_sizes(frames: Iterable[RecordedFrame], snapshots: Sequence[tuple[int, RestSnapshot]]) -> dict[str, Sizes]:
    """Return the units of every symbol of the frames and snapshots.

    Raises:
        CaptureError: If a frame is not what its stream's name says.
    """
    seen: dict[str, _Decimals] = {}
    try:
        for frame in frames:
            decimals = seen.get(frame.symbol) or seen.setdefault(frame.symbol, _Decimals())
            _add_frame(decimals, frame.kind, frame.frame)
    except msgspec.MsgspecError as error:
        raise CaptureError(f"a recorded {frame.kind} frame of {frame.symbol} does not decode: {error}") from error
    for _, snapshot in snapshots:
        decimals = seen.setdefault(snapshot.symbol, _Decimals())
        for price, qty in (*snapshot.bids, *snapshot.asks):
            decimals.add(price, qty)
    return {symbol: decimals.sizes() for symbol, decimals in seen.items()}


def _add_frame(decimals: _Decimals, kind: str, frame: bytes) -> None:
    if kind == "depth":
        depth = _depth.decode(frame).data
        for price, qty in depth.b:
            decimals.add(price, qty)
        for price, qty in depth.a:
            decimals.add(price, qty)
    elif kind == "bookTicker":
        quote = _quote.decode(frame).data
        decimals.add(quote.b, quote.B)
        decimals.add(quote.a, quote.A)
    elif kind in ("trade", "aggTrade"):
        trade = _trade.decode(frame).data
        decimals.add(trade.p, trade.q)


class _Filter(msgspec.Struct):
    filterType: str
    tickSize: str = ""
    stepSize: str = ""


class _Symbol(msgspec.Struct):
    symbol: str
    filters: list[_Filter]


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


def recorded_sizes(paths: Sequence[Path], symbols: Sequence[str]) -> dict[str, Sizes]:
    """Return the units that an exchangeInfo recorded beside the capture states (cryptofeed's `VENUE.0`)."""
    sizes: dict[str, Sizes] = {}
    for path in dict.fromkeys(_exchange_info_path(path) for path in paths):
        if path is not None:
            sizes |= _stated_sizes(path, symbols)
    return sizes


def _exchange_info_path(path: Path) -> Path | None:
    stem, ws, _ = path.name.partition(".ws.")
    venue = stem.partition("_")[2]
    return next(iter(sorted(path.parent.glob(f"{venue}.0*"))), None) if ws and venue else None


def _stated_sizes(path: Path, symbols: Sequence[str]) -> dict[str, Sizes]:
    file = CaptureFile(path)
    sizes: dict[str, Sizes] = {}
    for line in file.lines():
        if "/exchangeInfo" in line.url:
            info = msgspec.json.decode(file.data[line.start : line.end], type=_ExchangeInfo)
            sizes |= {s.symbol: _filter_sizes(s.filters) for s in info.symbols if s.symbol in symbols}
    return sizes


def _filter_sizes(filters: list[_Filter]) -> Sizes:
    by_type = {item.filterType: item for item in filters}
    tick, lot = by_type["PRICE_FILTER"].tickSize, by_type["LOT_SIZE"].stepSize
    return Sizes(_trim(tick), _trim(lot), _written(tick), _written(lot))


def _common(unit: str, other: str) -> str:
    return _trim(format_e8(gcd(parse_e8(unit), parse_e8(other))))


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _written(text: str) -> int:
    return len(text.partition(".")[2])


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
