"""OKX's requests that change orders: place, cancel and amend, one or many, and the switch that cancels all.

(OKX v5 documentation, order book trading.) An answer says that a request was taken, order by order (`sCode`); what became
of it comes by the orders channel. One order that is refused makes the whole answer's code "1", some of many "2". A request
that carries `expTime` is not carried out after it.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from agents.paper.call import Call, HttpReply, json_reply
from agents.paper.dialect import Floor
from agents.paper.money import Listing
from agents.paper.okx.answers import Json, OkxRefusal, answer, missing, wrong
from agents.paper.okx.order_entry import (
    Fields,
    find_listing,
    find_order,
    parse_amendment,
    parse_new_order,
    refusal_of,
    text,
)
from agents.paper.okx.order_rows import SWITCH, order_id
from agents.paper.okx.rate_limits import OkxRateLimits
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused, Why
from schemas.units import HOUR, SECOND

REQUESTS_MAX, BATCH_ORDERS_MAX, BATCH_MAX = 60, 300, 20
FORGET_NS = 2 * HOUR
SWITCH_S = (10, 120)
SWITCHES_MAX = 20
LEVERAGE_MAX = 100
Act = Callable[[Listing, Fields, int], VenueOrder]


class OkxTradeRest:
    """Handlers of what changes orders, by path; all are POST."""

    def __init__(self, floor: Floor, limits: OkxRateLimits) -> None:
        """Trade on `floor`."""
        self._floor = floor
        self._trading = floor.trading
        self._trading.forget_ns = floor.forget_ns or FORGET_NS
        self._limits = limits
        self._switches: dict[str, int] = {}
        """When all orders with a tag are canceled; with "", all orders."""
        self.request_id = ""
        """That of the amendment that is being carried out."""
        one, many = self._one, self._many
        self.routes: dict[str, Callable[[Call], HttpReply]] = {
            "/api/v5/trade/order": lambda call: one(call, "place", self._place),
            "/api/v5/trade/cancel-order": lambda call: one(call, "cancel", self._cancel),
            "/api/v5/trade/amend-order": lambda call: one(call, "amend", self._amend),
            "/api/v5/trade/batch-orders": lambda call: many(call, "place", self._place),
            "/api/v5/trade/cancel-batch-orders": lambda call: many(call, "cancel", self._cancel),
            "/api/v5/trade/amend-batch-orders": lambda call: many(call, "amend", self._amend),
            "/api/v5/trade/cancel-all-after": self._switch,
            "/api/v5/account/set-leverage": self._leverage,
        }

    def advance(self, wall_ns: int) -> int | None:
        """Cancel what a switch was set for whose time is over; return when the next one is due."""
        for tag, due_ns in list(self._switches.items()):
            if due_ns <= wall_ns:
                del self._switches[tag]
                for order in self._trading.open_orders(None, 1 << 62):
                    if order.open and tag in ("", order.tag):
                        self._trading.cancel(order, "", wall_ns, SWITCH)
        return min(self._switches.values(), default=None)

    def _leverage(self, call: Call) -> HttpReply:
        """Set the leverage of a contract on cross margin, the only one that there is."""
        fields = _body(call, dict)
        listing, wanted = find_listing(self._floor, text(fields, "instId")), text(fields, "lever")
        if not listing.margined or text(fields, "mgnMode") != "cross":
            raise wrong("mgnMode")
        if not (wanted.isascii() and wanted.isdigit() and int(wanted[:9])):
            raise wrong("lever")
        if int(wanted[:9]) > LEVERAGE_MAX:
            raise OkxRefusal(59102, "Leverage exceeds the maximum limit. Please lower the leverage.")
        try:
            self._trading.set_leverage(listing, int(wanted), call.wall_ns)
        except Refused as refused:
            raise OkxRefusal(59105, "Leverage can't be lower than the value that the account can hold.") from refused
        row = {"lever": wanted, "mgnMode": "cross", "instId": listing.venue_symbol, "posSide": "net"}
        return json_reply(answer([row]))

    def _one(self, call: Call, name: str, act: Act) -> HttpReply:
        fields = _body(call, dict)
        self._check_time(call)
        listing = find_listing(self._floor, text(fields, "instId"))
        self._limits.charge(name, listing.symbol, REQUESTS_MAX, call.wall_ns)
        return _answered([self._row(listing, fields, name, act, call.wall_ns)], call)

    def _many(self, call: Call, name: str, act: Act) -> HttpReply:
        asked = _body(call, list)
        if not asked or not all(isinstance(each, dict) for each in asked):
            raise missing("body")
        if len(asked) > BATCH_MAX:
            raise OkxRefusal(51111, f"Maximum {BATCH_MAX} orders can be placed in bulk", 400)
        self._check_time(call)
        found: list[tuple[Listing | OkxRefusal, Fields]] = [(self._listing(each), each) for each in asked]
        listings = [each for each, _ in found if isinstance(each, Listing)]
        for listing in {each.symbol: each for each in listings}.values():
            count = sum(each is listing for each in listings)
            self._limits.charge(f"batch {name}", listing.symbol, BATCH_ORDERS_MAX, call.wall_ns, count)
        rows = [
            self._row(each, fields, name, act, call.wall_ns)
            if isinstance(each, Listing)
            else _row(fields, call.wall_ns, each)
            for each, fields in found
        ]
        return _answered(rows, call)

    def _listing(self, fields: Fields) -> Listing | OkxRefusal:
        try:
            return find_listing(self._floor, text(fields, "instId"))
        except OkxRefusal as refusal:
            return refusal

    def _row(self, listing: Listing, fields: Fields, name: str, act: Act, wall_ns: int) -> Json:
        """Return what is answered of one order."""
        try:
            order = act(listing, fields, wall_ns)
        except Refused as refused:
            return _row(fields, wall_ns, refusal_of(refused, listing, text(fields, "side"), name))
        except OkxRefusal as refusal:
            return _row(fields, wall_ns, refusal)
        own = text(fields, "clOrdId") if name == "place" else order.client_order_id
        row = {"clOrdId": own, "ordId": order_id(order), "sCode": "0", "sMsg": "", "ts": str(wall_ns // 1_000_000)}
        if name == "place":
            row |= {"sMsg": "Order placed", "subCode": "", "tag": order.tag}
        elif name == "amend":
            row |= {"reqId": text(fields, "reqId")}
        return dict(sorted(row.items()))

    def _place(self, listing: Listing, fields: Fields, wall_ns: int) -> VenueOrder:
        """Take on an order; one that may only make and would take is taken on too, and canceled at once."""
        new = parse_new_order(listing, fields)
        if new.client_order_id and self._is_known(new.client_order_id, wall_ns):
            raise Refused(Why.DUPLICATE_ORDER)
        try:
            return self._trading.create(new, wall_ns)
        except Refused as refused:
            if refused.why != Why.WOULD_TAKE:
                raise
        return self._trading.turn_away(new, wall_ns)

    def _cancel(self, listing: Listing, fields: Fields, wall_ns: int) -> VenueOrder:
        order = find_order(self._trading, listing, fields, wall_ns)
        self._trading.cancel(order, "", wall_ns)
        return order

    def _amend(self, listing: Listing, fields: Fields, wall_ns: int) -> VenueOrder:
        order = find_order(self._trading, listing, fields, wall_ns)
        if not order.open:
            raise Refused(Why.NOT_OPEN)
        amendment = parse_amendment(order, fields)
        self.request_id = text(fields, "reqId")
        try:
            self._trading.amend(order, amendment.price_ticks, amendment.qty_lots, wall_ns)
        except Refused:
            if text(fields, "cxlOnFail") != "true":
                raise
            self._trading.cancel(order, "", wall_ns)
        finally:
            self.request_id = ""
        return order

    def _is_known(self, client_order_id: str, wall_ns: int) -> bool:
        """Return whether an order of that id is open, or ended not longer ago than the venue remembers."""
        known = self._trading.ledger.by_client_id
        orders = (known.get((symbol, client_order_id)) for symbol in self._floor.listings)
        forget_ns = self._trading.forget_ns or FORGET_NS
        return any(each is not None and (each.open or wall_ns - each.updated_ns <= forget_ns) for each in orders)

    def _switch(self, call: Call) -> HttpReply:
        fields = _body(call, dict)
        seconds, tag = text(fields, "timeOut"), text(fields, "tag")
        if not seconds:
            raise missing("timeOut")
        first, last = SWITCH_S
        if not (
            seconds.isascii() and seconds.isdigit() and (int(seconds[:9]) == 0 or first <= int(seconds[:9]) <= last)
        ):
            raise OkxRefusal(51000, "Parameter timeOut error", 400)
        self._limits.charge("switch", tag, 2, call.wall_ns)
        if not int(seconds):
            self._switches.pop(tag, None)
            return json_reply(answer([{"triggerTime": "0", "tag": tag, "ts": str(call.wall_ms)}]))
        if tag and tag not in self._switches and sum(map(bool, self._switches)) >= SWITCHES_MAX:
            raise OkxRefusal(51071, "You've reached the maximum limit for tag level cancel all after timers.")
        self._switches[tag] = due_ns = call.wall_ns + int(seconds) * SECOND
        return json_reply(answer([{"triggerTime": str(due_ns // 1_000_000), "tag": tag, "ts": str(call.wall_ms)}]))

    def _check_time(self, call: Call) -> None:
        """Refuse a request whose time is over, or was when it was looked at."""
        late = self._floor.faults.use("late")
        expires = call.headers.get("exptime", "")
        if not expires:
            return
        if not (expires.isascii() and expires.isdigit() and len(expires) < 18):
            raise OkxRefusal(51000, "Parameter expTime error", 400)
        if int(expires) < call.wall_ms:
            said = "The expTime can't be earlier than the current system time. Please adjust the expTime and try again."
            raise OkxRefusal(50036, said)
        if late is not None and int(expires) < call.wall_ms + late.ms:
            raise OkxRefusal(50037, "Order expired.")


def _body(call: Call, kind: type) -> Any:
    try:
        value = msgspec.json.decode(call.body)
    except (msgspec.MsgspecError, RecursionError) as wrong:
        said = "JSON syntax error" if call.body else "Body for POST request cannot be empty."
        raise OkxRefusal(50002 if call.body else 50000, said, 400) from wrong
    if not isinstance(value, kind):
        raise OkxRefusal(50002, "JSON syntax error", 400)
    return value


def _row(fields: Fields, wall_ns: int, refusal: OkxRefusal) -> Json:
    row = {"clOrdId": text(fields, "clOrdId"), "ordId": text(fields, "ordId"), "sCode": str(refusal.code)}
    row |= {"sMsg": refusal.text, "subCode": "", "tag": text(fields, "tag"), "ts": str(wall_ns // 1_000_000)}
    return row


def _answered(rows: list[Json], call: Call) -> HttpReply:
    """Return the whole answer, with the times of the gate in microseconds."""
    failed = sum(row["sCode"] != "0" for row in rows)
    code, said = "0", ""
    if failed:
        code, said = (
            ("1", "All operations failed") if failed == len(rows) else ("2", "Bulk operation partially succeeded.")
        )
    time = str(call.wall_ns // 1_000)
    return json_reply({"code": code, "data": rows, "inTime": time, "msg": said, "outTime": time})
