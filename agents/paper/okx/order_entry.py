"""An order as OKX is asked for it, or for a change of it: fields, terms and sizes, and what is said of one that is wrong.

(OKX v5 documentation, place order, amend order, error codes.) Of the order types limit, market, post_only, ioc, fok and
optimal_limit_ioc are carried out. The account trades coins with cash and swaps on cross margin, in net positions. A price
between two ticks is refused as a parameter (51000); the documentation does not say what becomes of one.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from agents.paper.account.new_order import NewOrder, whole_lots, whole_ticks
from agents.paper.account.trading import Trading
from agents.paper.dialect import Floor
from agents.paper.money import Listing, parse_e8
from agents.paper.okx.answers import OkxRefusal, missing
from agents.paper.okx.instrument_names import category_of
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused, Why
from schemas.errors import DecimalError
from schemas.orders import Side

_CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_TAG = re.compile(r"[A-Za-z0-9]{0,16}")
ORDER_ID_BASE = 2_000_000_000_000_000_000
"""Ids of orders are of nineteen digits."""
TERMS = {
    "limit": ("LIMIT", "GTC"),
    "post_only": ("LIMIT_MAKER", "GTC"),
    "ioc": ("LIMIT", "IOC"),
    "fok": ("LIMIT", "FOK"),
    "market": ("MARKET", "GTC"),
    "optimal_limit_ioc": ("MARKET", "GTC"),
}
Fields = Mapping[str, Any]


class OkxAmendment(msgspec.Struct):
    """A checked amendment: the price and the whole quantity that the order is to have."""

    price_ticks: int
    qty_lots: int


def error(name: str) -> OkxRefusal:
    """Return the refusal of an order's parameter."""
    return OkxRefusal(51000, f"Parameter {name} error")


def text(fields: Fields, name: str) -> str:
    """Return a field as text, "" if it is not there."""
    value = fields.get(name)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def find_listing(floor: Floor, symbol: str) -> Listing:
    """Return the instrument of that name; raises OkxRefusal for none."""
    if not symbol:
        raise missing("instId")
    listing = floor.listing_of(category_of(symbol), symbol)
    if listing is None:
        raise OkxRefusal(51001, "Instrument ID, Instrument ID code or Spread ID doesn't exist.")
    return listing


def find_order(trading: Trading, listing: Listing, fields: Fields, wall_ns: int) -> VenueOrder:
    """Return the order that `ordId`, else `clOrdId`, names; raises Refused for none, OkxRefusal without either."""
    number, name = text(fields, "ordId"), text(fields, "clOrdId")
    if not number and not name:
        raise OkxRefusal(51003, "Either client order ID or order ID is required.")
    if number and not (number.isascii() and number.isdigit() and len(number) < 20):
        raise Refused(Why.NO_SUCH_ORDER)
    return trading.find(listing.symbol, int(number) - ORDER_ID_BASE if number else None, name, wall_ns)


def parse_new_order(listing: Listing, fields: Fields) -> NewOrder:
    """Return the order that `fields` ask for; raises OkxRefusal or Refused for the first thing that is wrong with them."""
    for name in ("tdMode", "side", "ordType", "sz"):
        if not text(fields, name):
            raise missing(name)
    if text(fields, "tdMode") != ("cross" if listing.margined else "cash"):
        raise error("tdMode")
    if text(fields, "side") not in ("buy", "sell"):
        raise error("side")
    if text(fields, "posSide") not in ("", "net"):
        raise error("posSide")
    side = Side[text(fields, "side").upper()]
    if text(fields, "ordType") not in TERMS:
        raise error("ordType")
    kind, time_in_force = TERMS[text(fields, "ordType")]
    client_order_id, tag = text(fields, "clOrdId"), text(fields, "tag")
    if client_order_id and _CLIENT_ID.fullmatch(client_order_id) is None:
        raise error("clOrdId")
    if _TAG.fullmatch(tag) is None:
        raise error("tag")
    reduce_only = text(fields, "reduceOnly") == "true"
    if reduce_only and not listing.margined:
        raise OkxRefusal(51205, "Reduce Only is not available.")
    price_ticks = 0 if kind == "MARKET" else _price(listing, fields, "px")
    in_quote = text(fields, "tgtCcy") or ("quote_ccy" if side == Side.BUY else "base_ccy")
    if kind == "MARKET" and not listing.margined and in_quote == "quote_ccy":
        qty_lots, quote_e8 = 0, _decimal(fields, "sz")
        if quote_e8 < max(1, listing.min_notional_e8):
            raise Refused(Why.NOTIONAL)
    else:
        qty_lots, quote_e8 = _size(listing, fields, "sz"), 0
    if price_ticks and listing.notional_e8(price_ticks, qty_lots) < listing.min_notional_e8:
        raise Refused(Why.NOTIONAL)
    return NewOrder(
        listing, side, kind, time_in_force, price_ticks, qty_lots, quote_e8, client_order_id, reduce_only, tag
    )


