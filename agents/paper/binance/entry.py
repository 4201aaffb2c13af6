"""A new order as it is asked for: parameters, order types and filters, checked in Binance's order.

(binance-spot-api-docs: rest-api.md "New order", filters.md, errors.md.) Of the order types LIMIT, LIMIT_MAKER and
MARKET are carried out; the conditional ones are refused with -1116. Self-trade prevention is NONE.
"""

import re
from collections.abc import Mapping

from agents.paper.account.new_order import NewOrder, check_notional, whole_lots, whole_ticks
from agents.paper.binance.refusals import Refusal, filter_failure, illegal, invalid_symbol, mandatory
from agents.paper.money import Listing, parse_e8
from agents.paper.orders import VenueOrder
from schemas.errors import DecimalError
from schemas.orders import Side

TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
RESPONSE_TYPES = ("ACK", "RESULT", "FULL")
AMEND_REJECTED = -2038
_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_CLIENT_ID = r"^[a-zA-Z0-9-_]{1,36}$"
_is_decimal, _is_client_id = re.compile(_DECIMAL).fullmatch, re.compile(_CLIENT_ID).fullmatch
_is_number = re.compile(r"[0-9]{1,20}").fullmatch


def parse_new_order(params: Mapping[str, str], listings: Mapping[str, Listing]) -> tuple[NewOrder, str]:
    """Return the order that `params` ask for and in which shape they want the answer.

    Raises:
        Refusal, Refused: For the first thing that is wrong with them.
    """
    listing = find_listing(params, listings)
    side = _side(_required(params, "side"))
    kind = _required(params, "type")
    if kind not in ("LIMIT", "LIMIT_MAKER", "MARKET"):
        raise Refusal(-1116, "Invalid orderType.")
    response_type = params.get("newOrderRespType") or ("ACK" if kind == "LIMIT_MAKER" else "FULL")
    if response_type not in RESPONSE_TYPES:
        raise illegal("newOrderRespType", "^(ACK|RESULT|FULL)$")
    time_in_force = _time_in_force(params, kind)
    client_order_id = params.get("newClientOrderId", "")
    if client_order_id and _is_client_id(client_order_id) is None:
        raise illegal("newClientOrderId", _CLIENT_ID)
    price_ticks = _price(params, listing, kind)
    qty_lots, quote_order_e8 = _quantity(params, listing, kind)
    if price_ticks:
        check_notional(listing, price_ticks, qty_lots)
    new = NewOrder(listing, side, kind, time_in_force, price_ticks, qty_lots, quote_order_e8, client_order_id)
    return new, response_type


def parse_reduction(params: Mapping[str, str], order: VenueOrder) -> tuple[int, str]:
    """Return the quantity that an open order is to have, which is less than it has, and its name from then on.

    Raises:
        Refusal, Refused: For the first thing that is wrong with them.
    """
    qty_lots = whole_lots(order.listing, _decimal(params, "newQty"))
    name = params.get("newClientOrderId", "")
    if name and _is_client_id(name) is None:
        raise illegal("newClientOrderId", _CLIENT_ID)
    if not order.open:
        raise Refusal(AMEND_REJECTED, "Unknown order sent.")
    if qty_lots > order.qty_lots:
        raise Refusal(AMEND_REJECTED, "Order amend (quantity increase) is not supported.")
    if qty_lots == order.qty_lots or qty_lots <= order.cum_qty_lots:
        raise Refusal(AMEND_REJECTED, "The requested action would change no state; rejecting.")
    check_notional(order.listing, order.price_ticks, qty_lots)
    return qty_lots, name or f"amend{order.order_id}-{qty_lots}"


def find_listing(params: Mapping[str, str], listings: Mapping[str, Listing]) -> Listing:
    """Return the listing that the parameter `symbol` names."""
    listing = listings.get(_required(params, "symbol"))
    if listing is None:
        raise invalid_symbol()
    return listing


def parse_number(params: Mapping[str, str], name: str) -> int | None:
    """Return a whole number parameter, None if it was not sent."""
    text = params.get(name)
    if text is None or text == "":
        return None
    if _is_number(text) is None:
        raise illegal(name, "^[0-9]{1,20}$")
    return int(text)


def parse_flag(params: Mapping[str, str], name: str) -> bool:
    """Return a parameter that is true or false, False if it was not sent."""
    text = params.get(name) or "false"
    if text.lower() not in ("true", "false"):
        raise illegal(name, "^(true|false)$")
    return text.lower() == "true"


def _required(params: Mapping[str, str], name: str) -> str:
    value = params.get(name)
    if not value:
        raise mandatory(name)
    return value


def _side(text: str) -> Side:
    if text not in ("BUY", "SELL"):
        raise Refusal(-1117, "Invalid side.")
    return Side[text]


def _time_in_force(params: Mapping[str, str], kind: str) -> str:
    text = params.get("timeInForce")
    if kind == "LIMIT":
        text = _required(params, "timeInForce")
        if text not in TIMES_IN_FORCE:
            raise Refusal(-1115, "Invalid timeInForce.")
        return text
    if text:
        raise Refusal(-1106, "Parameter 'timeInForce' sent when not required.")
    return "GTC"


def _price(params: Mapping[str, str], listing: Listing, kind: str) -> int:
    if kind == "MARKET":
        if params.get("price"):
            raise Refusal(-1106, "Parameter 'price' sent when not required.")
        return 0
    return whole_ticks(listing, _decimal(params, "price"))


def _quantity(params: Mapping[str, str], listing: Listing, kind: str) -> tuple[int, int]:
    if kind == "MARKET" and params.get("quoteOrderQty"):
        if params.get("quantity"):
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        quote_e8 = _decimal(params, "quoteOrderQty")
        if quote_e8 < max(listing.min_notional_e8, 1):
            raise filter_failure("NOTIONAL")
        return 0, quote_e8
    return whole_lots(listing, _decimal(params, "quantity")), 0


def _decimal(params: Mapping[str, str], name: str) -> int:
    text = _required(params, name)
    if _is_decimal(text) is None:
        raise illegal(name, _DECIMAL)
    try:
        return parse_e8(text)
    except DecimalError as error:
        raise Refusal(-1111, f"Parameter '{name}' has too much precision.") from error
