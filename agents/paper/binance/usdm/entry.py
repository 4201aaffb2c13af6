"""A new order, or an amendment, as it is asked for: parameters and filters, with the codes of futures.

(Derivatives documentation, USDT-M: new order, modify order, error codes.) LIMIT and MARKET are carried out; conditional
orders have endpoints of their own since 2025-12, which are not here, and neither are GTD, RPI and price match.
"""

import re
from collections.abc import Mapping

import msgspec

from agents.paper.account.new_order import PRICE_MAX_E8, QTY_MAX_E8, NewOrder, check_notional
from agents.paper.binance.catalog import MULTIPLIER_DOWN, MULTIPLIER_UP
from agents.paper.binance.entry import parse_flag
from agents.paper.binance.refusals import Refusal, illegal, invalid_symbol, mandatory
from agents.paper.binance.usdm.refusals import BAD_COMBINATION, CONDITIONAL, POSITION_SIDE, PRECISION
from agents.paper.dialect import Floor
from agents.paper.money import E8, Listing, parse_e8
from schemas.errors import DecimalError
from schemas.orders import Side

POST_ONLY = "GTX"
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", POST_ONLY)
CONDITIONAL_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
MULTIPLIER_UP_E8, MULTIPLIER_DOWN_E8 = parse_e8(MULTIPLIER_UP), parse_e8(MULTIPLIER_DOWN)
CATEGORY = "linear"
_CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"


class Amendment(msgspec.Struct):
    """What an open order is to have: side, price and quantity are all named."""

    side: Side
    price_ticks: int
    qty_lots: int
    reduce_only: bool
    modify_id: str


def parse_new_order(params: Mapping[str, str], floor: Floor) -> tuple[NewOrder, bool]:
    """Return the order that `params` ask for, and whether the answer is to wait for what becomes of it at once.

    Raises:
        Refusal, Refused: For the first thing that is wrong with them.
    """
    listing = find_listing(params, floor)
    side = _side(params)
    kind = _required(params, "type")
    if kind in CONDITIONAL_TYPES:
        raise Refusal(*CONDITIONAL)
    if kind not in ("LIMIT", "MARKET"):
        raise Refusal(-1116, "Invalid orderType.")
    if params.get("positionSide", "BOTH") != "BOTH":
        raise Refusal(*POSITION_SIDE)
    shape = params.get("newOrderRespType") or "ACK"
    if shape not in ("ACK", "RESULT"):
        raise Refusal(-1136, "Invalid newOrderRespType.")
    if params.get("priceMatch", "NONE") != "NONE":
        raise Refusal(-5037, "Invalid price match")
    post_only, time_in_force = _time_in_force(params, kind)
    client_order_id = _client_id(params)
    reduce_only = parse_flag(params, "reduceOnly")
    price_ticks = _price(params, listing, side, floor) if kind == "LIMIT" else 0
    qty_lots = _quantity(params, listing)
    if kind == "LIMIT" and not reduce_only:
        check_notional(listing, price_ticks, qty_lots)
    new = NewOrder(
        listing,
        side,
        "LIMIT_MAKER" if post_only else kind,
        time_in_force,
        price_ticks,
        qty_lots,
        0,
        client_order_id,
        reduce_only=reduce_only,
    )
    return new, shape == "RESULT"


def parse_amendment(params: Mapping[str, str], listing: Listing, floor: Floor) -> Amendment:
    """Return what an order is to become; raises Refusal or Refused for the first thing that is wrong with it."""
    side = _side(params)
    price_ticks, qty_lots = _price(params, listing, side, floor), _quantity(params, listing)
    reduce_only = parse_flag(params, "reduceOnly")
    if not reduce_only:
        check_notional(listing, price_ticks, qty_lots)
    return Amendment(side, price_ticks, qty_lots, reduce_only, params.get("modifyId", ""))


def find_listing(params: Mapping[str, str], floor: Floor) -> Listing:
    """Return the contract that the parameter `symbol` names."""
    listing = floor.listing_of(CATEGORY, _required(params, "symbol"))
    if listing is None:
        raise invalid_symbol()
    return listing


def _required(params: Mapping[str, str], name: str) -> str:
    value = params.get(name)
    if not value:
        raise mandatory(name)
    return value


def _side(params: Mapping[str, str]) -> Side:
    text = _required(params, "side")
    if text not in ("BUY", "SELL"):
        raise Refusal(-1117, "Invalid side.")
    return Side[text]


def _time_in_force(params: Mapping[str, str], kind: str) -> tuple[bool, str]:
    """Return whether the order may only make, and how long it rests."""
    if kind == "MARKET":
        if params.get("timeInForce"):
            raise Refusal(-1106, "Parameter 'timeInForce' sent when not required.")
        return False, "GTC"
    text = _required(params, "timeInForce")
    if text not in TIMES_IN_FORCE:
        raise Refusal(-1115, "Invalid timeInForce.")
    return text == POST_ONLY, "GTC" if text == POST_ONLY else text


def _client_id(params: Mapping[str, str]) -> str:
    text = params.get("newClientOrderId", "")
    if len(text) > 36:
        raise Refusal(-4015, "Client order id length should not be more than 36 chars")
    if text and re.fullmatch(_CLIENT_ID, text) is None:
        raise illegal("newClientOrderId", _CLIENT_ID)
    return text


def _price(params: Mapping[str, str], listing: Listing, side: Side, floor: Floor) -> int:
    price_e8 = _decimal(params, "price", listing.price.decimals)
    if not price_e8:
        raise Refusal(-4001, "Price less than 0.")
    if price_e8 > PRICE_MAX_E8:
        raise Refusal(-4002, "Price greater than max price.")
    if price_e8 % listing.tick_e8:
        raise Refusal(-4014, "Price not increased by tick size.")
    mark_e8 = floor.trading.values.mark_e8(listing)
    if mark_e8 and side == Side.BUY and price_e8 > mark_e8 * MULTIPLIER_UP_E8 // E8:
        raise Refusal(-4016, "Price is higher than mark price multiplier cap.")
    if mark_e8 and side == Side.SELL and price_e8 < mark_e8 * MULTIPLIER_DOWN_E8 // E8:
        raise Refusal(-4024, "Price is lower than mark price multiplier floor.")
    return price_e8 // listing.tick_e8


def _quantity(params: Mapping[str, str], listing: Listing) -> int:
    if params.get("closePosition", "false") != "false":
        raise Refusal(*BAD_COMBINATION)
    qty_e8 = _decimal(params, "quantity", listing.qty.decimals)
    if not qty_e8:
        raise Refusal(-4003, "Quantity less than or equal to zero.")
    if qty_e8 < listing.lot_e8:
        raise Refusal(-4004, "Quantity less than min quantity.")
    if qty_e8 > QTY_MAX_E8:
        raise Refusal(-4005, "Quantity greater than max quantity.")
    if qty_e8 % listing.lot_e8:
        raise Refusal(-4023, "Qty not increased by step size.")
    return qty_e8 // listing.lot_e8


def _decimal(params: Mapping[str, str], name: str, decimals: int) -> int:
    """Return a parameter times 10**8; raises Refusal if it is none, or has more decimals that matter than the asset."""
    text = _required(params, name)
    if re.fullmatch(_DECIMAL, text) is None:
        raise illegal(name, _DECIMAL)
    if len(text.partition(".")[2].rstrip("0")) > decimals:
        raise Refusal(*PRECISION)
    try:
        return parse_e8(text)
    except DecimalError as error:
        raise Refusal(*PRECISION) from error
