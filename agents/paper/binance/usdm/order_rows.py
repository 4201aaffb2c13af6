"""What USDT-M says of orders and executions: rows of REST and events of the stream.

(Derivatives documentation, USDT-M, of 2026: answers to requests that change orders have neither `avgPrice` nor `cumQuote`
any more; queries have both.) Prices and quantities are in the decimals of their units, times are milliseconds.
"""

from typing import Any

from agents.paper.account.told import OrderTold
from agents.paper.account.trading import LIQUIDATION, REDUCED
from agents.paper.money import E8, Listing, format_e8, trimmed
from agents.paper.orders import Fill, VenueOrder
from schemas.orders import Side
from schemas.units import MS

Json = dict[str, Any]
CHANGES = {"AMENDED": "AMENDMENT"}
"""The venue's words for changes that it does not call as the core does."""


def amount(value_e8: int) -> str:
    """Return money without zeros that say nothing."""
    return trimmed(format_e8(value_e8))


def status_of(order: VenueOrder) -> str:
    """Return the venue's word for the state of an order: one that the venue itself ended has expired."""
    return "EXPIRED" if order.cause in (REDUCED, LIQUIDATION) else order.status


def client_id(order: VenueOrder) -> str:
    """Return the id that the client gave an order, or the venue where it made the order itself."""
    return f"autoclose-{order.created_ns // MS}{order.order_id}" if order.origin else order.client_order_id


def type_of(order: VenueOrder) -> str:
    """Return what kind of order it is; one that may only make is told by its time in force."""
    return "MARKET" if order.type == "MARKET" and not order.origin else "LIMIT"


def time_in_force(order: VenueOrder) -> str:
    """Return how long it rests, or that it may only make."""
    return "GTX" if order.type == "LIMIT_MAKER" else order.time_in_force


def taken(order: VenueOrder) -> Json:
    """Return the answer to a new order that is only acknowledged: it is as if nothing had become of it yet."""
    zero = order.listing.qty.format(0)
    return _changed(order, "NEW", zero, order.created_ns)


def result(order: VenueOrder) -> Json:
    """Return the answer to a request that changed an order, as the order is now."""
    return _changed(order, status_of(order), order.listing.qty.format(order.cum_qty_lots), order.updated_ns)


def amended(order: VenueOrder, modify_id: str) -> Json:
    """Return the answer to an amendment, with the client's number of it if it named one."""
    head: Json = {"orderId": 0, "symbol": "", "pair": order.listing.venue_symbol, "status": "", "clientOrderId": ""}
    return head | ({"modifyId": int(modify_id)} if modify_id else {}) | result(order)


def status(order: VenueOrder) -> Json:
    """Return the answer to a query for an order."""
    listing = order.listing
    return {
        **_head(order, status_of(order)),
        "avgPrice": average(order) if order.cum_qty_lots else listing.price.format(0),
        "origQty": listing.qty.format(order.qty_lots),
        "executedQty": listing.qty.format(order.cum_qty_lots),
        "cumQuote": amount(order.cum_quote_e8),
        **_terms(order),
        "time": order.created_ns // MS,
        "updateTime": order.updated_ns // MS,
    }


def trade(order: VenueOrder, fill: Fill) -> Json:
    """Return one row of the account's trade list."""
    listing = order.listing
    return {
        "buyer": order.side == Side.BUY,
        "commission": format_e8(fill.commission_e8),
        "commissionAsset": fill.commission_asset,
        "id": fill.trade_id,
        "maker": fill.maker,
        "orderId": order.order_id,
        "price": listing.price.format(fill.price_ticks),
        "qty": listing.qty.format(fill.qty_lots),
        "quoteQty": amount(fill.quote_e8),
        "baseQty": "0",
        "marginAsset": listing.quote,
        "realizedPnl": format_e8(fill.pnl_e8),
        "side": order.side.name,
        "positionSide": "BOTH",
        "symbol": listing.venue_symbol,
        "pair": listing.venue_symbol,
        "time": fill.ts_ns // MS,
    }


