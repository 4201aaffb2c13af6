"""Bybit's requests that change orders (create, amend, cancel, cancel all), leverage, and what a disconnection does.

(Bybit API v5 documentation, trade.) An answer says that a request was taken, and nothing more: an order that would take
and must not is taken and turned away afterwards. An order that was created a moment ago is not found by a cancel or an
amend yet; one that was filled a moment ago takes a cancel, and is told to be Filled once more. A name is given once only.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.paper.bybit.answers import BybitRefusal, Json, envelope, spoken, wrong
from agents.paper.bybit.market_writer import LINEAR
from agents.paper.bybit.order_entry import find_listing, find_order, order_name, parse_amendment, parse_new_order, text
from agents.paper.bybit.rate_limits import ORDERS_MAX, BybitRateLimits
from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Floor
from agents.paper.money import Listing
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused, Why
from schemas.units import MS

UNKNOWN_NS = MS
"""For so long after its creation an order is not found by requests that change it: creates are asynchronous."""
RACE_NS = 5 * MS
"""For so long after its last fill a cancel of an order is taken: cancels are asynchronous too."""
CANCEL_ALL_MAX = 500
LEVERAGE_MAX = 100
PRODUCTS = {"SPOT": "spot", "DERIVATIVES": LINEAR}
DCP_SECONDS = (3, 300)


class BybitTradeRest:
    """Handlers of what changes orders, by path; all are POST."""

    def __init__(self, floor: Floor, limits: BybitRateLimits, filled_again: Callable[[VenueOrder], None]) -> None:
        """Trade on `floor`; `filled_again` tells that a cancel found an order filled."""
        self._floor = floor
        self._limits = limits
        self._filled_again = filled_again
        self.windows_s: dict[str, int] = {}
        """By category, how long no connection may listen before all its orders are canceled."""
        self.routes: dict[str, Callable[[Call], HttpReply]] = {
            "/v5/order/create": lambda call: self._one(call, "create", self._create),
            "/v5/order/amend": lambda call: self._one(call, "amend", self._amend),
            "/v5/order/cancel": lambda call: self._one(call, "cancel", self._cancel),
            "/v5/order/cancel-all": self._cancel_all,
            "/v5/order/disconnected-cancel-all": self._protect,
            "/v5/position/set-leverage": self._leverage,
        }

    def _one(self, call: Call, kind: str, act: Callable[[Listing, Json, int], VenueOrder]) -> HttpReply:
        fields = _body(call)
        listing = find_listing(self._floor, fields)
        self._limits.charge(kind, listing.category, ORDERS_MAX[listing.category], call.wall_ns)
        try:
            order = act(listing, fields, call.wall_ns)
        except Refused as refused:
            raise spoken(refused, listing.category) from refused
        link = order.client_order_id if text(fields, "orderLinkId") or kind != "create" else ""
        reply = json_reply(envelope({"orderId": order_name(order), "orderLinkId": link}, call.wall_ms))
        reply.headers |= self._limits.headers
        return reply

    def _create(self, listing: Listing, fields: Json, wall_ns: int) -> VenueOrder:
        new = parse_new_order(listing, fields)
        known = self._floor.trading.ledger.by_client_id
        if new.client_order_id and any((symbol, new.client_order_id) in known for symbol in self._floor.listings):
            raise Refused(Why.DUPLICATE_ORDER)
        try:
            return self._floor.trading.create(new, wall_ns)
        except Refused as refused:
            if refused.why != Why.WOULD_TAKE:
                raise
        return self._floor.trading.turn_away(new, wall_ns)

    def _amend(self, listing: Listing, fields: Json, wall_ns: int) -> VenueOrder:
        order = self._found(listing, fields, wall_ns)
        if not order.open:
            raise Refused(Why.NOT_OPEN)
        self._floor.trading.amend(order, *parse_amendment(order, fields), wall_ns)
        return order

    def _cancel(self, listing: Listing, fields: Json, wall_ns: int) -> VenueOrder:
        order = self._found(listing, fields, wall_ns)
        if order.status == "FILLED" and wall_ns - order.updated_ns < RACE_NS:
            self._filled_again(order)
        else:
            self._floor.trading.cancel(order, "", wall_ns)
        return order

    def _found(self, listing: Listing, fields: Json, wall_ns: int) -> VenueOrder:
        order = find_order(self._floor, listing, fields, wall_ns)
        if wall_ns - order.created_ns < UNKNOWN_NS:
            raise Refused(Why.NO_SUCH_ORDER)
        return order

    def _cancel_all(self, call: Call) -> HttpReply:
        fields = _body(call)
        category, symbol = text(fields, "category"), text(fields, "symbol")
        if category not in ORDERS_MAX:
            raise wrong("category invalid")
        base, settle = text(fields, "baseCoin"), text(fields, "settleCoin")
        if category == LINEAR and not (symbol or base or settle):
            raise wrong("symbol, baseCoin or settleCoin is required")
        if symbol:
            find_listing(self._floor, fields)
        self._limits.charge("cancel-all", category, ORDERS_MAX[category], call.wall_ns)
        orders = [
            order
            for order in self._floor.trading.open_orders(None, call.wall_ns)
            if order.listing.category == category
            and symbol in ("", order.listing.venue_symbol)
            and base in ("", order.listing.base)
            and settle in ("", order.listing.quote)
        ][:CANCEL_ALL_MAX]
        for order in orders:
            if order.open:
                self._floor.trading.cancel(order, "", call.wall_ns)
        rows = [{"orderId": order_name(order), "orderLinkId": order.client_order_id} for order in orders]
        reply = json_reply(envelope({"list": rows, "success": "1"}, call.wall_ms))
        reply.headers |= self._limits.headers
        return reply

    def _leverage(self, call: Call) -> HttpReply:
        """Set the leverage of a contract, which is the same for both sides."""
        fields = _body(call)
        listing, wanted = find_listing(self._floor, fields), text(fields, "buyLeverage")
        if not listing.margined or wanted != text(fields, "sellLeverage"):
            raise wrong("leverage of both sides is to be the same")
        if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= LEVERAGE_MAX):
            raise BybitRefusal(10001, "leverage invalid")
        if int(wanted) == self._floor.trading.account.position(listing.symbol).leverage:
            raise BybitRefusal(110043, "leverage not modified")
        try:
            self._floor.trading.set_leverage(listing, int(wanted), call.wall_ns)
        except Refused as refused:
            raise spoken(refused, listing.category) from refused
        return json_reply(envelope({}, call.wall_ms))

    def _protect(self, call: Call) -> HttpReply:
        fields = _body(call)
        seconds, category = text(fields, "timeWindow"), PRODUCTS.get(text(fields, "product") or "OPTIONS")
        if not (seconds.isascii() and seconds.isdigit() and DCP_SECONDS[0] <= int(seconds[:9]) <= DCP_SECONDS[1]):
            raise wrong("timeWindow invalid")
        if category is None:
            raise wrong("product invalid")
        self.windows_s[category] = int(seconds)
        return json_reply({"retCode": 0, "retMsg": "success"})


def _body(call: Call) -> dict[str, Any]:
    try:
        return msgspec.json.decode(call.body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BybitRefusal(10001, "params error: request body is not a JSON object") from error
