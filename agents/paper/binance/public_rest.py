"""The public REST endpoints: time, exchangeInfo, depth, trades and tickers, of spot and of futures.

A futures market answers the paths of spot too. The few endpoints beyond `/api` and `/fapi` are what an unmodified ccxt asks
when it loads markets.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.paper.binance import catalog
from agents.paper.binance.entry import parse_number
from agents.paper.binance.refusals import Refusal, illegal, invalid_symbol, mandatory
from agents.paper.call import Call
from agents.paper.market.market import DepthView, PublicTrade, VenueMarket
from agents.paper.money import E8, Listing, format_e8, parse_e8
from schemas.units import MS

DEPTH_MAX = 5_000
ROWS_MAX = 1_000
FUTURES_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_INTERVALS = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d")
INTERVALS_MS = {name: int(name[:-1]) * _UNITS_MS[name[-1]] for name in _INTERVALS}
"""The bars that are made; those of weeks and months are not."""
_SYMBOLS = r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$'
Handler = Callable[[Call], Any]
Weight = Callable[[Mapping[str, str]], int]


def depth_weight(params: Mapping[str, str]) -> int:
    """Return the weight of a depth request by its limit."""
    text = params.get("limit", "100")
    limit = int(text) if text.isdigit() else 100
    return next((weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if limit <= most), 250)


class PublicRest:
    """Handlers of the public endpoints, by method and path."""

    def __init__(self, listings: Mapping[str, Listing], market: VenueMarket, *, futures: bool) -> None:
        """Answer for `market`, and list `listings`, with `futures` as perpetuals too."""
        self._listings = list(listings.values())
        self._names = {listing.venue_symbol: symbol for symbol, listing in listings.items()}
        self._market = market
        self._futures = futures
        self.routes: dict[tuple[str, str], tuple[Handler, Weight]] = {
            ("GET", f"{prefix}/{name}"): (handler, weight)
            for prefix in ("/api/v3", "/fapi/v1")
            for name, handler, weight in self._table()
        }
        self.routes |= {
            ("GET", "/api/v3/exchangeInfo"): (self._exchange_info, lambda _: 20),
            ("GET", "/fapi/v1/exchangeInfo"): (self._futures_info, lambda _: 1),
            ("GET", "/fapi/v1/depth"): (self._futures_depth, depth_weight),
            ("GET", "/dapi/v1/depth"): (self._futures_depth, depth_weight),
            ("GET", "/dapi/v1/time"): (self._time, lambda _: 1),
            ("GET", "/dapi/v1/exchangeInfo"): (lambda call: {"serverTime": call.wall_ms, "symbols": []}, lambda _: 1),
            ("GET", "/eapi/v1/exchangeInfo"): (
                lambda call: {"serverTime": call.wall_ms, "optionSymbols": []},
                lambda _: 1,
            ),
        }

    def _table(self) -> list[tuple[str, Handler, Weight]]:
        return [
            ("ping", lambda _: {}, lambda _: 1),
            ("time", self._time, lambda _: 1),
            ("depth", self._depth, depth_weight),
            ("trades", self._trades, lambda _: 25),
            ("historicalTrades", self._historical_trades, lambda _: 25),
            ("klines", self._klines, lambda _: 2),
            ("aggTrades", self._agg_trades, lambda _: 4),
            ("ticker/bookTicker", self._book_ticker, lambda _: 2),
            ("ticker/price", self._price, lambda _: 2),
            ("ticker/24hr", self._ticker, lambda _: 2),
        ]

    def _time(self, call: Call) -> Any:
        """Return the venue's time, by which requests are signed; beside it that of a recording, which its frames have."""
        market_ms = self._market.clock_ns(call.wall_ns) // MS
        return {"serverTime": call.wall_ms} | ({"marketTime": market_ms} if market_ms != call.wall_ms else {})

    def _exchange_info(self, call: Call) -> Any:
        symbols = named_symbols(call.params, [listing.symbol for listing in self._listings])
        return catalog.exchange_info([each for each in self._listings if each.symbol in symbols], call.wall_ms)

    def _futures_info(self, call: Call) -> Any:
        return catalog.futures_info(self._listings if self._futures else [], call.wall_ms)

    def _depth(self, call: Call) -> Any:
        view = self._view(call)
        return {"lastUpdateId": view.last_update_id, "bids": view.bids, "asks": view.asks}

    def _futures_depth(self, call: Call) -> Any:
        limit = parse_number(call.params, "limit")
        if limit is not None and limit not in FUTURES_DEPTHS:
            raise Refusal(-4021, f"Invalid depth limit: {limit}; valid are {', '.join(map(str, FUTURES_DEPTHS))}.")
        view = self._view(call)
        times = {"E": view.event_ms or call.wall_ms, "T": view.transact_ms or call.wall_ms}
        return {"lastUpdateId": view.last_update_id, **times, "bids": view.bids, "asks": view.asks}

    def _view(self, call: Call) -> DepthView:
        symbol = self._symbol(call)
        return self._market.depth(symbol, _limit(call, 100, DEPTH_MAX))

    def _trades(self, call: Call) -> Any:
        tape = self._market.tapes[self._symbol(call)]
        return _trade_rows(list(tape.trades)[-_limit(call, 500, ROWS_MAX) :])

    def _historical_trades(self, call: Call) -> Any:
        tape, from_id = self._market.tapes[self._symbol(call)], parse_number(call.params, "fromId")
        limit = _limit(call, 500, ROWS_MAX)
        if from_id is None:
            return _trade_rows(list(tape.trades)[-limit:])
        return _trade_rows([trade for trade in tape.trades if trade.id >= from_id][:limit])

    def _klines(self, call: Call) -> Any:
        tape = self._market.tapes[self._symbol(call)]
        name = call.params.get("interval")
        if not name:
            raise mandatory("interval")
        if name not in INTERVALS_MS:
            raise Refusal(-1120, "Invalid interval.")
        since, until = parse_number(call.params, "startTime"), parse_number(call.params, "endTime")
        now_ms = self._market.clock_ns(call.wall_ns) // MS
        bars = tape.klines.bars(INTERVALS_MS[name], now_ms, since, until, _limit(call, 500, ROWS_MAX))
        return [catalog.kline(bar, INTERVALS_MS[name]) for bar in bars]

    def _agg_trades(self, call: Call) -> Any:
        tape = self._market.tapes[self._symbol(call)]
        since, until = parse_number(call.params, "startTime") or 0, parse_number(call.params, "endTime") or 1 << 62
        from_id = parse_number(call.params, "fromId") or 0
        rows = [trade for trade in tape.trades if since <= trade.time_ms <= until and trade.id >= from_id]
        limit = _limit(call, 500, ROWS_MAX)
        return [
            {
                "a": trade.id,
                "p": trade.price,
                "q": trade.qty,
                "f": trade.first_id,
                "l": trade.last_id,
                "T": trade.time_ms,
                "m": trade.buyer_maker,
                "M": True,
            }
            for trade in (rows[:limit] if since or from_id else rows[-limit:])
        ]

    def _book_ticker(self, call: Call) -> Any:
        return self._each(call, lambda symbol: catalog.book_ticker(symbol, self._market.depth(symbol, 1)))

    def _price(self, call: Call) -> Any:
        def price(symbol: str) -> Any:
            return {
                "symbol": symbol,
                "price": catalog.last_price(self._market.tapes[symbol], self._market.depth(symbol, 1)),
            }

        return self._each(call, price)

    def _ticker(self, call: Call) -> Any:
        def ticker(symbol: str) -> Any:
            return catalog.ticker_24hr(symbol, self._market.tapes[symbol], self._market.depth(symbol, 1), call.wall_ms)

        return self._each(call, ticker)

    def _each(self, call: Call, of: Callable[[str], Any]) -> Any:
        """Answer for the symbol that is named, or with a list of those that are, or of all."""
        symbols = named_symbols(call.params, self._market.symbols)
        return of(symbols[0]) if call.params.get("symbol") else [of(symbol) for symbol in symbols]

    def _symbol(self, call: Call) -> str:
        symbol = call.params.get("symbol")
        if not symbol:
            raise mandatory("symbol")
        symbol = self._names.get(symbol, symbol)
        if symbol not in self._market.symbols:
            raise invalid_symbol()
        return symbol


