"""Binance's frames of a market that is not recorded: spot, and the perpetuals of USDT-M and COIN-M.

(binance-spot-api-docs, web-socket-streams.md; derivatives documentation, USDT-M websocket market streams.) `trade` for each
execution (futures: `aggTrade`), `bookTicker` when the top of the book changes, every 100 ms `depth@100ms` with the levels
that changed, and for futures every second `markPrice@1s`: the mid, with an index of the same price.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from agents.paper.market.market import FUNDING_INTERVAL_NS, FUNDING_RATE_E8, Match
from agents.paper.market.market_writer import MarketFrame, ModelBook
from agents.paper.money import Listing, format_e8
from schemas.orders import Side
from schemas.units import MS, SECOND

DEPTH_INTERVAL_NS = 100 * MS
MARK_INTERVAL_NS = SECOND
FUNDING_RATE = format_e8(FUNDING_RATE_E8)


class _Told(msgspec.Struct):
    """What was told of a book so far."""

    update_id: int
    top: tuple[int, int, int, int] = (0, 0, 0, 0)
    pending: dict[tuple[Side, int], None] = {}


class SpotWriter:
    """Spot's frames."""

    intervals_ns: tuple[int, ...] = (DEPTH_INTERVAL_NS,)

    def __init__(self, unit_ns: int = MS) -> None:
        """Begin with nothing told; times are in units of `unit_ns`."""
        self.unit_ns = unit_ns
        self.heard: Callable[[str], bool] = lambda stream: True
        self._told: dict[str, _Told] = {}

    def texts(self, listing: Listing, price_ticks: int, qty_lots: int) -> tuple[str, str]:
        """Return a price and a quantity with eight decimals."""
        return format_e8(listing.px_e8(price_ticks)), format_e8(listing.size_e8(qty_lots))

    def begin(self, book: ModelBook) -> None:
        """Count updates from the book's id on."""
        self._told[book.listing.symbol] = _Told(book.update_id)

    def traded(self, book: ModelBook, aggressor: Side, match: Match) -> Iterable[MarketFrame]:
        """Return a trade frame."""
        price, qty = self.texts(book.listing, match.price_ticks, match.qty_lots)
        return (self._trade(book, match.trade_id, price, qty, "true" if aggressor == Side.SELL else "false"),)

    def changed(self, book: ModelBook, levels: Sequence[tuple[Side, int]]) -> Iterable[MarketFrame]:
        """Note the levels, and return a bookTicker frame if the top of the book is another."""
        told = self._told[book.listing.symbol]
        told.pending |= dict.fromkeys(levels)
        bids, asks = book.best(Side.BUY, 1), book.best(Side.SELL, 1)
        if not bids or not asks or told.top == (*bids[0], *asks[0]):
            return ()
        told.top = (*bids[0], *asks[0])
        texts = (*self.texts(book.listing, *bids[0]), *self.texts(book.listing, *asks[0]))
        return (self._ticker(book, *texts),)

    def due(self, book: ModelBook, interval_ns: int) -> Iterable[MarketFrame]:
        """Return a depth frame of what changed since the last."""
        told = self._told[book.listing.symbol]
        if not told.pending:
            return ()
        sides = {side: ",".join(self._level(book, s, price) for s, price in told.pending if s == side) for side in Side}
        frame = self._depth(book, told.update_id, f'"b":[{sides[Side.BUY]}],"a":[{sides[Side.SELL]}]')
        told.update_id = book.update_id
        told.pending.clear()
        return (frame,)

    def _trade(self, book: ModelBook, trade_id: int, price: str, qty: str, buyer_maker: str) -> MarketFrame:
        now = book.now_ns // self.unit_ns
        data = (
            f'{{"e":"trade","E":{now},"s":"{book.listing.venue_symbol}","t":{trade_id},"p":"{price}","q":"{qty}",'
            f'"T":{now},"m":{buyer_maker},"M":true}}'
        )
        return _frame(book, "trade", data)

    def _ticker(self, book: ModelBook, bid: str, bid_qty: str, ask: str, ask_qty: str) -> MarketFrame:
        data = (
            f'{{"u":{book.update_id},"s":"{book.listing.venue_symbol}","b":"{bid}","B":"{bid_qty}",'
            f'"a":"{ask}","A":"{ask_qty}"}}'
        )
        return _frame(book, "bookTicker", data)

    def _depth(self, book: ModelBook, last_id: int, levels: str) -> MarketFrame:
        data = (
            f'{{"e":"depthUpdate","E":{book.now_ns // self.unit_ns},"s":"{book.listing.venue_symbol}","U":{last_id + 1},'
            f'"u":{book.update_id},{levels}}}'
        )
        return _frame(book, "depth@100ms", data)

    def _level(self, book: ModelBook, side: Side, price_ticks: int) -> str:
        price, qty = self.texts(book.listing, price_ticks, book.qty_at(side, price_ticks))
        return f'["{price}","{qty}"]'


