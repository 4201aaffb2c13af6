"""Recorded frames of Bybit v5: topics of its public connections, of which spot and linear have the same names.

So a stream is called by the category of its connection and its topic, `linear/publicTrade.BTCUSDT`. Books begin with a
snapshot in the stream; a snapshot that comes later, and an update with id 1, are the whole book.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

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
    seeds_beside,
)
from agents.paper.money import cut_e8
from schemas.units import MS

BYBIT = "bybit"
PUBLIC = "/v5/public/"
CATEGORIES = ("spot", "linear")
FEEDS = {
    "publicTrade": ("trade", "trade"),
    "orderbook.1": ("bookTicker", "bookTicker"),
    "orderbook.50": ("depth", "depth@20ms"),
    "orderbook.200": ("depth", "depth@100ms"),
    "orderbook.1000": ("depth", "depth@200ms"),
    "tickers": ("ticker", "markPrice"),
}
"""Kind of a topic's frames, and our name of the feed."""

_TOPIC = re.compile(rb'"topic":"([^"]+)"')
_CATEGORY = re.compile(r"[?&]category=([a-z]+)")


class _Book(msgspec.Struct, gc=False):
    b: Levels
    a: Levels
    u: int
    seq: int = 0


class _BookFrame(msgspec.Struct, gc=False):
    data: _Book
    type: str
    ts: int
    cts: int = 0


class _Ticker(msgspec.Struct, gc=False):
    markPrice: str = ""
    fundingRate: str = ""
    nextFundingTime: str = ""


class _TickerFrame(msgspec.Struct, gc=False):
    data: _Ticker


class _Trade(msgspec.Struct, gc=False):
    T: int
    S: str
    v: str
    p: str
    i: str


class _TradeFrame(msgspec.Struct, gc=False):
    data: list[_Trade]


class _Lots(msgspec.Struct):
    qtyStep: str = ""
    basePrecision: str = ""
    minNotionalValue: str = ""
    minOrderAmt: str = ""


class _Prices(msgspec.Struct):
    tickSize: str


class _Listed(msgspec.Struct):
    symbol: str
    baseCoin: str
    quoteCoin: str
    lotSizeFilter: _Lots
    priceFilter: _Prices


class _Page(msgspec.Struct):
    category: str
    list: list[_Listed]


class _Listing(msgspec.Struct):
    result: _Page


_book = msgspec.json.Decoder(_BookFrame)
_trades = msgspec.json.Decoder(_TradeFrame)
_listing = msgspec.json.Decoder(_Listing)
_tickers = msgspec.json.Decoder(_TickerFrame)


