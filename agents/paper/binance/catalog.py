"""What the venue lists: exchangeInfo of spot and USDT-M, the assets, and tickers, in Binance's shapes."""

from typing import Any

import msgspec

from agents.paper.account.new_order import NOTIONAL_MAX_E8, OPEN_ORDERS_MAX, PRICE_MAX_E8, QTY_MAX_E8
from agents.paper.binance.rate_limits import SPOT_LIMITS, USDM_LIMITS
from agents.paper.market.klines import TradedBar
from agents.paper.market.market import DepthView, Tape
from agents.paper.money import E8, Listing, format_e8

Json = dict[str, Any]
ORDER_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET"]
MULTIPLIER_UP, MULTIPLIER_DOWN = "1.0500", "0.9500"
"""How far beyond the mark the price of a future may be."""
PERPETUAL_DELIVERY_MS = 4_133_404_800_000


def exchange_info(listings: list[Listing], wall_ms: int) -> Json:
    """Return the spot exchangeInfo of `listings`."""
    return {
        "timezone": "UTC",
        "serverTime": wall_ms,
        "rateLimits": [msgspec.structs.asdict(limit) for limit in SPOT_LIMITS],
        "exchangeFilters": [],
        "symbols": [_spot_symbol(listing) for listing in listings],
    }


def futures_info(listings: list[Listing], wall_ms: int) -> Json:
    """Return the USDT-M exchangeInfo of `listings`, all perpetual."""
    return {
        "timezone": "UTC",
        "serverTime": wall_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [msgspec.structs.asdict(limit) for limit in USDM_LIMITS],
        "exchangeFilters": [],
        "assets": [
            {"asset": name, "marginAvailable": True, "autoAssetExchange": "0"}
            for name in dict.fromkeys(listing.quote for listing in listings)
        ],
        "symbols": [_futures_symbol(listing) for listing in listings],
    }


def assets(listings: list[Listing]) -> list[Json]:
    """Return every asset of `listings` as the wallet's coin list tells it: neither deposited nor withdrawn."""
    names = dict.fromkeys(name for listing in listings for name in (listing.base, listing.quote))
    flags = {"depositAllEnable": False, "withdrawAllEnable": False, "isLegalMoney": False, "trading": True}
    return [{"coin": name, "name": name, **flags, "free": "0", "locked": "0", "networkList": []} for name in names]


def book_ticker(symbol: str, view: DepthView) -> Json:
    """Return the best bid and ask of a book."""
    bid, ask = (view.bids or [("0.00000000",) * 2])[0], (view.asks or [("0.00000000",) * 2])[0]
    return {"symbol": symbol, "bidPrice": bid[0], "bidQty": bid[1], "askPrice": ask[0], "askQty": ask[1]}


def last_price(tape: Tape, view: DepthView) -> str:
    """Return the price of the last trade, before any trade the best bid."""
    if tape.trades:
        return tape.trades[-1].price
    return view.bids[0][0] if view.bids else "0.00000000"


def ticker_24hr(symbol: str, tape: Tape, view: DepthView, wall_ms: int) -> Json:
    """Return the ticker of a symbol over the time that the market has run."""
    last = last_price(tape, view)
    first = tape.first.price if tape.first else last
    opened, closed = _e8(first), _e8(last)
    average = tape.quote_volume_e8 * E8 // tape.volume_e8 if tape.volume_e8 else closed
    change_percent = f"{100 * (closed - opened) / opened:.3f}" if opened else "0.000"
    quote = book_ticker(symbol, view)
    return {
        "symbol": symbol,
        "priceChange": format_e8(closed - opened),
        "priceChangePercent": change_percent,
        "weightedAvgPrice": format_e8(average),
        "prevClosePrice": first,
        "lastPrice": last,
        "lastQty": tape.trades[-1].qty if tape.trades else "0.00000000",
        **{name: quote[name] for name in ("bidPrice", "bidQty", "askPrice", "askQty")},
        "openPrice": first,
        "highPrice": format_e8(tape.high_e8),
        "lowPrice": format_e8(tape.low_e8),
        "volume": format_e8(tape.volume_e8),
        "quoteVolume": format_e8(tape.quote_volume_e8),
        "openTime": tape.first.time_ms if tape.first else wall_ms,
        "closeTime": wall_ms,
        "firstId": tape.first.id if tape.first else -1,
        "lastId": tape.trades[-1].id if tape.trades else -1,
        "count": tape.count,
    }


def kline(bar: TradedBar, interval_ms: int) -> list[int | str]:
    """Return one row of klines."""
    return [
        bar.open_ms,
        *(format_e8(price) for price in (bar.open, bar.high, bar.low, bar.close)),
        format_e8(bar.volume),
        bar.open_ms + interval_ms - 1,
        format_e8(bar.quote_volume),
        bar.trades,
        format_e8(bar.taker_volume),
        format_e8(bar.taker_quote),
        "0",
    ]


def _spot_symbol(listing: Listing) -> Json:
    tick, lot = format_e8(listing.tick_e8), format_e8(listing.lot_e8)
    lots = {"minQty": lot, "maxQty": format_e8(QTY_MAX_E8), "stepSize": lot}
    return {
        "symbol": listing.symbol,
        "status": "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": format_e8(PRICE_MAX_E8), "tickSize": tick},
            {"filterType": "LOT_SIZE", **lots},
            {"filterType": "MARKET_LOT_SIZE", **lots},
            {
                "filterType": "NOTIONAL",
                "minNotional": format_e8(listing.min_notional_e8),
                "applyMinToMarket": True,
                "maxNotional": format_e8(NOTIONAL_MAX_E8),
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": OPEN_ORDERS_MAX},
        ],
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def _futures_symbol(listing: Listing) -> Json:
    tick, lot = format_e8(listing.tick_e8), format_e8(listing.lot_e8)
    lots = {"minQty": lot, "maxQty": format_e8(QTY_MAX_E8), "stepSize": lot}
    return {
        "symbol": listing.venue_symbol,
        "pair": listing.venue_symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": 0,
        "status": "TRADING",
        "maintMarginPercent": "0.5000",
        "requiredMarginPercent": "10.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": listing.price.decimals,
        "quantityPrecision": listing.qty.decimals,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": format_e8(PRICE_MAX_E8), "tickSize": tick},
            {"filterType": "LOT_SIZE", **lots},
            {"filterType": "MARKET_LOT_SIZE", **lots},
            {"filterType": "MAX_NUM_ORDERS", "limit": OPEN_ORDERS_MAX},
            {"filterType": "MIN_NOTIONAL", "notional": format_e8(listing.min_notional_e8)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": MULTIPLIER_UP,
                "multiplierDown": MULTIPLIER_DOWN,
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "settlePlan": 0,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.000000",
        "marketTakeBound": "0.05",
    }


def _e8(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole) * E8 + int(fraction.ljust(8, "0")[:8])