class FuturesWriter(SpotWriter):
    """The frames of perpetuals: each depth frame names the one before (`pu`), all have two times."""

    intervals_ns: tuple[int, ...] = (DEPTH_INTERVAL_NS, MARK_INTERVAL_NS)

    def texts(self, listing: Listing, price_ticks: int, qty_lots: int) -> tuple[str, str]:
        """Return a price and a quantity in the decimals of their units."""
        return listing.price.format(price_ticks), listing.qty.format(qty_lots)

    def due(self, book: ModelBook, interval_ns: int) -> Iterable[MarketFrame]:
        """Return a depth or a mark price frame."""
        return self._marks(book) if interval_ns == MARK_INTERVAL_NS else super().due(book, interval_ns)

    def _trade(self, book: ModelBook, trade_id: int, price: str, qty: str, buyer_maker: str) -> MarketFrame:
        now_ms = book.now_ns // MS
        data = (
            f'{{"e":"aggTrade","E":{now_ms},"a":{trade_id},"s":"{book.listing.venue_symbol}","p":"{price}","q":"{qty}",'
            f'"f":{trade_id},"l":{trade_id},"T":{now_ms},"m":{buyer_maker}}}'
        )
        return _frame(book, "aggTrade", data)

    def _ticker(self, book: ModelBook, bid: str, bid_qty: str, ask: str, ask_qty: str) -> MarketFrame:
        now_ms = book.now_ns // MS
        data = (
            f'{{"e":"bookTicker","u":{book.update_id},"s":"{book.listing.venue_symbol}","b":"{bid}","B":"{bid_qty}",'
            f'"a":"{ask}","A":"{ask_qty}","T":{now_ms},"E":{now_ms}}}'
        )
        return _frame(book, "bookTicker", data)

    def _depth(self, book: ModelBook, last_id: int, levels: str) -> MarketFrame:
        now_ms = book.now_ns // MS
        data = (
            f'{{"e":"depthUpdate","E":{now_ms},"T":{now_ms},"s":"{book.listing.venue_symbol}","U":{last_id + 1},'
            f'"u":{book.update_id},"pu":{last_id},{levels}}}'
        )
        return _frame(book, "depth@100ms", data)

    def _marks(self, book: ModelBook) -> Iterable[MarketFrame]:
        bids, asks = book.best(Side.BUY, 1), book.best(Side.SELL, 1)
        if not bids or not asks:
            return ()
        mid = format_e8((book.listing.px_e8(bids[0][0]) + book.listing.px_e8(asks[0][0])) // 2)
        next_ms = (book.now_ns // FUNDING_INTERVAL_NS + 1) * FUNDING_INTERVAL_NS // MS
        data = (
            f'{{"e":"markPriceUpdate","E":{book.now_ns // MS},"s":"{book.listing.venue_symbol}","p":"{mid}","P":"{mid}",'
            f'"i":"{mid}","r":"{FUNDING_RATE}","T":{next_ms}}}'
        )
        return (_frame(book, "markPrice@1s", data),)


def _frame(book: ModelBook, name: str, data: str) -> MarketFrame:
    stream = f"{book.listing.venue_symbol.lower()}@{name}"
    return stream, 1, f'{{"stream":"{stream}","data":{data}}}'.encode()
