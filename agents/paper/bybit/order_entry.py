"""An order as Bybit is asked for it, or for a change of it: fields, terms, names, and which order is meant.

(Bybit API v5 documentation, place order, amend order.) Of the order types Limit and Market are carried out, of the times
in force GTC, IOC, FOK and PostOnly. Contracts are held in one-way mode. Prices and quantities are text; booleans either.
"""

import re
from collections.abc import Mapping
from typing import Any

from agents.paper.account.new_order import NewOrder, check_notional, whole_lots, whole_ticks
from agents.paper.bybit.answers import BybitRefusal, wrong
from agents.paper.bybit.market_writer import LINEAR, trade_name
from agents.paper.dialect import Floor
from agents.paper.money import Listing, parse_e8
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused, Why
from schemas.errors import DecimalError
from schemas.orders import Side

Fields = Mapping[str, Any]
SPOT_ID_BASE = 2_000_000_000_000_000_000
"""Ids of spot orders are of nineteen digits."""
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
TERMS = {"GTC": ("LIMIT", "GTC"), "IOC": ("LIMIT", "IOC"), "FOK": ("LIMIT", "FOK"), "PostOnly": ("LIMIT_MAKER", "GTC")}
_LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}")


def text(fields: Fields, name: str) -> str:
    """Return a field as text, "" if it is not there."""
    value = fields.get(name)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def order_name(order: VenueOrder) -> str:
    """Return what an order is called: on spot a number, on linear a UUID that holds its number."""
    if order.listing.category == LINEAR:
        return trade_name(order.listing, order.order_id)
    return str(SPOT_ID_BASE + order.order_id)


def find_listing(floor: Floor, fields: Fields) -> Listing:
    """Return the instrument that `category` and `symbol` name; raises BybitRefusal for none."""
    category, symbol = text(fields, "category"), text(fields, "symbol")
    if category not in ("spot", LINEAR):
        raise wrong("category invalid")
    listing = floor.listing_of(category, symbol)
    if listing is None:
        raise BybitRefusal(170121, "Invalid symbol.") if category == "spot" else wrong("symbol invalid")
    return listing


def find_order(floor: Floor, listing: Listing, fields: Fields, wall_ns: int) -> VenueOrder:
    """Return the order that `orderId`, else `orderLinkId`, names; raises Refused for none, BybitRefusal without either."""
    name, link = text(fields, "orderId"), text(fields, "orderLinkId")
    if not name and not link:
        raise wrong("orderId or orderLinkId is required")
    number = number_of(listing, name) if name else None
    return floor.trading.find(listing.symbol, number, link, wall_ns)


def number_of(listing: Listing, name: str) -> int:
    """Return the number that an order's name holds; raises Refused if it can be none's."""
    if listing.category == LINEAR and _UUID.fullmatch(name):
        return int(name.replace("-", "")[17:], 16)
    if listing.category != LINEAR and name.isascii() and name.isdigit() and len(name) == 19:
        return int(name) - SPOT_ID_BASE
    raise Refused(Why.NO_SUCH_ORDER)


def parse_new_order(listing: Listing, fields: Fields) -> NewOrder:
    """Return the order that `fields` ask for; raises BybitRefusal or Refused for the first thing that is wrong."""
    side = SIDES.get(text(fields, "side"))
    if side is None:
        raise wrong("side invalid")
    kind = text(fields, "orderType")
    if kind not in ("Limit", "Market"):
        raise wrong("orderType invalid")
    link = text(fields, "orderLinkId")
    if link and _LINK_ID.fullmatch(link) is None:
        raise wrong("OrderLinkId invalid")
    if text(fields, "positionIdx") not in ("", "0"):
        raise BybitRefusal(10001, "position idx not match position mode")
    reduce_only = text(fields, "reduceOnly") == "true" and listing.margined
    if kind == "Market":
        qty_lots, quote_e8 = _market_quantity(listing, fields, side)
        return NewOrder(listing, side, "MARKET", "GTC", 0, qty_lots, quote_e8, link, reduce_only)
    terms = TERMS.get(text(fields, "timeInForce") or "GTC")
    if terms is None:
        raise wrong("timeInForce invalid")
    price_ticks = whole_ticks(listing, _decimal(fields, "price"))
    qty_lots = whole_lots(listing, _decimal(fields, "qty"))
    if not reduce_only:
        check_notional(listing, price_ticks, qty_lots)
    return NewOrder(listing, side, *terms, price_ticks, qty_lots, 0, link, reduce_only)


def parse_amendment(order: VenueOrder, fields: Fields) -> tuple[int, int]:
    """Return the price and the whole quantity that an order is to have; raises BybitRefusal or Refused."""
    listing = order.listing
    if not text(fields, "price") and not text(fields, "qty"):
        raise wrong("price or qty is required")
    price_ticks = whole_ticks(listing, _decimal(fields, "price")) if text(fields, "price") else order.price_ticks
    qty_lots = whole_lots(listing, _decimal(fields, "qty")) if text(fields, "qty") else order.qty_lots
    if (price_ticks, qty_lots) == (order.price_ticks, order.qty_lots):
        raise BybitRefusal(10001, "The order remains unchanged as the parameters entered match the existing ones.")
    return price_ticks, qty_lots


def _market_quantity(listing: Listing, fields: Fields, side: Side) -> tuple[int, int]:
    """Return lots, or what to spend: a purchase on spot counts quote unless it says otherwise."""
    in_quote = text(fields, "marketUnit") or ("quoteCoin" if side == Side.BUY else "baseCoin")
    if listing.category == LINEAR or in_quote == "baseCoin":
        return whole_lots(listing, _decimal(fields, "qty")), 0
    quote_e8 = _decimal(fields, "qty")
    if quote_e8 < max(1, listing.min_notional_e8):
        raise Refused(Why.NOTIONAL)
    return 0, quote_e8


def _decimal(fields: Fields, name: str) -> int:
    if not text(fields, name):
        raise wrong(f"{name} is required")
    try:
        return parse_e8(text(fields, name))
    except DecimalError as error:
        raise wrong(f"{name} invalid") from error
