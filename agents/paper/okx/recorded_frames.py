"""Recorded frames of OKX v5: channels of its public connection.

A stream is called by its channel and instrument, `books:BTC-USDT`. Before 2023 frames of books had no `seqId`: then the
time of a frame is its number, and repeats. Only spot and linear swaps are followed; options, futures with a term and
inverse contracts are sent again to whoever subscribes them, but are no instruments of ours.
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
from agents.paper.money import E8, cut_e8, format_e8, parse_e8
from agents.paper.okx.instrument_names import category_of
from schemas.units import MS

OKX = "okx"
FEEDS = {
    "trades": ("trade", "trade"),
    "books": ("depth", "depth@100ms"),
    "books-l2-tbt": ("depth", "depth@10ms"),
    "bbo-tbt": ("bookTicker", "bookTicker"),
    "mark-price": ("ticker", "markPrice"),
}
"""Kind of a channel's frames, and our name of the feed."""
FUNDING = "funding-rate"
"""Channel, and kind of its frames."""

_ARG = re.compile(rb'\{"arg":\{"channel":"([^"]+)",(?:"instType":"[^"]*",)?"instId":"([^"]+)"\}')


class _Mark(msgspec.Struct, gc=False):
    markPx: str = ""
    fundingRate: str = "0"
    fundingTime: str = "0"


class _MarkFrame(msgspec.Struct, gc=False):
    data: list[_Mark]


class _Trade(msgspec.Struct, gc=False):
    tradeId: str
    px: str
    sz: str
    side: str
    ts: str
    count: str = "1"


class _TradeFrame(msgspec.Struct, gc=False):
    data: list[_Trade]


class _Book(msgspec.Struct, gc=False):
    asks: list[list[str]]
    bids: list[list[str]]
    ts: str
    seqId: int = 0


class _BookFrame(msgspec.Struct, gc=False):
    data: list[_Book]
    action: str = ""


class _Listed(msgspec.Struct):
    instId: str
    tickSz: str
    lotSz: str
    ctType: str = ""
    ctVal: str = ""
    ctMult: str = ""


class _Listing(msgspec.Struct):
    data: list[_Listed]


_trades = msgspec.json.Decoder(_TradeFrame)
_book = msgspec.json.Decoder(_BookFrame)
_listing = msgspec.json.Decoder(_Listing)
_marks = msgspec.json.Decoder(_MarkFrame)


class OkxFrames:
    """Reads them."""

    mark_kinds: frozenset[str] = frozenset({"ticker", FUNDING})
    markets: tuple[str, ...] = (OKX,)

    def stream_name(self, frame: bytes, address: str) -> str:
        """Return channel and instrument of a frame with data; an acknowledgement names one too, and is of none."""
        found = _ARG.match(frame)
        return f"{found[1].decode()}:{found[2].decode()}" if found else ""

    def market(self, frame: bytes, name: str) -> str:
        """Return the one market."""
        return OKX

    def stream(self, name: str) -> Stream:
        """Return the stream of that name; nobody here subscribes funding rates, but they are read."""
        channel, _, symbol = name.partition(":")
        if channel == FUNDING:
            return Stream(name, FUNDING, symbol)
        if channel not in FEEDS or not category_of(symbol):
            return Stream(name, "", symbol)
        return Stream(name, FEEDS[channel][0], symbol, FEEDS[channel][1])

    def ticks(self, stream: Stream, frame: bytes) -> int:
        """Return the number of trade messages in a frame, 1 for another frame of a feed but a book that is whole."""
        if stream.kind == "trade" and stream.feed:
            return len(_trades.decode(frame).data)
        return 1 if stream.feed and not (stream.kind == "depth" and self.book(frame).whole) else 0

    def amounts(self, kind: str, frame: bytes) -> Iterable[tuple[str, str]]:
        """Return the levels or trades in a frame."""
        if kind in ("depth", "bookTicker"):
            return [pair for book in _book.decode(frame).data for pair in (*_pairs(book.bids), *_pairs(book.asks))]
        if kind == "trade":
            return [(trade.px, trade.sz) for trade in _trades.decode(frame).data]
        return ()

    def book(self, frame: bytes) -> RecordedBook:
        """Return the levels that changed, or all of them; one frame holds one."""
        found = _book.decode(frame)
        (data,) = found.data
        time_ms = int(data.ts)
        return RecordedBook(
            data.seqId or time_ms,
            _pairs(data.bids),
            _pairs(data.asks),
            whole=found.action == "snapshot",
            seq=data.seqId,
            repeats=False,
            event_ms=time_ms,
            transact_ms=time_ms,
        )

    def trades(self, frame: bytes) -> list[PublicTrade]:
        """Return the trades: one message stands for `count` of them, the last of which is `tradeId`."""
        return [
            PublicTrade(
                int(trade.tradeId),
                trade.px,
                trade.sz,
                int(trade.ts),
                trade.side == "sell",
                int(trade.tradeId) - int(trade.count) + 1,
                int(trade.tradeId),
            )
            for trade in _trades.decode(frame).data
        ]

    def mark(self, frame: bytes, known: ContractMark) -> ContractMark:
        """Return what was known with the mark, or the rate and its time, that a frame tells."""
        (said,) = _marks.decode(frame).data
        if said.markPx:
            return ContractMark(cut_e8(said.markPx), known.rate_e8, known.funding_ns)
        return ContractMark(known.price_e8, cut_e8(said.fundingRate), int(said.fundingTime) * MS)

    def snapshot(self, answer: RestAnswer, symbols: Sequence[str]) -> RestSnapshot | None:
        """Return None: books begin in the stream."""
        return None

    def beside(self, paths: Sequence[Path]) -> list[Path]:
        """Return the listings that cryptofeed recorded beside a capture, under either of the venue's names."""
        found = []
        for path in paths:
            if path.name.partition(".ws.")[1]:
                found += [each for name in ("OKX", "OKEX") for each in sorted(path.parent.glob(f"{name}.0*"))[:1]]
        return list(dict.fromkeys(found))

    def stated(self, answers: Iterable[RestAnswer], symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return units in the answers that list instruments, and what a contract is of the base."""
        found: dict[str, dict[str, Any]] = {}
        for answer in answers:
            if "/public/instruments" in answer.url:
                for each in _listing.decode(answer.body).data:
                    if each.instId in symbols:
                        found[each.instId] = _stated(each)
        return found

    def seeds(
        self, capture: RecordedFrames, paths: Sequence[Path], opener: Opener
    ) -> tuple[dict[str, BookSeed], list[str]]:
        """Return the books that do not begin with a snapshot in the stream, from one that was recorded beside it."""
        return seeds_beside(self, capture), []

    def decimals(self, symbol: str, market: str, sizes: Sizes) -> tuple[int, int]:
        """Return none: zeros at the end are left out."""
        return 0, 0

    def instrument(self, symbol: str) -> dict[str, Any]:
        """Return what the name says: base, quote, and behind them the term of a contract."""
        base, quote, *_ = [*symbol.split("-"), ""]
        return {"base": base, "quote": quote} | ({"category": category_of(symbol)} if category_of(symbol) else {})


def _pairs(levels: list[list[str]]) -> Levels:
    return [(level[0], level[1]) for level in levels]


def _stated(each: _Listed) -> dict[str, Any]:
    units = {"tick_size": each.tickSz, "lot_size": each.lotSz}
    if each.ctType != "linear":
        return units
    size_e8 = parse_e8(each.ctVal) * parse_e8(each.ctMult or "1") // E8
    return units | {"contract_size": format_e8(size_e8).rstrip("0").rstrip(".")}
