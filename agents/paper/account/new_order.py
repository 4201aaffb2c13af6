"""A new order as any dialect asks for it, and the bounds that every order must keep.

Order types are LIMIT, MARKET and LIMIT_MAKER: one that may only rest (post-only). A dialect reads its own parameters,
in its own order of checks, and has prices and quantities held against the listing here.
"""

import msgspec

from agents.paper.money import E8, Listing
from agents.paper.refusals import Refused, Why
from schemas.orders import Side

PRICE_MAX_E8 = 1_000_000_000 * E8
QTY_MAX_E8 = 9_000_000_000 * E8
NOTIONAL_MAX_E8 = 1_000_000_000 * E8
OPEN_ORDERS_MAX = 200
"""Of one instrument."""


class NewOrder(msgspec.Struct):
    """A checked order: `qty_lots` 0 means that `quote_order_e8` says how much to spend or receive."""

    listing: Listing
    side: Side
    type: str
    time_in_force: str
    price_ticks: int
    qty_lots: int
    quote_order_e8: int
    client_order_id: str
    reduce_only: bool = False
    tag: str = ""
    origin: str = ""


def whole_ticks(listing: Listing, price_e8: int) -> int:
    """Return a price in ticks; raises Refused if it is out of bounds or between two ticks."""
    if not 0 < price_e8 <= PRICE_MAX_E8 or price_e8 % listing.tick_e8:
        raise Refused(Why.PRICE)
    return price_e8 // listing.tick_e8


def whole_lots(listing: Listing, qty_e8: int) -> int:
    """Return a quantity in lots; raises Refused if it is out of bounds or no whole number of lots."""
    if not 0 < qty_e8 <= QTY_MAX_E8 or qty_e8 % listing.lot_e8:
        raise Refused(Why.QUANTITY)
    return qty_e8 // listing.lot_e8


def check_notional(listing: Listing, price_ticks: int, qty_lots: int) -> None:
    """Refuse an order whose price times quantity is out of bounds."""
    if not listing.min_notional_e8 <= listing.notional_e8(price_ticks, qty_lots) <= NOTIONAL_MAX_E8:
        raise Refused(Why.NOTIONAL)
