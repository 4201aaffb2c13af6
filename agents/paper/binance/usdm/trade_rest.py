"""USDT-M's requests that change or query orders, and the countdown after which all of a symbol are canceled.

(Derivatives documentation, USDT-M, trade.) An amendment keeps the order's id and puts it behind all at its price; one that
wants no more than is filled, or that would have a post-only order take, cancels it instead. A new order is only
acknowledged unless its result is asked for: what becomes of it is told on the stream.
"""

from typing import Any

from agents.paper.account.new_order import NewOrder
from agents.paper.binance.entry import parse_number
from agents.paper.binance.paging import interval, page
from agents.paper.binance.protocol import Routes
from agents.paper.binance.refusals import Refusal, unknown_cancel
from agents.paper.binance.usdm import order_rows
from agents.paper.binance.usdm.entry import Amendment, find_listing, parse_amendment, parse_new_order
from agents.paper.binance.usdm.refusals import BAD_COMBINATION, FILL_OR_KILL, NOT_REDUCE_ONLY, SAME_ORDER
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused, Why
from schemas.units import DAY, MS

WEEK_MS = 7 * DAY // MS
COUNTDOWN = "countdown"
"""The cause of an order's end: its symbol's countdown was not begun anew in time."""
ALL_CANCELED = {"code": 200, "msg": "The operation of cancel all open order is done."}


