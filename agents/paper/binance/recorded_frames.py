"""Recorded frames of Binance: combined streams of spot, USDT-M and COIN-M.

A frame names its stream at its head. The markets are told by what only one market's frames have: COIN-M's symbols end in
USD, underscore and a term, futures' depth frames name the one before, spot's trades have an `M`.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agents.paper.binance.starting_book import decode_depth, rest_snapshot, seed_books
from agents.paper.market.market import ContractMark, PublicTrade
from agents.paper.market.recorded_venue import (
    BookSeed,
    Levels,
    Opener,
    RecordedBook,
    RecordedFrames,
    RestAnswer,
    RestSnapshot,
    Sizes,
    Stream,
)
from agents.paper.money import cut_e8
from schemas.units import MS

SPOT, USDM, COINM = "binance-spot", "binance-usdm", "binance-coinm"
FEEDS = ("trade", "aggTrade", "depth", "bookTicker", "markPrice")
QUOTES = (
    *("FDUSD", "USDT", "BUSD", "USDC", "TUSD", "USDP", "USDS", "BIDR", "IDRT", "BVND", "BKRW"),
    *("DAI", "PAX", "UST", "VAI", "BTC", "ETH", "BNB", "TRX", "XRP", "DOT", "DOGE"),
    *("AUD", "BRL", "EUR", "GBP", "NGN", "RUB", "TRY", "UAH", "ZAR", "PLN", "RON", "ARS", "JPY", "MXN", "CZK", "COP"),
)
QUOTE_LETTERS = 3
"""Letters of the quote asset where none of `QUOTES` fits."""

_HEAD = b'{"stream":"'
_COINM = re.compile(r"([a-z0-9]+)usd_[0-9a-z]+@")
_SYMBOL = re.compile(r"[?&]symbol=([A-Z0-9_]+)")


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
    T: int = 0
    m: bool = False
    t: int = 0
    a: int = 0
    f: int = 0
    l: int = 0  # noqa: E741 - the venue's name of the field


class _TradeFrame(msgspec.Struct, gc=False):
    data: _Trade


class _MarkData(msgspec.Struct, gc=False):
    p: str
    r: str = ""
    T: int = 0


class _MarkFrame(msgspec.Struct, gc=False):
    data: _MarkData


class _Filter(msgspec.Struct):
    filterType: str
    tickSize: str = ""
    stepSize: str = ""


class _Symbol(msgspec.Struct):
    symbol: str
    filters: list[_Filter]


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


_depth = msgspec.json.Decoder(_DepthFrame)
_quote = msgspec.json.Decoder(_QuoteFrame)
_trade = msgspec.json.Decoder(_TradeFrame)
_mark = msgspec.json.Decoder(_MarkFrame)


class BinanceFrames:
    """Reads them."""

    mark_kinds: frozenset[str] = frozenset({"markPrice"})
    markets: tuple[str, ...] = (SPOT, USDM, COINM)

    def stream_name(self, frame: bytes, address: str) -> str:
        """Return the stream at the head of a frame."""
        if not frame.startswith(_HEAD):
            return ""
        return frame[len(_HEAD) : frame.find(b'"', len(_HEAD))].decode()

    def market(self, frame: bytes, name: str) -> str:
        """Return the market that a frame is of, "" if frames of its kind are alike on several."""
        if _COINM.match(name):
            return COINM
        kind = self.stream(name).kind
        if kind == "depth":
            return USDM if b'"pu":' in frame else SPOT
        if kind == "bookTicker":
            return USDM if b'"e":"bookTicker"' in frame else SPOT
        if kind in ("trade", "aggTrade"):
            return SPOT if b'"M":' in frame else USDM
        return USDM if kind == "markPrice" else ""

    def stream(self, name: str) -> Stream:
        """Return the stream of that name; `kind` is the part after the symbol without interval or speed."""
        symbol, _, rest = name.partition("@")
        kind = re.sub(r"[@_].*", "", rest)
        return Stream(name, kind, symbol.upper(), rest if kind in FEEDS else "")

    def ticks(self, stream: Stream, frame: bytes) -> int:
        """Return 1 for a frame of a feed."""
        return 1 if stream.feed else 0

    def amounts(self, kind: str, frame: bytes) -> Iterable[tuple[str, str]]:
        """Return the levels, the best two, or the trade in a frame."""
        if kind == "depth":
            depth = _depth.decode(frame).data
            return (*depth.b, *depth.a)
        if kind == "bookTicker":
            quote = _quote.decode(frame).data
            return (quote.b, quote.B), (quote.a, quote.A)
        if kind in ("trade", "aggTrade"):
            trade = _trade.decode(frame).data
            return ((trade.p, trade.q),)
        return ()

    def book(self, frame: bytes) -> RecordedBook:
        """Return the levels that changed."""
        update = decode_depth(frame)
        return RecordedBook(update.u, update.b, update.a, event_ms=update.E, transact_ms=update.T or update.E)

    def trades(self, frame: bytes) -> list[PublicTrade]:
        """Return the trade, or the aggregate with the ids that it spans."""
        trade = _trade.decode(frame).data
        number = trade.t or trade.a
        first, last = (trade.f, trade.l) if trade.a else (number, number)
        return [PublicTrade(number, trade.p, trade.q, trade.T, trade.m, first, last)]

    def mark(self, frame: bytes, known: ContractMark) -> ContractMark:
        """Return mark and funding; a contract that ends has none, and its rate is empty."""
        said = _mark.decode(frame).data
        return ContractMark(cut_e8(said.p), cut_e8(said.r) if said.r else 0, said.T * MS)

    def snapshot(self, answer: RestAnswer, symbols: Sequence[str]) -> RestSnapshot | None:
        """Return the depth in an answer; one without a URL is of the only symbol that there is."""
        named = _SYMBOL.search(answer.url)
        if answer.url and (named is None or "/depth?" not in answer.url):
            return None
        return rest_snapshot(named[1] if named else symbols[0], answer.body, answer.where)

    def beside(self, paths: Sequence[Path]) -> list[Path]:
        """Return the exchangeInfo that cryptofeed recorded beside a capture (`VENUE.0`)."""
        found = []
        for path in paths:
            stem, ws, _ = path.name.partition(".ws.")
            venue = stem.partition("_")[2]
            if ws and venue:
                found += sorted(path.parent.glob(f"{venue}.0*"))[:1]
        return list(dict.fromkeys(found))

    def stated(self, answers: Iterable[RestAnswer], symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the units in the answers that are an exchangeInfo."""
        found: dict[str, dict[str, Any]] = {}
        for answer in answers:
            if "/exchangeInfo" in answer.url:
                info = msgspec.json.decode(answer.body, type=_ExchangeInfo)
                found |= {each.symbol: _units(each.filters) for each in info.symbols if each.symbol in symbols}
        return found

    def seeds(
        self, capture: RecordedFrames, paths: Sequence[Path], opener: Opener
    ) -> tuple[dict[str, BookSeed], list[str]]:
        """Return the REST snapshots that join, or what an earlier capture ends with."""
        return seed_books(capture, paths, opener)

    def decimals(self, symbol: str, market: str, sizes: Sizes) -> tuple[int, int]:
        """Return eight on spot, of futures as many as were seen."""
        return (8, 8) if market == SPOT else (sizes.price_text_decimals, sizes.qty_text_decimals)

    def instrument(self, symbol: str) -> dict[str, Any]:
        """Return base and quote; COIN-M's contracts are inverse, and priced in US dollars."""
        coin, inverse, _ = symbol.partition("USD_")
        if inverse:
            return {"base": coin, "quote": "USD", "category": "inverse"}
        base, quote = base_and_quote(symbol)
        return {"base": base, "quote": quote}


def base_and_quote(symbol: str) -> tuple[str, str]:
    """Return the assets of a symbol, told by the quote assets that there are: BTCUSDT is BTC and USDT."""
    fitting = [quote for quote in QUOTES if symbol.endswith(quote) and symbol != quote]
    quote = max(fitting, key=len, default=symbol[-QUOTE_LETTERS:])
    return symbol.removesuffix(quote), quote


def _units(filters: list[_Filter]) -> dict[str, Any]:
    by_type = {each.filterType: each for each in filters}
    return {"tick_size": by_type["PRICE_FILTER"].tickSize, "lot_size": by_type["LOT_SIZE"].stepSize}