def parse_amendment(order: VenueOrder, fields: Fields) -> OkxAmendment:
    """Return what an order is to become; raises OkxRefusal for what is wrong with it."""
    if not text(fields, "newSz") and not text(fields, "newPx"):
        raise OkxRefusal(51500, "You must enter a price, quantity, or TP/SL")
    listing = order.listing
    qty_lots = _size(listing, fields, "newSz") if text(fields, "newSz") else order.qty_lots
    price_ticks = _price(listing, fields, "newPx") if text(fields, "newPx") else order.price_ticks
    return OkxAmendment(price_ticks, qty_lots)


def refusal_of(refused: Refused, listing: Listing, side: str, act: str) -> OkxRefusal:
    """Return a refusal of the venue's core in OKX's code and words; `act` is place, cancel, amend or query."""
    asset = listing.quote if side == "buy" or listing.margined else listing.base
    match refused.why:
        case Why.DUPLICATE_ORDER:
            return OkxRefusal(51016, "Client order ID already exists.")
        case Why.TOO_MANY_ORDERS:
            name = listing.venue_symbol
            return OkxRefusal(51174, f"Order failed, number of pending orders for {name} exceed the limit of 200.")
        case Why.INSUFFICIENT_BALANCE:
            what = "margin" if listing.margined else "balance"
            said = f"Order failed. Insufficient {asset} {what} in account"
            return OkxRefusal(51502 if act == "amend" else 51008, said)
        case Why.WOULD_TAKE:
            said = "Modification failed as the order price did not meet the requirement for Post Only."
            return OkxRefusal(51511, said)
        case Why.NOTIONAL:
            return OkxRefusal(51020, "Your order should meet or exceed the minimum order amount.")
        case Why.NOT_REDUCING:
            said = "you don't have any positions in this direction for this contract to reduce or close."
            return OkxRefusal(51169, f"Order failed because {said}")
        case Why.PRICE:
            return error("px")
        case Why.QUANTITY:
            return OkxRefusal(51121, "Order quantity must be a multiple of the lot size.")
        case Why.NO_SUCH_ORDER | Why.NOT_OPEN:
            return _GONE[act]


_GONE = {
    "place": OkxRefusal(51603, "Order does not exist"),
    "query": OkxRefusal(51603, "Order does not exist"),
    "cancel": OkxRefusal(51400, "Order cancellation failed as the order has been filled, canceled or does not exist."),
    "amend": OkxRefusal(51503, "Your order has already been filled or canceled."),
}


def _decimal(fields: Fields, name: str) -> int:
    try:
        return parse_e8(text(fields, name))
    except DecimalError as wrong:
        raise error(name) from wrong


def _price(listing: Listing, fields: Fields, name: str) -> int:
    if not text(fields, name):
        raise missing(name)
    return whole_ticks(listing, _decimal(fields, name))


def _size(listing: Listing, fields: Fields, name: str) -> int:
    size_e8 = _decimal(fields, name)
    if 0 < size_e8 < listing.lot_e8:
        raise Refused(Why.NOTIONAL)
    return whole_lots(listing, size_e8)
