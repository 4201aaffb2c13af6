"""ccxt's unified structures as frames (`wire`): trades once, a book as the difference to what was seen of it, a ticker.

ccxt's numbers are floats. The shortest decimal of at most 15 significant digits is what the venue wrote, if that had no
more, and has none of the noise of what ccxt computed with it.

Source: ccxt manual: trade structure, order book structure, ticker structure, market structure, precision mode.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from agents.venues.ccxt_any.wire import BookFrame, MarketRow, TickerFrame, TradesFrame, UnifiedTrade, encode

IDS_MAX = 10_000
"""Ids of trades that are remembered of a channel."""
DECIMAL_PLACES, TICK_SIZE = 2, 4
"""ccxt's precision modes in which the step of a price is known."""


def text_of(value: object) -> str:
    """Return a number of ccxt's as a plain decimal, "" if there is none; whatever else it is, as it is."""
    if value is None:
        return ""
    if isinstance(value, float):
        return format(Decimal(f"{value:.15g}"), "f")
    return str(value)


class NewTrades:
    """The trades of one channel, each id once."""

    def __init__(self, channel: str) -> None:
        """Begin with none seen."""
        self._channel = channel
        self._seen: dict[str, None] = {}

    def frame(self, trades: Iterable[Mapping[str, Any]]) -> bytes | None:
        """Return the frame of those that were not seen before, None if all were; one without an id always is new."""
        rows = [row for row in map(_trade_row, trades) if self._is_new(row.id)]
        return encode(TradesFrame(self._channel, rows)) if rows else None

    def _is_new(self, trade_id: str) -> bool:
        if not trade_id:
            return True
        if trade_id in self._seen:
            return False
        self._seen[trade_id] = None
        if len(self._seen) > IDS_MAX:
            del self._seen[next(iter(self._seen))]
        return True


class BookChanges:
    """One book as it was seen last; each look at it is a frame, numbered one after another."""

    def __init__(self, channel: str) -> None:
        """Begin with a book that was not seen yet."""
        self._channel = channel
        self._number = 0
        self._sides: list[dict[Any, Any]] = []

    @property
    def seen(self) -> bool:
        """Whether the book was looked at since it was begun anew."""
        return bool(self._sides)

    def begin(self) -> None:
        """Tell the book whole the next time."""
        self._sides = []

    def frame(self, book: Mapping[str, Any]) -> bytes:
        """Return the frame of a look at ccxt's book: whole, or what changed, which may be nothing."""
        sides = [{level[0]: level[1] for level in book[side]} for side in ("bids", "asks")]
        before, self._sides = self._sides, sides
        self._number += 1
        bids, asks = map(_changes, before, sides) if before else map(_levels, sides)
        return encode(BookFrame(self._channel, book.get("timestamp"), self._number, not before, bids, asks))


def ticker_frame(channel: str, ticker: Mapping[str, Any]) -> bytes:
    """Return the frame of ccxt's ticker."""
    texts = [text_of(ticker.get(key)) for key in ("bid", "bidVolume", "ask", "askVolume")]
    return encode(TickerFrame(channel, ticker.get("timestamp"), *texts))


def market_row(market: Mapping[str, Any], precision_mode: int) -> MarketRow:
    """Return what ccxt lists of a symbol; what it counts in significant digits has no step."""
    limits = market.get("limits") or {}
    amount, cost = limits.get("amount") or {}, limits.get("cost") or {}
    precision = market.get("precision") or {}
    return MarketRow(
        symbol=str(market["symbol"]),
        category=next((name for name in ("spot", "linear", "inverse") if market.get(name)), str(market.get("type"))),
        active=market.get("active") is not False,
        tick=_step(precision.get("price"), precision_mode),
        lot=_step(precision.get("amount"), precision_mode),
        contract_size=text_of(market.get("contractSize")) if market.get("contract") else "",
        min_qty=text_of(amount.get("min")),
        max_qty=text_of(amount.get("max")),
        min_notional=text_of(cost.get("min")),
        max_notional=text_of(cost.get("max")),
    )


def _trade_row(trade: Mapping[str, Any]) -> UnifiedTrade:
    return UnifiedTrade(
        id=str(trade.get("id") or ""),
        ms=trade.get("timestamp"),
        price=text_of(trade.get("price")),
        qty=text_of(trade.get("amount")),
        side=str(trade.get("side") or ""),
    )


def _levels(side: dict[Any, Any]) -> list[tuple[str, str]]:
    return [(text_of(price), text_of(qty)) for price, qty in side.items()]


def _changes(before: dict[Any, Any], now: dict[Any, Any]) -> list[tuple[str, str]]:
    gone = [(text_of(price), "0") for price in before.keys() - now.keys()]
    return gone + [(text_of(price), text_of(qty)) for price, qty in now.items() if before.get(price) != qty]


def _step(precision: object, mode: int) -> str:
    if precision is None:
        return ""
    if mode == DECIMAL_PLACES:
        return format(Decimal(1).scaleb(-int(str(precision))), "f")
    return text_of(precision) if mode == TICK_SIZE else ""