class BybitFrames:
    """Reads them."""

    mark_kinds: frozenset[str] = frozenset({"ticker"})
    markets: tuple[str, ...] = (BYBIT,)

    def stream_name(self, frame: bytes, address: str) -> str:
        """Return category and topic; a frame on a connection of another kind is of no stream."""
        topic = _TOPIC.search(frame, 0, 200)
        _, public, category = address.partition(PUBLIC)
        return f"{category}/{topic[1].decode()}" if public and topic else ""

    def market(self, frame: bytes, name: str) -> str:
        """Return the one market."""
        return BYBIT

    def stream(self, name: str) -> Stream:
        """Return the stream of that name; only linear tickers tell of marks, and only spot and linear are followed."""
        category, _, topic = name.partition("/")
        what, _, symbol = topic.rpartition(".")
        if what not in FEEDS or category not in CATEGORIES or (what == "tickers" and category == "spot"):
            return Stream(name, "", f"{category}/{symbol}")
        return Stream(name, FEEDS[what][0], f"{category}/{symbol}", FEEDS[what][1])

    def ticks(self, stream: Stream, frame: bytes) -> int:
        """Return the number of trades in a frame of them, 1 for another frame of a feed but a book that is whole."""
        if stream.kind == "trade" and stream.feed:
            return len(_trades.decode(frame).data)
        return 1 if stream.feed and not (stream.kind == "depth" and self.book(frame).whole) else 0

    def amounts(self, kind: str, frame: bytes) -> Iterable[tuple[str, str]]:
        """Return the levels or trades in a frame."""
        if kind in ("depth", "bookTicker"):
            book = _book.decode(frame).data
            return (*book.b, *book.a)
        if kind == "trade":
            return [(trade.p, trade.v) for trade in _trades.decode(frame).data]
        return ()

    def book(self, frame: bytes) -> RecordedBook:
        """Return the levels that changed, or all of them."""
        found = _book.decode(frame)
        data, whole = found.data, found.type == "snapshot" or found.data.u == 1
        return RecordedBook(
            data.u,
            data.b,
            data.a,
            whole=whole,
            repeats=not whole,
            seq=data.seq,
            event_ms=found.ts,
            transact_ms=found.cts or found.ts,
        )

    def trades(self, frame: bytes) -> list[PublicTrade]:
        """Return the trades; ids are text, on spot of digits."""
        return [
            PublicTrade(number, trade.p, trade.v, trade.T, trade.S == "Sell", number, number, trade.i)
            for trade in _trades.decode(frame).data
            for number in (int(trade.i) if trade.i.isdigit() else 0,)
        ]

    def mark(self, frame: bytes, known: ContractMark) -> ContractMark:
        """Return what was known with what a ticker says: most tell only what has changed."""
        said = _tickers.decode(frame).data
        return ContractMark(
            cut_e8(said.markPrice) if said.markPrice else known.price_e8,
            cut_e8(said.fundingRate) if said.fundingRate else known.rate_e8,
            int(said.nextFundingTime) * MS if said.nextFundingTime else known.funding_ns,
        )

    def snapshot(self, answer: RestAnswer, symbols: Sequence[str]) -> RestSnapshot | None:
        """Return None: books begin in the stream."""
        return None

    def beside(self, paths: Sequence[Path]) -> list[Path]:
        """Return none: listings are recorded in the capture itself."""
        return []

    def stated(self, answers: Iterable[RestAnswer], symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return assets and units in the answers that list instruments."""
        found: dict[str, dict[str, Any]] = {}
        for answer in answers:
            named = _CATEGORY.search(answer.url)
            if "/instruments-info" in answer.url and named is not None and named[1] in CATEGORIES:
                for each in _listing.decode(answer.body).result.list:
                    symbol = f"{named[1]}/{each.symbol}"
                    if symbol in symbols:
                        found[symbol] = _stated(each)
        return found

    def seeds(
        self, capture: RecordedFrames, paths: Sequence[Path], opener: Opener
    ) -> tuple[dict[str, BookSeed], list[str]]:
        """Return the books that do not begin with a snapshot in the stream, from one that was recorded beside it."""
        return seeds_beside(self, capture), []

    def decimals(self, symbol: str, market: str, sizes: Sizes) -> tuple[int, int]:
        """Return none on spot, where zeros at the end are left out, of linear as many as were seen."""
        return (0, 0) if symbol.startswith("spot/") else (sizes.price_text_decimals, sizes.qty_text_decimals)

    def instrument(self, symbol: str) -> dict[str, Any]:
        """Return what the name says; the quote is one of three where no listing was recorded."""
        category, _, name = symbol.partition("/")
        quote = next((each for each in ("USDT", "USDC", "USD") if name.endswith(each)), name[-3:])
        return {"venue_symbol": name, "category": category, "base": name.removesuffix(quote), "quote": quote}


def _stated(each: _Listed) -> dict[str, Any]:
    lots = each.lotSizeFilter
    return {
        "base": each.baseCoin,
        "quote": each.quoteCoin,
        "tick_size": each.priceFilter.tickSize,
        "lot_size": lots.qtyStep or lots.basePrecision,
        "min_notional": lots.minNotionalValue or lots.minOrderAmt or "0",
    }
