"""OKX's frames of a market that is not recorded: trades, books, the best bid and ask, marks, funding and tickers.

(OKX v5 documentation, websocket: public data and order book trading.) `trades` for each execution; `books` of 400 levels
every 100 ms if they changed, and empty after a minute without a change: an update names the one before (`prevSeqId`),
checksums are 0 as since 2026; `books-l2-tbt` and `bbo-tbt` every 10 ms; `mark-price` and `index-tickers` every 200 ms,
`funding-rate` every 30 s, `tickers` every 100 ms. How many orders stand at a level is told as one.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from agents.paper.market.market import FUNDING_INTERVAL_NS, FUNDING_RATE_E8, Match
from agents.paper.market.market_writer import Level, MarketFrame, ModelBook
from agents.paper.market.top_levels import TopLevels
from agents.paper.money import Listing, format_e8, trimmed
from schemas.orders import Side
from schemas.units import HOUR, MINUTE, MS, SECOND

BOOKS = {"books": 100 * MS, "books-l2-tbt": 10 * MS}
LEVELS = 400
TOP_NS, TICKER_NS, MARK_NS, FUNDING_NS = 10 * MS, 100 * MS, 200 * MS, 30 * SECOND
EMPTY_AFTER_NS = MINUTE
FUNDING_HOURS = FUNDING_INTERVAL_NS // HOUR
FUNDING_RATE = trimmed(format_e8(FUNDING_RATE_E8))
LINEAR, SWAP = "linear", "-SWAP"
Json = dict[str, Any]


class _Channel(msgspec.Struct):
    """What was told on one channel of a book."""

    levels: TopLevels
    seq_id: int
    begun: bool = False
    sent_ns: int = 0


class _Symbol(msgspec.Struct):
    """What was told of one instrument."""

    book: ModelBook
    channels: dict[str, _Channel]
    top: tuple[Level, ...] = ()
    ticker: Json = {}
    last: Match | None = None
    opened_ticks: int = 0
    high_ticks: int = 0
    low_ticks: int = 0
    volume_e8: int = 0
    turnover_e8: int = 0


class OkxWriter:
    """The frames of spot and linear swaps."""

    intervals_ns: tuple[int, ...] = (TOP_NS, TICKER_NS, MARK_NS, FUNDING_NS)

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.heard: Callable[[str], bool] = lambda stream: True
        self._told: dict[str, _Symbol] = {}

    def texts(self, listing: Listing, price_ticks: int, qty_lots: int) -> tuple[str, str]:
        """Return a price and a quantity without zeros at the end."""
        return trimmed(listing.price.format(price_ticks)), trimmed(listing.qty.format(qty_lots))

    def begin(self, book: ModelBook) -> None:
        """Count the updates of each channel from the book's id on."""
        channels = {name: _Channel(TopLevels(LEVELS), book.update_id) for name in BOOKS}
        self._told[book.listing.symbol] = _Symbol(book, channels)

    def restart(self, stream: str) -> bool:
        """Have the numbers of an instrument (`CHANNEL:INSTRUMENT`), or of each if empty, go on from 1."""
        wanted = stream.partition(":")[2]
        found = [told.book for told in self._told.values() if stream == "" or told.book.listing.venue_symbol == wanted]
        for book in found:
            book.update_id = 1
        return bool(found)

    def traded(self, book: ModelBook, aggressor: Side, match: Match) -> Iterable[MarketFrame]:
        """Return a trade frame."""
        listing, told = book.listing, self._told[book.listing.symbol]
        told.last, told.opened_ticks = match, told.opened_ticks or match.price_ticks
        told.high_ticks = max(told.high_ticks, match.price_ticks)
        told.low_ticks = min(told.low_ticks or match.price_ticks, match.price_ticks)
        told.volume_e8 += listing.size_e8(match.qty_lots)
        told.turnover_e8 += listing.notional_e8(match.price_ticks, match.qty_lots)
        price, qty = self.texts(listing, match.price_ticks, match.qty_lots)
        row = {"instId": listing.venue_symbol, "tradeId": str(match.trade_id), "px": price, "sz": qty}
        row |= {"side": "buy" if aggressor == Side.BUY else "sell", "ts": str(book.now_ns // MS), "count": "1"}
        return (_frame("trades", listing.venue_symbol, [row | {"source": "0", "seqId": book.update_id}]),)

    def changed(self, book: ModelBook, levels: Sequence[tuple[Side, int]]) -> Iterable[MarketFrame]:
        """Return nothing: books are told at their intervals."""
        return ()

    def due(self, book: ModelBook, interval_ns: int) -> Iterable[MarketFrame]:
        """Return what comes at an interval, if there is anything new and anybody listens."""
        frames: Iterable[MarketFrame]
        if interval_ns == TOP_NS:
            frames = (*self._update(book, "books-l2-tbt"), *self._top(book))
        elif interval_ns == TICKER_NS:
            frames = (*self._update(book, "books"), *self._ticker(book))
        elif book.listing.category != LINEAR:
            return ()
        else:
            frames = self._marks(book) if interval_ns == MARK_NS else (self._funding(book),)
        return [frame for frame in frames if self.heard(frame[0])]

    def opening(self, symbol: str, channel: str) -> MarketFrame | None:
        """Return the frame with which a subscription of `channel` of our `symbol` begins, if any."""
        told = self._told[symbol]
        book = told.book
        if channel in told.channels:
            found = told.channels[channel]
            if not found.begun:
                found.begun, found.seq_id, found.sent_ns = True, book.update_id, book.now_ns
                found.levels.renew(book)
            return self._book(book, channel, "snapshot", found.levels.whole(), -1, found.seq_id)
        if channel == "bbo-tbt":
            return self._top_frame(book)
        if channel == "tickers":
            return self._ticker_frame(book)
        if book.listing.category != LINEAR:
            return None
        if channel == "funding-rate":
            return self._funding(book)
        return next((frame for frame in self._marks(book) if frame[0].startswith(f"{channel}:")), None)

    def _update(self, book: ModelBook, channel: str) -> Iterable[MarketFrame]:
        found = self._told[book.listing.symbol].channels[channel]
        if not found.begun or not self.heard(f"{channel}:{book.listing.venue_symbol}"):
            found.begun = False
            return ()
        changes = found.levels.renew(book)
        if changes == ([], []) and book.now_ns - found.sent_ns < EMPTY_AFTER_NS:
            return ()
        before, found.sent_ns = found.seq_id, book.now_ns
        if changes != ([], []):
            found.seq_id = book.update_id
        return (self._book(book, channel, "update", changes, before, found.seq_id),)

    def _book(
        self,
        book: ModelBook,
        channel: str,
        action: str,
        changes: tuple[list[Level], list[Level]],
        before: int,
        seq: int,
    ) -> MarketFrame:
        bids, asks = ([self._level(book.listing, level) for level in side] for side in changes)
        ids = {"checksum": 0, "prevSeqId": before, "seqId": seq}
        data = {"asks": asks, "bids": bids, "ts": str(book.now_ns // MS)} | ids
        return _frame(channel, book.listing.venue_symbol, [data], action=action)

    def _top(self, book: ModelBook) -> Iterable[MarketFrame]:
        told = self._told[book.listing.symbol]
        top = (*book.best(Side.BUY, 1), *book.best(Side.SELL, 1))
        if top == told.top:
            return ()
        told.top = top
        return (self._top_frame(book),)

    def _top_frame(self, book: ModelBook) -> MarketFrame:
        bids, asks = (
            [self._level(book.listing, each) for each in book.best(side, 1)] for side in (Side.BUY, Side.SELL)
        )
        data = {"asks": asks, "bids": bids, "ts": str(book.now_ns // MS), "seqId": book.update_id}
        return _frame("bbo-tbt", book.listing.venue_symbol, [data])

    def _level(self, listing: Listing, level: Level) -> list[str]:
        price, qty = self.texts(listing, *level)
        return [price, qty, "0", "1" if level[1] else "0"]

    def _marks(self, book: ModelBook) -> Sequence[MarketFrame]:
        bids, asks = book.best(Side.BUY, 1), book.best(Side.SELL, 1)
        if not bids or not asks:
            return ()
        listing, now = book.listing, str(book.now_ns // MS)
        price, symbol = self.texts(listing, (bids[0][0] + asks[0][0]) // 2, 0)[0], listing.venue_symbol
        mark = {"instType": "SWAP", "instId": symbol, "markPx": price, "ts": now}
        index = {
            "instId": symbol.removesuffix(SWAP),
            "idxPx": price,
            "high24h": price,
            "sodUtc0": price,
            "open24h": price,
        }
        index |= {"low24h": price, "sodUtc8": price, "ts": now}
        return _frame("mark-price", symbol, [mark]), _frame("index-tickers", symbol.removesuffix(SWAP), [index])

    def _funding(self, book: ModelBook) -> MarketFrame:
        symbol, length_ms, now_ms = book.listing.venue_symbol, FUNDING_HOURS * HOUR // MS, book.now_ns // MS
        next_ms = (now_ms // length_ms + 1) * length_ms
        data = {
            "instId": symbol,
            "fundingRate": FUNDING_RATE,
            "nextFundingRate": FUNDING_RATE,
            "fundingTime": str(next_ms),
        }
        data |= {"nextFundingTime": str(next_ms + length_ms), "ts": str(now_ms)}
        return _frame("funding-rate", symbol, [data])

    def _ticker(self, book: ModelBook) -> Iterable[MarketFrame]:
        told, data = self._told[book.listing.symbol], self._ticker_data(book)
        if data == told.ticker:
            return ()
        told.ticker = data
        return (self._ticker_frame(book),)

    def _ticker_frame(self, book: ModelBook) -> MarketFrame:
        data = self._ticker_data(book) | {"ts": str(book.now_ns // MS)}
        return _frame("tickers", book.listing.venue_symbol, [data])

    def _ticker_data(self, book: ModelBook) -> Json:
        listing, told = book.listing, self._told[book.listing.symbol]
        bid, ask = ((book.best(side, 1) or [(0, 0)])[0] for side in (Side.BUY, Side.SELL))
        last = told.last or Match((bid[0] + ask[0]) // 2, 0, 0)
        opened, high, low = (
            self.texts(listing, ticks or last.price_ticks, 0)[0]
            for ticks in (told.opened_ticks, told.high_ticks, told.low_ticks)
        )
        (last_px, last_qty), (bid_px, bid_qty), (ask_px, ask_qty) = (
            self.texts(listing, *each) for each in ((last.price_ticks, last.qty_lots), bid, ask)
        )
        return {
            "instType": "SWAP" if listing.category == LINEAR else "SPOT",
            "instId": listing.venue_symbol,
            "last": last_px,
            "lastSz": last_qty,
            "askPx": ask_px,
            "askSz": ask_qty,
            "bidPx": bid_px,
            "bidSz": bid_qty,
            "open24h": opened,
            "high24h": high,
            "low24h": low,
            "sodUtc0": opened,
            "sodUtc8": opened,
            "volCcy24h": trimmed(format_e8(told.turnover_e8)),
            "vol24h": trimmed(format_e8(told.volume_e8)),
        }


def _frame(channel: str, symbol: str, data: list[Json], *, action: str = "") -> MarketFrame:
    arg = {"arg": {"channel": channel, "instId": symbol}}
    frame = msgspec.json.encode(arg | ({"action": action} if action else {}) | {"data": data})
    return f"{channel}:{symbol}", 0 if channel in ("tickers", "index-tickers") or action == "snapshot" else 1, frame