class UsdmTradeRest:
    """Handlers of the signed routes of orders, by method and path."""

    def __init__(self, floor: Floor) -> None:
        """Trade on `floor`."""
        self._floor = floor
        self._trading = floor.trading
        self._countdowns: dict[str, int] = {}
        self.modify_ids: dict[int, str] = {}
        """By order, the client's number of the amendment that is being carried out."""
        self.routes: Routes = {
            ("POST", "/fapi/v1/order"): (self._create, lambda _: 0),
            ("POST", "/fapi/v1/order/test"): (self._test, lambda _: 0),
            ("PUT", "/fapi/v1/order"): (self._amend, lambda _: 0),
            ("DELETE", "/fapi/v1/order"): (self._cancel, lambda _: 1),
            ("GET", "/fapi/v1/order"): (lambda call: order_rows.status(self._find(call)), lambda _: 1),
            ("GET", "/fapi/v1/openOrder"): (self._open_order, lambda _: 1),
            ("GET", "/fapi/v1/openOrders"): (self._open_orders, lambda p: 1 if p.get("symbol") else 40),
            ("DELETE", "/fapi/v1/allOpenOrders"): (self._cancel_all, lambda _: 1),
            ("GET", "/fapi/v1/allOrders"): (self._all_orders, lambda _: 5),
            ("GET", "/fapi/v1/forceOrders"): (self._forced, lambda p: 20 if p.get("symbol") else 50),
            ("GET", "/fapi/v1/userTrades"): (self._trades, lambda _: 5),
            ("POST", "/fapi/v1/countdownCancelAll"): (self._count_down, lambda _: 10),
        }

    def advance(self, wall_ns: int) -> int | None:
        """Cancel the orders of symbols whose countdown is over; return when the next one is, None if none runs."""
        for symbol in [symbol for symbol, end_ns in self._countdowns.items() if end_ns <= wall_ns]:
            del self._countdowns[symbol]
            self._cancel_of(symbol, wall_ns, COUNTDOWN)
        return min(self._countdowns.values(), default=None)

    def _create(self, call: Call) -> Any:
        new, wants_result = parse_new_order(call.params, self._floor)
        if new.time_in_force == "FOK":
            self._check_fills(new)
        order = self._trading.create(new, call.wall_ns)
        return order_rows.result(order) if wants_result else order_rows.taken(order)

    def _test(self, call: Call) -> Any:
        self._trading.check(parse_new_order(call.params, self._floor)[0])
        return {}

    def _check_fills(self, new: NewOrder) -> None:
        """Refuse an order that is to be filled at once and wholly, and cannot be."""
        self._trading.check(new)
        wanted = new.qty_lots
        for price, lots in self._floor.market.liquidity(new.listing.symbol, new.side):
            if wanted <= 0 or (price - new.price_ticks) * new.side > 0:
                break
            wanted -= lots
        if wanted > 0:
            raise Refusal(*FILL_OR_KILL)

    def _amend(self, call: Call) -> Any:
        order = self._find(call)
        asked = parse_amendment(call.params, order.listing, self._floor)
        if not order.open:
            raise Refused(Why.NO_SUCH_ORDER)
        if asked.side != order.side:
            raise Refusal(-1117, "Invalid side.")
        if asked.reduce_only and not order.reduce_only:
            raise Refusal(*NOT_REDUCE_ONLY)
        if (asked.price_ticks, asked.qty_lots) == (order.price_ticks, order.qty_lots):
            raise Refusal(*SAME_ORDER)
        self.modify_ids[order.order_id] = asked.modify_id
        try:
            self._carry_out(order, asked, call.wall_ns)
        finally:
            del self.modify_ids[order.order_id]
        return order_rows.amended(order, asked.modify_id)

    def _carry_out(self, order: VenueOrder, asked: Amendment, wall_ns: int) -> None:
        if asked.qty_lots <= order.cum_qty_lots:
            self._trading.cancel(order, "", wall_ns)
            return
        try:
            self._trading.amend(order, asked.price_ticks, asked.qty_lots, wall_ns)
        except Refused as refused:
            if refused.why != Why.WOULD_TAKE:
                raise
            self._trading.cancel(order, "", wall_ns)

    def _cancel(self, call: Call) -> Any:
        try:
            order = self._find(call)
        except Refused as refused:
            raise unknown_cancel() from refused
        self._trading.cancel(order, "", call.wall_ns)
        return order_rows.result(order)

    def _cancel_all(self, call: Call) -> Any:
        self._cancel_of(find_listing(call.params, self._floor).symbol, call.wall_ns)
        return ALL_CANCELED

    def _cancel_of(self, symbol: str, wall_ns: int, cause: str = "") -> None:
        for order in self._trading.open_orders(symbol, 1 << 62):
            if order.open:
                self._trading.cancel(order, "", wall_ns, cause)

    def _open_order(self, call: Call) -> Any:
        order = self._find(call)
        if not order.open:
            raise Refused(Why.NO_SUCH_ORDER)
        return order_rows.status(order)

    def _open_orders(self, call: Call) -> Any:
        symbol = find_listing(call.params, self._floor).symbol if call.params.get("symbol") else None
        return [order_rows.status(order) for order in self._trading.open_orders(symbol, call.wall_ns)]

    def _all_orders(self, call: Call) -> Any:
        listing = find_listing(call.params, self._floor)
        first, (since, until) = parse_number(call.params, "orderId"), _week(call)
        rows = [
            order
            for order in self._trading.of_symbol(listing.symbol, call.wall_ns)
            if order.order_id >= (first or 0) and since <= order.created_ns // MS <= until
        ]
        return [order_rows.status(order) for order in page(call, rows, from_start=first is not None or since > 0)]

    def _forced(self, call: Call) -> Any:
        """Return the orders that the venue made itself, of one symbol or all; none of them is for deleveraging."""
        symbol = find_listing(call.params, self._floor).symbol if call.params.get("symbol") else None
        since, until = interval(call)
        rows = [
            order_rows.status(order)
            for order in self._trading.orders.values()
            if order.origin
            and symbol in (None, order.listing.symbol)
            and since <= order.created_ns // MS <= until
            and call.params.get("autoCloseType", "LIQUIDATION") == "LIQUIDATION"
        ]
        return page(call, rows, from_start=since > 0, usual=50)

    def _trades(self, call: Call) -> Any:
        """Return executions by their ids, from one on, or of a time: not both, and of one week at most."""
        listing = find_listing(call.params, self._floor)
        order_id, from_id = parse_number(call.params, "orderId"), parse_number(call.params, "fromId")
        if from_id is not None and (call.params.get("startTime") or call.params.get("endTime")):
            raise Refusal(*BAD_COMBINATION)
        since, until = _week(call)
        rows = [
            (order, fill)
            for order, fill in self._trading.ledger.executions(listing.symbol, from_id or 0, call.wall_ns)
            if order_id in (None, order.order_id) and since <= fill.ts_ns // MS <= until
        ]
        from_start = from_id is not None or since > 0
        return [order_rows.trade(order, fill) for order, fill in page(call, rows, from_start=from_start)]

    def _count_down(self, call: Call) -> Any:
        listing = find_listing(call.params, self._floor)
        length_ms = parse_number(call.params, "countdownTime")
        if length_ms is None:
            raise Refusal(-1102, "Mandatory parameter 'countdownTime' was not sent, was empty/null, or malformed.")
        self._countdowns.pop(listing.symbol, None)
        if length_ms:
            self._countdowns[listing.symbol] = call.wall_ns - self._floor.faults.clock_ns + length_ms * MS
        return {"symbol": listing.venue_symbol, "countdownTime": str(length_ms)}

    def _find(self, call: Call) -> VenueOrder:
        listing = find_listing(call.params, self._floor)
        order_id = parse_number(call.params, "orderId")
        client_order_id = call.params.get("origClientOrderId", "")
        if order_id is None and not client_order_id:
            text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            raise Refusal(-1102, text)
        return self._trading.find(listing.symbol, order_id, client_order_id, call.wall_ns)


def _week(call: Call) -> tuple[int, int]:
    """Return the time that is asked for, which is a week at most; an open end is a week behind or before the other.

    Without either it is the last week, from whichever number on.
    """
    since, until = interval(call)
    if call.params.get("startTime") and call.params.get("endTime"):
        if until - since > WEEK_MS:
            raise Refusal(-4165, "Maximum time interval is 7 days")
        return since, until
    if call.params.get("startTime"):
        return since, since + WEEK_MS
    if call.params.get("endTime"):
        return until - WEEK_MS, until
    return call.wall_ms - WEEK_MS, until
