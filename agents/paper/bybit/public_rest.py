"""Bybit's public REST endpoints: time, instruments, books, bars, trades and tickers.

(Bybit API v5 documentation, market.) Lists of bars and trades are newest first.
"""

from collections.abc import Callable, Mapping
from typing import Any

from agents.paper.account.new_order import NOTIONAL_MAX_E8, PRICE_MAX_E8, QTY_MAX_E8
from agents.paper.bybit.answers import BybitRefusal, Json, envelope, wrong
from agents.paper.bybit.market_writer import FUNDING_HOURS, FUNDING_RATE, trade_name
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.market.klines import TradedBar
from agents.paper.market.market import PublicTrade
from agents.paper.money import Listing, format_e8, trimmed
from schemas.units import DAY, HOUR, MINUTE, MS, SECOND

BOOK_MAX = {"spot": 200, "linear": 500}
TRADES_MAX = {"spot": 60, "linear": 1000}
KLINES_MAX = 1000
INTERVALS_MS = {
    **{str(count): count * MINUTE // MS for count in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)},
    "D": DAY // MS,
}
"""The bars that are made; those of weeks and months are not."""
Handler = Callable[[Call], Any]


class BybitPublicRest:
    """Handlers of the public endpoints, by path."""

    def __init__(self, floor: Floor) -> None:
        """Answer for the market of `floor`."""
        self._floor = floor
        self.routes: dict[str, Handler] = {
            "/v5/market/time": self._time,
            "/v5/market/instruments-info": self._instruments,
            "/v5/market/orderbook": self._orderbook,
            "/v5/market/kline": self._klines,
            "/v5/market/recent-trade": self._trades,
            "/v5/market/tickers": self._tickers,
            "/v5/market/funding/history": self._funding,
        }

    def answer(self, call: Call) -> Json:
        """Return the whole answer; raises BybitRefusal for what is wrong with the call."""
        return envelope(self.routes[call.path](call), call.wall_ms)

    def _time(self, call: Call) -> Any:
        """Return the venue's time; beside it that of a recording, which its frames have."""
        market_ms = self._floor.market.clock_ns(call.wall_ns) // MS
        told: Json = {"timeSecond": str(call.wall_ns // SECOND), "timeNano": str(call.wall_ns)}
        return told | ({"marketTime": market_ms} if market_ms != call.wall_ms else {})

    def _instruments(self, call: Call) -> Any:
        category, asked = category_of(call.params), call.params.get("symbol", "")
        listed = [each for each in self._floor.listings.values() if each.category == category]
        if asked:
            listed = [each for each in listed if each.venue_symbol == asked]
            if not listed:
                raise wrong("Symbol Is Invalid")
        entry = _spot if category == "spot" else _linear
        rows = [entry(each, number) for number, each in enumerate(listed, 1)]
        return (
            {"category": category, "list": rows, "nextPageCursor": ""}
            if category != "spot"
            else {
                "category": category,
                "list": rows,
            }
        )

    def _orderbook(self, call: Call) -> Any:
        category, symbol, name = self._symbol(call)
        default = 1 if category == "spot" else 25
        view = self._floor.market.depth(name, _limit(call, default, BOOK_MAX[category]))
        return {
            "s": symbol,
            "b": view.bids,
            "a": view.asks,
            "ts": view.event_ms or call.wall_ms,
            "u": view.last_update_id,
            "seq": view.seq or view.last_update_id,
            "cts": view.transact_ms or call.wall_ms,
        }

    def _klines(self, call: Call) -> Any:
        category, symbol, name = self._symbol(call)
        interval_ms = INTERVALS_MS.get(call.params.get("interval", ""))
        if interval_ms is None:
            raise wrong("Invalid period!")
        now_ms = self._floor.market.clock_ns(call.wall_ns) // MS
        bars = self._floor.market.tapes[name].klines.bars(
            interval_ms, now_ms, _number(call, "start"), _number(call, "end"), _limit(call, 200, KLINES_MAX)
        )
        return {"category": category, "symbol": symbol, "list": [_bar(each) for each in reversed(bars)]}

    def _trades(self, call: Call) -> Any:
        category, symbol, name = self._symbol(call)
        trades = list(self._floor.market.tapes[name].trades)[-_limit(call, 60 if category == "spot" else 500, 1000) :]
        listing = self._floor.listings.get(name)
        rows = [_trade(each, symbol, listing) for each in reversed(trades[-TRADES_MAX[category] :])]
        return {"category": category, "list": rows}

    def _tickers(self, call: Call) -> Any:
        category, asked = category_of(call.params), call.params.get("symbol", "")
        if asked:
            return {"category": category, "list": [self._ticker(category, *self._symbol(call)[1:])]}
        listed = [each for each in self._floor.listings.values() if each.category == category]
        rows = [self._ticker(category, each.venue_symbol, each.symbol) for each in listed]
        return {"category": category, "list": rows}

    def _funding(self, call: Call) -> Any:
        category, symbol, _ = self._symbol(call)
        if category != "linear":
            raise wrong("Category is invalid")
        length_ms = FUNDING_HOURS * HOUR // MS
        last_ms = call.wall_ms // length_ms * length_ms
        times = [last_ms - number * length_ms for number in range(_limit(call, 200, 200))]
        since, until = _number(call, "startTime") or 0, _number(call, "endTime") or call.wall_ms
        rows = [{"symbol": symbol, "fundingRate": FUNDING_RATE, "fundingRateTimestamp": str(each)} for each in times]
        return {
            "category": category,
            "list": [row for row in rows if since <= int(row["fundingRateTimestamp"]) <= until],
        }

    def _ticker(self, category: str, symbol: str, name: str) -> Json:
        view, tape = self._floor.market.depth(name, 1), self._floor.market.tapes[name]
        bid, ask = (view.bids or [("", "")])[0], (view.asks or [("", "")])[0]
        last = tape.trades[-1].price if tape.trades else bid[0]
        first = tape.first.price if tape.first else last
        data = {
            "symbol": symbol,
            "bid1Price": bid[0],
            "bid1Size": bid[1],
            "ask1Price": ask[0],
            "ask1Size": ask[1],
            "lastPrice": last,
            "prevPrice24h": first,
            "price24hPcnt": f"{float(last) / float(first) - 1:.6f}" if first and float(first) else "0",
            "highPrice24h": trimmed(format_e8(tape.high_e8)),
            "lowPrice24h": trimmed(format_e8(tape.low_e8)),
            "turnover24h": trimmed(format_e8(tape.quote_volume_e8)),
            "volume24h": trimmed(format_e8(tape.volume_e8)),
        }
        if category == "spot":
            return data | {"usdIndexPrice": last}
        return data | {"markPrice": last, "indexPrice": last, "fundingRate": FUNDING_RATE, "openInterest": "0"}

    def _symbol(self, call: Call) -> tuple[str, str, str]:
        """Return the category, the venue's and our name of the instrument that a call names."""
        category, symbol = category_of(call.params), call.params.get("symbol", "")
        listing = self._floor.listing_of(category, symbol)
        name = listing.symbol if listing is not None else f"{category}/{symbol}"
        if not symbol or name not in self._floor.market.symbols:
            raise wrong("Symbol Invalid")
        return category, symbol, name


def category_of(params: Mapping[str, str]) -> str:
    """Return the category that a request names; raises BybitRefusal if it is none that is traded here."""
    category = params.get("category", "")
    if category not in BOOK_MAX:
        raise wrong("Illegal category")
    return category


def _number(call: Call, name: str) -> int | None:
    text = call.params.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise wrong(name)
    return int(text) if text else None


def _limit(call: Call, default: int, most: int) -> int:
    limit = _number(call, "limit")
    if limit == 0:
        raise BybitRefusal(10001, "params error: limit")
    return min(default if limit is None else limit, most)


def _bar(bar: TradedBar) -> list[str]:
    prices = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume)
    return [str(bar.open_ms), *(trimmed(format_e8(value)) for value in prices)]


def _trade(trade: PublicTrade, symbol: str, listing: Listing | None) -> Json:
    name = trade.name or (trade_name(listing, trade.id) if listing is not None else str(trade.id))
    return {
        "execId": name,
        "symbol": symbol,
        "price": trade.price,
        "size": trade.qty,
        "side": "Sell" if trade.buyer_maker else "Buy",
        "time": str(trade.time_ms),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(trade.id),
    }


def _spot(listing: Listing, number: int) -> Json:
    lot, most = trimmed(format_e8(listing.lot_e8)), trimmed(format_e8(QTY_MAX_E8))
    return {
        "symbolId": number,
        "symbol": listing.venue_symbol,
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": lot,
            "quotePrecision": "0.00000001",
            "minOrderQty": lot,
            "maxOrderQty": most,
            "minOrderAmt": trimmed(format_e8(listing.min_notional_e8)),
            "maxOrderAmt": trimmed(format_e8(NOTIONAL_MAX_E8)),
            "maxLimitOrderQty": most,
            "maxMarketOrderQty": most,
            "postOnlyMaxLimitOrderSize": most,
        },
        "priceFilter": {"tickSize": trimmed(format_e8(listing.tick_e8))},
        "riskParameters": {"priceLimitRatioX": "0.5", "priceLimitRatioY": "0.5"},
        "symbolType": "",
        "xstockMultiplier": "1",
    }


def _linear(listing: Listing, number: int) -> Json:
    lot, most, tick = (trimmed(format_e8(value)) for value in (listing.lot_e8, QTY_MAX_E8, listing.tick_e8))
    return {
        "symbol": listing.venue_symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "launchTime": "1584230400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(listing.price.decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": trimmed(format_e8(PRICE_MAX_E8)), "tickSize": tick},
        "lotSizeFilter": {
            "maxOrderQty": most,
            "minOrderQty": lot,
            "qtyStep": lot,
            "postOnlyMaxOrderQty": most,
            "maxMktOrderQty": most,
            "minNotionalValue": trimmed(format_e8(listing.min_notional_e8)),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": FUNDING_HOURS * 60,
        "settleCoin": listing.quote,
        "copyTrading": "none",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": "0.5", "priceLimitRatioY": "0.5"},
        "displayName": "",
        "symbolType": "",
        "forbidUplWithdrawal": False,
        "symbolId": number,
    }
