"""OKX's signed queries: orders, executions, balances, positions and how the account is set.

(OKX v5 documentation, order book trading, trading account.) Lists are newest first: orders page by their ids, executions by
those of their bookings (`billId`); `after` asks for older ones, `before` for newer ones.
"""

from collections.abc import Callable, Iterable
from typing import Any

from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.money import Listing
from agents.paper.okx.account_rows import OkxAccountRows
from agents.paper.okx.answers import Json, answer, wrong
from agents.paper.okx.order_entry import find_listing, find_order, refusal_of
from agents.paper.okx.order_rows import STATES, fill_row, funding_bill, kind_of, order_row, transfer_bill
from agents.paper.okx.rate_limits import OkxRateLimits
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused
from schemas.units import DAY

ROWS_MAX = 100
WEEK_NS, ARCHIVE_NS, FILLS_NS = 7 * DAY, 90 * DAY, 3 * DAY
Handler = Callable[[Call], list[Any]]


class OkxAccountRest:
    """Handlers of the signed queries, by path; all are GET. With each, how many are answered in two seconds."""

    def __init__(self, floor: Floor, rows: OkxAccountRows, limits: OkxRateLimits) -> None:
        """Answer for the account of `floor`."""
        self._floor = floor
        self._trading = floor.trading
        self._rows = rows
        self._limits = limits
        self.routes: dict[str, tuple[Handler, int]] = {
            "/api/v5/trade/order": (self._order, 60),
            "/api/v5/trade/orders-pending": (self._pending, 60),
            "/api/v5/trade/orders-history": (lambda call: self._history(call, WEEK_NS), 40),
            "/api/v5/trade/orders-history-archive": (lambda call: self._history(call, ARCHIVE_NS), 20),
            "/api/v5/trade/fills": (lambda call: self._fills(call, FILLS_NS), 60),
            "/api/v5/trade/fills-history": (lambda call: self._fills(call, ARCHIVE_NS), 10),
            "/api/v5/account/balance": (self._balance, 10),
            "/api/v5/account/positions": (self._positions, 10),
            "/api/v5/account/config": (lambda call: [rows.configuration()], 5),
            "/api/v5/account/leverage-info": (self._leverage, 20),
            "/api/v5/account/bills": (self._bills, 10),
            "/api/v5/account/bills-archive": (self._bills, 5),
            "/api/v5/asset/currencies": (self._currencies, 12),
        }

    def answer(self, call: Call) -> Json:
        """Return the whole answer; raises OkxRefusal for what is wrong with the call."""
        handler, most = self.routes[call.path]
        of = call.params.get("instId", "") if call.path == "/api/v5/trade/order" else ""
        self._limits.charge(call.path, of, most, call.wall_ns)
        return answer(handler(call))

    def _order(self, call: Call) -> list[Any]:
        listing = find_listing(self._floor, call.params.get("instId", ""))
        try:
            return [order_row(find_order(self._trading, listing, call.params, call.wall_ns))]
        except Refused as refused:
            raise refusal_of(refused, listing, "", "query") from refused

    def _pending(self, call: Call) -> list[Any]:
        orders = [each for each in self._trading.open_orders(None, call.wall_ns) if self._asked(call, each)]
        return [row for _, row in self._page(call, ((int(row["ordId"]), row) for row in map(order_row, orders)))]

    def _history(self, call: Call, for_ns: int) -> list[Any]:
        """Return orders that have ended."""
        orders = [
            each
            for symbol in self._floor.listings
            for each in self._trading.of_symbol(symbol, call.wall_ns)
            if not each.open and each.updated_ns >= call.wall_ns - for_ns and self._asked(call, each)
        ]
        return [row for _, row in self._page(call, ((int(row["ordId"]), row) for row in map(order_row, orders)))]

    def _fills(self, call: Call, for_ns: int) -> list[Any]:
        numbered = call.params.get("ordId", "")
        rows = (
            fill_row(order, fill)
            for symbol in self._floor.listings
            for order in self._trading.of_symbol(symbol, call.wall_ns)
            if self._of_kind(call, order.listing)
            for fill in order.fills
            if fill.ts_ns >= call.wall_ns - for_ns
        )
        first, last = (_number(call, name) for name in ("begin", "end"))
        shown = (
            (int(row["billId"]), row)
            for row in rows
            if numbered in ("", row["ordId"])
            and (first is None or int(row["ts"]) >= first)
            and (last is None or int(row["ts"]) <= last)
        )
        return [row for _, row in self._page(call, shown)]

    def _balance(self, call: Call) -> list[Any]:
        asked = call.params.get("ccy", "")
        return [self._rows.balance(asked.split(",") if asked else None, call.wall_ms)]

    def _positions(self, call: Call) -> list[Any]:
        if call.params.get("instType", "SWAP") not in ("SWAP", "MARGIN", "FUTURES", "OPTION"):
            raise wrong("instType")
        names = [name for name in call.params.get("instId", "").split(",") if name]
        held = self._rows.positions(closed=names[0] if len(names) == 1 else "")
        if call.params.get("instType", "SWAP") != "SWAP":
            return []
        return [
            self._rows.position(listing, each) for listing, each in held if listing.venue_symbol in names or not names
        ]

    def _leverage(self, call: Call) -> list[Any]:
        listings = [find_listing(self._floor, name) for name in call.params.get("instId", "").split(",")]
        if not all(each.margined for each in listings):
            raise wrong("instId")
        mode = call.params.get("mgnMode", "cross")
        return [leverage_row(self._floor, each) for each in listings] if mode == "cross" else []

    def _bills(self, call: Call) -> list[Any]:
        """Return bookings of a week; those of funding and of transfers are all that is told of them."""
        begin, kind = _number(call, "begin") or call.wall_ms - WEEK_NS // 1_000_000, call.params.get("type", "")
        end = _number(call, "end")
        ledger, named = self._trading.ledger, call.params.get("instType", "") or call.params.get("instId", "")
        found = [funding_bill(each) for each in ledger.fundings if self._of_kind(call, each.listing)]
        found += [] if named else [transfer_bill(each) for each in ledger.transfers]
        rows = [
            (int(row["billId"]), row)
            for row in found
            if kind in ("", row["type"]) and begin <= int(row["ts"]) and (end is None or int(row["ts"]) <= end)
        ]
        return [row for _, row in self._page(call, rows)]

    def _currencies(self, call: Call) -> list[Any]:
        """Return the coins of the listings; none of them moves in or out."""
        listings = self._floor.listings.values()
        names = sorted({name for each in listings for name in (each.base, each.quote)})
        asked = [name for name in call.params.get("ccy", "").split(",") if name]
        return [_currency(name) for name in names if name in asked or not asked]

    def _asked(self, call: Call, order: VenueOrder) -> bool:
        row_state = STATES.get(order.status, "canceled")
        return self._of_kind(call, order.listing) and call.params.get("state", row_state) == row_state

    def _of_kind(self, call: Call, listing: Listing) -> bool:
        kind, symbol = call.params.get("instType", ""), call.params.get("instId", "")
        return kind in ("", kind_of(listing)) and symbol in ("", listing.venue_symbol)

    def _page(self, call: Call, rows: Iterable[tuple[int, Json]]) -> list[tuple[int, Json]]:
        """Return the rows between `after` and `before`, newest first; with `before` alone, the oldest of them."""
        after, before = _number(call, "after"), _number(call, "before")
        limit = min(_number(call, "limit") or ROWS_MAX, ROWS_MAX)
        shown = sorted(
            (each for each in rows if (after is None or each[0] < after) and (before is None or each[0] > before)),
            key=lambda each: -each[0],
        )
        return shown[-limit:] if before is not None and after is None else shown[:limit]


def leverage_row(floor: Floor, listing: Listing) -> Json:
    """Return the leverage of positions in a contract."""
    leverage = str(floor.trading.account.position(listing.symbol).leverage)
    return {"ccy": "", "instId": listing.venue_symbol, "lever": leverage, "mgnMode": "cross", "posSide": "net"}


def _currency(name: str) -> Json:
    shut = dict.fromkeys(("canDep", "canInternal", "canWd"), False)
    empty = dict.fromkeys(("depQuotaFixed", "fee", "logoLink", "maxFee", "maxWd", "minDep", "minFee", "minWd"), "")
    named: Json = {"ccy": name, "chain": f"{name}-{name}", "mainNet": True, "name": name, "wdTickSz": "8"}
    return dict(sorted((shut | empty | named).items()))


def _number(call: Call, name: str) -> int | None:
    text = call.params.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise wrong(name)
    return int(text) if text else None