def named_symbols(params: Mapping[str, str], known: Sequence[str]) -> list[str]:
    """Return those of `known` that `symbol` or `symbols` (a JSON list) name, each once and as asked; without them all.

    (binance-spot-api-docs, rest-api.md, "Exchange information"; errors.md.)

    Raises:
        Refusal: -1121 if one is not known, -1128 if both are sent, -1100 if `symbols` is not a list of symbols.
    """
    one, several = params.get("symbol"), params.get("symbols")
    if one and several:
        raise Refusal(-1128, "Combination of optional parameters invalid.")
    if several:
        if re.fullmatch(_SYMBOLS, several) is None:
            raise illegal("symbols", _SYMBOLS)
        names = re.findall(r"[A-Z0-9-_.]+", several)
    else:
        names = [one] if one else list(known)
    if not set(names) <= set(known):
        raise invalid_symbol()
    return list(dict.fromkeys(names))


def _limit(call: Call, default: int, most: int) -> int:
    limit = parse_number(call.params, "limit")
    if limit is None:
        return default
    if limit < 1:
        raise Refusal(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(limit, most)


def _trade_rows(trades: Sequence[PublicTrade]) -> list[dict[str, Any]]:
    return [
        {
            "id": trade.id,
            "price": trade.price,
            "qty": trade.qty,
            "quoteQty": _product(trade.price, trade.qty),
            "time": trade.time_ms,
            "isBuyerMaker": trade.buyer_maker,
            "isBestMatch": True,
        }
        for trade in trades
    ]


def _product(price: str, qty: str) -> str:
    return format_e8(parse_e8(price) * parse_e8(qty) // E8)
