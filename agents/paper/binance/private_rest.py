"""The account's REST endpoints: orders, trades, balances and listen keys; signed, but for the listen keys (key only)."""

from collections.abc import Mapping
from typing import Any

from agents.paper.account.trading import Trading
from agents.paper.binance import reports
from agents.paper.binance.catalog import assets
from agents.paper.binance.entry import find_listing, parse_flag, parse_new_order, parse_number, parse_reduction
from agents.paper.binance.paging import interval, page
from agents.paper.binance.protocol import Routes
from agents.paper.binance.refusals import mandatory, unknown_cancel
from agents.paper.binance.replace import cancel_params, replace
from agents.paper.call import Call
from agents.paper.money import Listing
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused


class PrivateRest:
    """Handlers of the signed endpoints, by method and path; what was signed is checked before they are called."""

    def __init__(self, listings: Mapping[str, Listing], trading: Trading) -> None:
        """Answer for the account of `trading`."""
        self._listings = listings
        self._trading = trading
        self.routes: Routes = {
            ("POST", "/api/v3/order"): (self._create, lambda _: 1),
            ("POST", "/api/v3/order/cancelReplace"): (self._replace, lambda _: 1),
            ("POST", "/api/v3/order/test"): (self._test, lambda _: 1),
            ("GET", "/api/v3/order"): (self._query, lambda _: 4),
            ("DELETE", "/api/v3/order"): (self._cancel, lambda _: 1),
            ("PUT", "/api/v3/order/amend/keepPriority"): (self._reduce, lambda _: 4),
            ("GET", "/api/v3/openOrders"): (self._open_orders, lambda p: 6 if p.get("symbol") else 80),
            ("DELETE", "/api/v3/openOrders"): (self._cancel_all, lambda _: 1),
            ("GET", "/api/v3/allOrders"): (self._all_orders, lambda _: 20),
            ("GET", "/api/v3/myTrades"): (self._my_trades, lambda _: 20),
            ("GET", "/api/v3/account"): (self._account, lambda _: 20),
            ("GET", "/sapi/v1/capital/config/getall"): (lambda _: assets(list(listings.values())), lambda _: 10),
            ("GET", "/sapi/v1/margin/allPairs"): (lambda _: [], lambda _: 1),
            ("GET", "/sapi/v1/margin/isolated/allPairs"): (lambda _: [], lambda _: 10),
        }

    def _create(self, call: Call) -> Any:
        new, response_type = parse_new_order(call.params, self._listings)
        order = self._trading.create(new, call.wall_ns)
        return reports.CREATED[response_type](order)

    def _replace(self, call: Call) -> Any:
        new, response_type = parse_new_order(call.params, self._listings)
        which = cancel_params(dict(call.params))
        return replace(
            call.params["cancelReplaceMode"],
            lambda: self._cancel_named(which, call.wall_ns),
            lambda: reports.CREATED[response_type](self._trading.create(new, call.wall_ns)),
        )

    def _test(self, call: Call) -> Any:
        self._trading.check(parse_new_order(call.params, self._listings)[0])
        return {}

    def _query(self, call: Call) -> Any:
        return reports.status(self._find(call.params, call.wall_ns))

    def _cancel(self, call: Call) -> Any:
        return self._cancel_named(call.params, call.wall_ns)

    def _cancel_named(self, params: Mapping[str, str], wall_ns: int) -> Any:
        try:
            order = self._find(params, wall_ns)
        except Refused as refused:
            raise unknown_cancel() from refused
        cancel_id = self._trading.cancel(order, params.get("newClientOrderId", ""), wall_ns)
        return reports.canceled(order, cancel_id)

    def _reduce(self, call: Call) -> Any:
        order = self._find(call.params, call.wall_ns)
        before, (qty_lots, name) = order.client_order_id, parse_reduction(call.params, order)
        self._trading.reduce(order, qty_lots, call.wall_ns, name)
        return reports.reduced(order, before, self._trading.ledger.reports)

    def _cancel_all(self, call: Call) -> Any:
        listing = find_listing(call.params, self._listings)
        orders = self._trading.open_orders(listing.symbol, call.wall_ns)
        if not orders:
            raise unknown_cancel()
        return [reports.canceled(order, self._trading.cancel(order, "", call.wall_ns)) for order in orders]

    def _open_orders(self, call: Call) -> Any:
        symbol = find_listing(call.params, self._listings).symbol if call.params.get("symbol") else None
        return [reports.status(order) for order in self._trading.open_orders(symbol, call.wall_ns)]

    def _all_orders(self, call: Call) -> Any:
        listing = find_listing(call.params, self._listings)
        first = parse_number(call.params, "orderId")
        since, until = interval(call)
        rows = [
            order
            for order in self._trading.of_symbol(listing.symbol, call.wall_ns)
            if order.order_id >= (first or 0) and since <= order.created_ns // 1_000_000 <= until
        ]
        return [reports.status(order) for order in page(call, rows, from_start=first is not None or since > 0)]

    def _my_trades(self, call: Call) -> Any:
        listing = find_listing(call.params, self._listings)
        order_id, from_id = parse_number(call.params, "orderId"), parse_number(call.params, "fromId")
        since, until = interval(call)
        rows = [
            (order, fill)
            for order, fill in self._trading.ledger.executions(listing.symbol, from_id or 0, call.wall_ns)
            if order_id in (None, order.order_id) and since <= fill.ts_ns // 1_000_000 <= until
        ]
        from_start = from_id is not None or since > 0
        return [reports.trade(order, fill) for order, fill in page(call, rows, from_start=from_start)]

    def _account(self, call: Call) -> Any:
        omit_zero = parse_flag(call.params, "omitZeroBalances")
        return reports.account(self._trading.account, self._trading.ledger.updated_ns, omit_zero=omit_zero)

    def _find(self, params: Mapping[str, str], wall_ns: int) -> VenueOrder:
        listing = find_listing(params, self._listings)
        order_id = parse_number(params, "orderId")
        client_order_id = params.get("origClientOrderId", "")
        if order_id is None and not client_order_id:
            raise mandatory("orderId")
        return self._trading.find(listing.symbol, order_id, client_order_id, wall_ns)
