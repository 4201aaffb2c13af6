"""Bybit's frames of a market that is not recorded: trades, books of four depths, and tickers.

(Bybit API v5 documentation, websocket public streams.) `publicTrade` for each execution; `orderbook.1`, `.50`, `.200` and
`.1000` every 10, 20, 100 and 200 ms if they changed: a snapshot first, then deltas whose `u` rises by one, one level always
whole and again with the same `u` after three seconds without a change; `tickers` of linear every 100 ms: a snapshot first,
then what changed, of spot every 50 ms whole. Spot writes keys and decimals in ways of its own. `seq` is the book's id.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from agents.paper.market.market import FUNDING_INTERVAL_NS, FUNDING_RATE_E8, Match
from agents.paper.market.market_writer import Level, MarketFrame, ModelBook
from agents.paper.market.top_levels import TopLevels
from agents.paper.money import Listing, format_e8, trimmed
from schemas.orders import Side
from schemas.units import HOUR, MS, SECOND

BOOKS = {1: 10 * MS, 50: 20 * MS, 200: 100 * MS, 1000: 200 * MS}
"""Interval of the books by their number of levels."""
SPOT_TICKER_NS, LINEAR_TICKER_NS = 50 * MS, 100 * MS
REPEAT_NS = 3 * SECOND
FUNDING_HOURS = FUNDING_INTERVAL_NS // HOUR
FUNDING_RATE = trimmed(format_e8(FUNDING_RATE_E8))
LINEAR = "linear"
Json = dict[str, Any]


class _Topic(msgspec.Struct):
    """What was told on one topic of a book."""

    levels: TopLevels
    update_id: int
    begun: bool = False
    sent_ns: int = 0
    restarts: bool = False


class _Told(msgspec.Struct):
    """What was told of one symbol."""

    topics: dict[int, _Topic]
    last_ticks: int = 0
    last_tick_direction: str = "ZeroPlusTick"
    opened_ticks: int = 0
    high_ticks: int = 0
    low_ticks: int = 0
    volume_e8: int = 0
    turnover_e8: int = 0
    ticker: Json = {}


class BybitWriter:
    """The frames of spot and linear."""

    intervals_ns: tuple[int, ...] = (*BOOKS.values(), SPOT_TICKER_NS)

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.heard: Callable[[str], bool] = lambda stream: True
        self._told: dict[str, _Told] = {}
        self._books: dict[str, ModelBook] = {}

    def texts(self, listing: Listing, price_ticks: int, qty_lots: int) -> tuple[str, str]:
        """Return a price and a quantity: of linear in the decimals of their units, of spot without zeros at the end."""
        price, qty = listing.price.format(price_ticks), listing.qty.format(qty_lots)
        return (price, qty) if listing.category == LINEAR else (trimmed(price), trimmed(qty))

    def begin(self, book: ModelBook) -> None:
        """Count updates of each topic from the book's id on."""
        topics = {count: _Topic(TopLevels(count), book.update_id) for count in BOOKS}
        self._told[book.listing.symbol] = _Told(topics)
        self._books[book.listing.symbol] = book

    def traded(self, book: ModelBook, aggressor: Side, match: Match) -> Iterable[MarketFrame]:
        """Return a trade frame."""
        listing, told = book.listing, self._told[book.listing.symbol]
        self._count(told, book, match)
        price, qty = self.texts(listing, match.price_ticks, match.qty_lots)
        now_ms, side = book.now_ns // MS, "Buy" if aggressor == Side.BUY else "Sell"
        seq, symbol, topic = book.update_id, listing.venue_symbol, f"publicTrade.{listing.venue_symbol}"
        if listing.category == LINEAR:
            row: Json = {"T": now_ms, "s": symbol, "S": side, "v": qty, "p": price, "L": told.last_tick_direction}
            row |= {"i": trade_name(listing, match.trade_id), "BT": False, "RPI": False, "seq": seq}
            return (_frame(listing, topic, {"type": "snapshot", "ts": now_ms, "data": [row]}),)
        row = {"i": trade_name(listing, match.trade_id), "T": now_ms, "p": price, "v": qty, "S": side, "seq": seq}
        row |= {"s": symbol, "BT": False, "RPI": False}
        return (_frame(listing, topic, {"ts": now_ms, "type": "snapshot", "data": [row]}),)

    def changed(self, book: ModelBook, levels: Sequence[tuple[Side, int]]) -> Iterable[MarketFrame]:
        """Return nothing: books are told at their intervals."""
        return ()

    def due(self, book: ModelBook, interval_ns: int) -> Iterable[MarketFrame]:
        """Return the book or the ticker whose interval it is, if there is anything new and anybody listens."""
        listing = book.listing
        if interval_ns == SPOT_TICKER_NS:
            linear = listing.category == LINEAR
            if linear and (book.now_ns // SPOT_TICKER_NS) % 2:
                return ()
            return self._ticker(book) if self.heard(f"{listing.category}/tickers.{listing.venue_symbol}") else ()
        count = next(count for count, each in BOOKS.items() if each == interval_ns)
        topic = self._told[listing.symbol].topics[count]
        if not topic.begun or not self.heard(f"{listing.category}/orderbook.{count}.{listing.venue_symbol}"):
            topic.begun = False
            return ()
        changes = topic.levels.renew(book)
        if topic.restarts:
            topic.restarts, topic.update_id, topic.sent_ns = False, 1, book.now_ns
            return (self._book(book, count, "snapshot", topic.levels.whole(), 1),)
        if changes == ([], []):
            if count > 1 or book.now_ns - topic.sent_ns < REPEAT_NS:
                return ()
        else:
            topic.update_id += 1
        topic.sent_ns = book.now_ns
        if count == 1:
            return (self._book(book, count, "snapshot", topic.levels.whole(), topic.update_id),)
        return (self._book(book, count, "delta", changes, topic.update_id),)

    def restart(self, stream: str) -> bool:
        """Have a book (`CATEGORY/orderbook.50.SYMBOL`), or each if empty, go on with its update 1, which is whole."""
        found = [
            topic
            for symbol, told in self._told.items()
            for count, topic in told.topics.items()
            if stream in ("", "/".join((self._books[symbol].listing.category, self._topic(symbol, count))))
        ]
        for topic in found:
            topic.restarts = True
        return bool(found)

    def _topic(self, symbol: str, count: int) -> str:
        return f"orderbook.{count}.{self._books[symbol].listing.venue_symbol}"

    def opening(self, symbol: str, what: str) -> MarketFrame | None:
        """Return the frame with which a subscription of `what` (orderbook.50, tickers) of our `symbol` begins, if any."""
        book, told = self._books[symbol], self._told[symbol]
        if what == "tickers":
            return self._ticker_frame(book, "snapshot", self._ticker_data(book))
        topic = told.topics.get(int(what.partition(".")[2])) if what.startswith("orderbook.") else None
        if topic is None:
            return None
        if not topic.begun:
            topic.begun = True
            topic.update_id += 1
            topic.levels.renew(book)
            topic.sent_ns = book.now_ns
        return self._book(book, topic.levels.count, "snapshot", topic.levels.whole(), topic.update_id)

    def _book(
        self, book: ModelBook, count: int, kind: str, changes: tuple[list[Level], list[Level]], update_id: int
    ) -> MarketFrame:
        listing, now_ms = book.listing, book.now_ns // MS
        bids, asks = ([self.texts(listing, *level) for level in side] for side in changes)
        sides = [[(price, "0" if not float(qty) else qty) for price, qty in side] for side in (bids, asks)]
        data = {"s": listing.venue_symbol, "b": sides[0], "a": sides[1], "u": update_id, "seq": book.update_id}
        first = (
            {"ts": now_ms, "type": kind} if listing.category != LINEAR or count == 1 else {"type": kind, "ts": now_ms}
        )
        return _frame(listing, f"orderbook.{count}.{listing.venue_symbol}", first | {"data": data, "cts": now_ms})

    def _ticker(self, book: ModelBook) -> Iterable[MarketFrame]:
        told, data = self._told[book.listing.symbol], self._ticker_data(book)
        if book.listing.category != LINEAR:
            return (self._ticker_frame(book, "snapshot", data),)
        changed = {"symbol": data["symbol"]} | {key: text for key, text in data.items() if told.ticker.get(key) != text}
        told.ticker = data
        return (self._ticker_frame(book, "delta", changed),) if len(changed) > 1 else ()

    def _ticker_frame(self, book: ModelBook, kind: str, data: Json) -> MarketFrame:
        listing, ends = book.listing, {"cs": book.update_id, "ts": book.now_ns // MS}
        if listing.category == LINEAR:
            return _frame(listing, f"tickers.{listing.venue_symbol}", {"type": kind, "data": data, **ends})
        head = {"ts": ends["ts"], "type": kind, "cs": ends["cs"], "data": data}
        return _frame(listing, f"tickers.{listing.venue_symbol}", head)

    def _ticker_data(self, book: ModelBook) -> Json:
        listing, told = book.listing, self._told[book.listing.symbol]
        bid, ask = (book.best(side, 1) or [(0, 0)] for side in (Side.BUY, Side.SELL))
        last = told.last_ticks or (bid[0][0] + ask[0][0]) // 2
        opened = told.opened_ticks or last

        def text(ticks: int) -> str:
            return self.texts(listing, ticks, 0)[0]

        change = trimmed(f"{(last - opened) / opened:.6f}") if opened else "0"
        volume, turnover = trimmed(format_e8(told.volume_e8)), trimmed(format_e8(told.turnover_e8))
        high, low = text(told.high_ticks or last), text(told.low_ticks or last)
        if listing.category != LINEAR:
            data = {"symbol": listing.venue_symbol, "lastPrice": text(last), "highPrice24h": high, "lowPrice24h": low}
            data |= {"prevPrice24h": text(opened), "volume24h": volume, "turnover24h": turnover, "price24hPcnt": change}
            return data | {"usdIndexPrice": text(last)}
        mark = text((bid[0][0] + ask[0][0]) // 2)
        next_ms = (book.now_ns // (FUNDING_HOURS * HOUR) + 1) * FUNDING_HOURS * HOUR // MS
        (bid_px, bid_qty), (ask_px, ask_qty) = self.texts(listing, *bid[0]), self.texts(listing, *ask[0])
        return {
            "symbol": listing.venue_symbol,
            "tickDirection": told.last_tick_direction,
            "price24hPcnt": change,
            "lastPrice": text(last),
            "prevPrice24h": text(opened),
            "highPrice24h": high,
            "lowPrice24h": low,
            "prevPrice1h": text(opened),
            "markPrice": mark,
            "indexPrice": mark,
            "openInterest": "0",
            "openInterestValue": "0",
            "turnover24h": turnover,
            "volume24h": volume,
            "fundingIntervalHour": str(FUNDING_HOURS),
            "fundingCap": "0.005",
            "singleOpenInterest": "0",
            "singleOpenInterestValue": "0",
            "nextFundingTime": str(next_ms),
            "fundingRate": FUNDING_RATE,
            "bid1Price": bid_px,
            "bid1Size": bid_qty,
            "ask1Price": ask_px,
            "ask1Size": ask_qty,
            "preOpenPrice": "",
            "preQty": "",
            "curPreListingPhase": "",
        }

    def _count(self, told: _Told, book: ModelBook, match: Match) -> None:
        last, price = told.last_ticks or match.price_ticks, match.price_ticks
        if price != last:
            told.last_tick_direction = "PlusTick" if price > last else "MinusTick"
        elif told.last_tick_direction in ("PlusTick", "MinusTick"):
            told.last_tick_direction = f"Zero{told.last_tick_direction}"
        told.last_ticks, told.opened_ticks = price, told.opened_ticks or price
        told.high_ticks, told.low_ticks = max(told.high_ticks, price), min(told.low_ticks or price, price)
        told.volume_e8 += book.listing.qty_e8(match.qty_lots)
        told.turnover_e8 += book.listing.notional_e8(price, match.qty_lots)


def trade_name(listing: Listing, trade_id: int) -> str:
    """Return what a trade is called: on spot its number, on linear a UUID that holds it."""
    if listing.category != LINEAR:
        return str(trade_id)
    digits = f"{trade_id:032x}"
    return "-".join((digits[:8], digits[8:12], f"5{digits[13:16]}", f"8{digits[17:20]}", digits[20:]))


def ticks_in(category: str, topic: str, kind: str) -> int:
    """Return whether there is a tick in a frame that is no trade: a book that is whole is none, nor is a ticker of spot."""
    if topic.startswith("tickers."):
        return int(category == LINEAR)
    return int(kind == "delta" or topic.startswith(("orderbook.1.", "publicTrade.")))


def _frame(listing: Listing, topic: str, rest: Json) -> MarketFrame:
    return (
        f"{listing.category}/{topic}",
        ticks_in(listing.category, topic, rest["type"]),
        msgspec.json.encode({"topic": topic} | rest),
    )