def order_trade_update(event: OrderTold, modify_id: str = "") -> Json:
    """Return the event of one change of an order."""
    order, fill, now_ms = event.order, event.fill, event.wall_ns // MS
    listing = order.listing
    status_now = status_of(order)
    row: Json = {
        "s": listing.venue_symbol,
        "c": client_id(order),
        "S": order.side.name,
        "o": type_of(order),
        "f": time_in_force(order),
        "q": listing.qty.format(order.qty_lots),
        "p": listing.price.format(order.price_ticks),
        "ap": average(order) if order.cum_qty_lots else "0",
        "sp": "0",
        "x": _change(event, status_now),
        "X": status_now,
        "i": order.order_id,
        **({"M": modify_id} if modify_id else {}),
        "l": listing.qty.format(fill.qty_lots) if fill else "0",
        "z": listing.qty.format(order.cum_qty_lots),
        "L": listing.price.format(fill.price_ticks) if fill else "0",
        "N": listing.quote,
        "n": format_e8(fill.commission_e8) if fill else "0",
        "T": now_ms,
        "t": fill.trade_id if fill else 0,
        "b": "0",
        "a": "0",
        "m": fill.maker if fill else False,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": type_of(order),
        "ps": "BOTH",
        "cp": False,
        "pP": False,
        "si": 0,
        "ss": 0,
        "rp": amount(fill.pnl_e8) if fill else "0",
        "V": "NONE",
        "pm": "NONE",
        "gtd": 0,
        "er": "0",
    }
    return {"e": "ORDER_TRADE_UPDATE", "T": now_ms, "E": now_ms, "o": row}


def _change(event: OrderTold, status_now: str) -> str:
    """Return the venue's word for a change: those of orders that it made itself have one of their own."""
    if event.order.origin:
        return "CALCULATED"
    return status_now if event.change == "CANCELED" else CHANGES.get(event.change, event.change)


def trade_lite(event: OrderTold, fill: Fill) -> Json:
    """Return the short event of an execution, which comes before the others."""
    order, now_ms = event.order, event.wall_ns // MS
    listing = order.listing
    return {
        "e": "TRADE_LITE",
        "E": now_ms,
        "T": now_ms,
        "s": listing.venue_symbol,
        "c": client_id(order),
        "S": order.side.name,
        "q": listing.qty.format(order.qty_lots),
        "p": listing.price.format(order.price_ticks),
        "i": order.order_id,
        "l": listing.qty.format(fill.qty_lots),
        "L": listing.price.format(fill.price_ticks),
        "t": fill.trade_id,
        "m": fill.maker,
    }


def average(order: VenueOrder) -> str:
    """Return the average price of the fills of an order that has any."""
    return _decimals(order.listing, order.cum_quote_e8 * E8 // order.listing.qty_e8(order.cum_qty_lots))


def _decimals(listing: Listing, price_e8: int) -> str:
    """Return a price with at least the decimals of its unit."""
    whole, _, fraction = amount(price_e8).partition(".")
    fraction = fraction.ljust(listing.price.decimals, "0")
    return f"{whole}.{fraction}" if fraction else whole


def _changed(order: VenueOrder, status_text: str, executed: str, updated_ns: int) -> Json:
    return {
        **_head(order, status_text),
        "origQty": order.listing.qty.format(order.qty_lots),
        "executedQty": executed,
        "cumQty": executed,
        **_terms(order),
        "updateTime": updated_ns // MS,
    }


def _head(order: VenueOrder, status_text: str) -> Json:
    return {
        "orderId": order.order_id,
        "symbol": order.listing.venue_symbol,
        "status": status_text,
        "clientOrderId": client_id(order),
        "price": order.listing.price.format(order.price_ticks),
    }


def _terms(order: VenueOrder) -> Json:
    return {
        "timeInForce": time_in_force(order),
        "type": type_of(order),
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.name,
        "positionSide": "BOTH",
        "stopPrice": order.listing.price.format(0),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": type_of(order),
        "priceMatch": "NONE",
        "selfTradePreventionMode": "NONE",
        "goodTillDate": 0,
    }
