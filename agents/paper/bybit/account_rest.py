"""Bybit's signed queries: orders, executions, coins, positions, and how the account is set.

(Bybit API v5 documentation, trade, position, account.) Lists are newest first; a cursor names the next page. `realtime` has
the open orders, and by id the last 500 that ended; the history has what ended, some moments late, and forgets after a day
what ended without a fill.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from agents.paper.bybit.answers import Json, envelope, wrong
from agents.paper.bybit.market_writer import LINEAR
from agents.paper.bybit.order_entry import find_listing, number_of, text
from agents.paper.bybit.order_rows import execution_row, funding_row, money, order_row, transfer_row
from agents.paper.bybit.public_rest import category_of
from agents.paper.bybit.rate_limits import QUERIES_MAX, BybitRateLimits
from agents.paper.bybit.wallet import BybitWallet
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.money import Listing
from agents.paper.orders import VenueOrder
from agents.paper.refusals import Refused
from schemas.units import DAY, MS, SECOND

ORDERS_MAX, EXECUTIONS_MAX, POSITIONS_MAX, TRANSACTIONS_MAX = 50, 100, 200, 50
ENDED_KEPT = 500
NEVER_HELD = ("inverse", "option")
"""Categories that the account may be asked for positions in, and has none: nothing of them is listed here."""
HISTORY_LAG_NS = SECOND
HISTORY_NS = {False: DAY, True: 7 * DAY}
"""How long the history knows an order that ended, by whether it had fills."""
WINDOW_MS_MAX = 7 * DAY // MS
Row = TypeVar("Row")


class BybitAccountRest:
    """Handlers of the signed queries, by path; all are GET."""

    def __init__(self, floor: Floor, wallet: BybitWallet, limits: BybitRateLimits) -> None:
        """Answer for the account of `floor`."""
        self._floor = floor
        self._trading = floor.trading
        self._wallet = wallet
        self._limits = limits
        self.routes: dict[str, Callable[[Call], Any]] = {
            "/v5/order/realtime": self._realtime,
            "/v5/order/history": self._history,
            "/v5/execution/list": self._executions,
            "/v5/account/wallet-balance": self._balance,
            "/v5/account/info": self._info,
            "/v5/account/transaction-log": self._transactions,
            "/v5/account/fee-rate": self._fees,
            "/v5/account/query-dcp-info": lambda call: {"dcpInfos": []},
            "/v5/position/list": self._positions,
            "/v5/user/query-api": self._key,
            "/v5/asset/coin/query-info": self._coins,
        }

    def answer(self, call: Call) -> Json:
        """Return the whole answer; raises BybitRefusal for what is wrong with the call."""
        self._limits.charge(call.path, "", QUERIES_MAX, call.wall_ns)
        return envelope(self.routes[call.path](call), call.wall_ms)

    def _realtime(self, call: Call) -> Any:
        category = category_of(call.params)
        if self._names_one(call):
            ended = sorted((o for o in self._of(category, call) if not o.open), key=lambda o: o.updated_ns)
            known = [*(o for o in self._of(category, call) if o.open), *ended[-ENDED_KEPT:]]
            return self._page(call, category, [o for o in known if self._is_named(o, call)], order_row)
        names = [call.params.get(name, "") for name in ("symbol", "baseCoin", "settleCoin")]
        if category == LINEAR and not any(names):
            raise wrong("symbol, baseCoin or settleCoin is required")
        found = [order for order in self._of(category, call) if order.open]
        return self._page(call, category, sorted(found, key=lambda o: -o.order_id), order_row)

    def _history(self, call: Call) -> Any:
        category, (since, until) = category_of(call.params), _window(call)
        found = [
            order
            for order in self._of(category, call)
            if not order.open
            and HISTORY_LAG_NS <= call.wall_ns - order.updated_ns <= HISTORY_NS[bool(order.fills)]
            and since <= order.created_ns // MS <= until
            and (not self._names_one(call) or self._is_named(order, call))
        ]
        return self._page(call, category, sorted(found, key=lambda o: -o.order_id), order_row)

    def _executions(self, call: Call) -> Any:
        category, (since, until) = category_of(call.params), _window(call)
        kind = call.params.get("execType", "")
        found: list[tuple[int, int, Json]] = []
        for order in self._of(category, call):
            if self._names_one(call) and not self._is_named(order, call):
                continue
            leaves = order.qty_lots
            for fill in order.fills:
                leaves -= fill.qty_lots
                if since <= fill.ts_ns // MS <= until:
                    found.append((fill.ts_ns, fill.number, execution_row(order, fill, leaves)))
        if category == LINEAR and not self._names_one(call):
            found += [
                (paid.ts_ns, paid.number, funding_row(paid))
                for paid in self._trading.ledger.fundings
                if since <= paid.ts_ns // MS <= until
                and call.params.get("symbol", "") in ("", paid.listing.venue_symbol)
            ]
        rows = [each[2] for each in sorted(found, key=lambda each: each[:2], reverse=True)]
        rows = [row for row in rows if kind in ("", row["execType"])]
        return self._page(call, category, rows, lambda row: row, EXECUTIONS_MAX)

    def _balance(self, call: Call) -> Any:
        if call.params.get("accountType") != "UNIFIED":
            raise wrong("accountType only support UNIFIED.")
        return {"list": [self._wallet.row()]}

    def _transactions(self, call: Call) -> Any:
        """Return the log of transfers, which are all that is in it here, and only to be seen where they are asked for."""
        if call.params.get("accountType", "UNIFIED") != "UNIFIED":
            raise wrong("accountType only support UNIFIED.")
        (since, until), asset = _window(call), call.params.get("currency", "")
        rows = [
            row
            for moved in reversed(self._trading.ledger.transfers)
            if (row := transfer_row(moved))["type"] == call.params.get("type", "")
            and since <= moved.ts_ns // MS <= until
            and asset in ("", moved.asset)
        ]
        page: Json = self._page(call, "", rows, lambda row: row, TRANSACTIONS_MAX)
        return {"list": page["list"], "nextPageCursor": page["nextPageCursor"]}

    def _positions(self, call: Call) -> Any:
        if call.params.get("category") in NEVER_HELD:
            return {"list": [], "nextPageCursor": "", "category": call.params["category"]}
        category, symbol = category_of(call.params), call.params.get("symbol", "")
        settle = call.params.get("settleCoin", "")
        if category != LINEAR:
            raise wrong("Illegal category")
        if not symbol and not settle:
            raise wrong("symbol or settleCoin is required")
        listings = [find_listing(self._floor, call.params)] if symbol else list(self._floor.listings.values())
        held = [
            each
            for each in listings
            if each.margined
            and settle in ("", each.quote)
            and (symbol or self._trading.account.position(each.symbol).qty_lots)
        ]
        return self._page(call, category, held, self._position, POSITIONS_MAX)

    def _position(self, listing: Listing) -> Json:
        """Return a position as REST has it, where the entry has another name."""
        row = self._wallet.position(listing)
        return {{"entryPrice": "avgPrice"}.get(name, name): value for name, value in row.items() if name != "category"}

    def _info(self, call: Call) -> Any:
        return {
            "marginMode": "REGULAR_MARGIN",
            "updatedTime": str(self._trading.ledger.updated_ns // MS),
            "unifiedMarginStatus": 5,
            "dcpStatus": "OFF",
            "timeWindow": 10,
            "smpGroup": 0,
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
        }

    def _fees(self, call: Call) -> Any:
        category, symbol = category_of(call.params), call.params.get("symbol", "")
        account = self._trading.account
        rates = {"takerFeeRate": money(account.taker_fee_e8), "makerFeeRate": money(account.maker_fee_e8)}
        listed = [each for each in self._floor.listings.values() if each.category == category]
        rows = [{"symbol": each.venue_symbol, **rates} for each in listed if symbol in ("", each.venue_symbol)]
        return {"list": rows}

    def _key(self, call: Call) -> Any:
        """Return the rights of the key: it trades, and withdraws nothing."""
        rights = {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"], "Wallet": [], "Options": []}
        return {"id": "1", "note": "paper", "readOnly": 0, "permissions": rights, "userID": 1, "uta": 1, "ips": ["*"]}

    def _coins(self, call: Call) -> Any:
        """Return the coins of the listings, each on one chain that takes and gives out nothing."""
        names = {name for each in self._floor.listings.values() for name in (each.base, each.quote)}
        asked = call.params.get("coin", "")
        return {"rows": [_coin(name) for name in sorted(names) if asked in ("", name)]}

    def _of(self, category: str, call: Call) -> Iterable[VenueOrder]:
        """Yield the orders of a category, of the symbol and coins that a call names, that are to be seen."""
        asked = {name: call.params.get(name, "") for name in ("symbol", "baseCoin", "settleCoin")}
        for listing in self._floor.listings.values():
            own = (listing.venue_symbol, listing.base, listing.quote)
            if listing.category == category and all(
                text_ in ("", each) for text_, each in zip(asked.values(), own, strict=True)
            ):
                yield from self._trading.of_symbol(listing.symbol, call.wall_ns)

    def _names_one(self, call: Call) -> bool:
        return bool(call.params.get("orderId") or call.params.get("orderLinkId"))

    def _is_named(self, order: VenueOrder, call: Call) -> bool:
        name, link = text(call.params, "orderId"), text(call.params, "orderLinkId")
        try:
            return (number_of(order.listing, name) == order.order_id) if name else order.client_order_id == link
        except Refused:
            return False

    def _page(
        self, call: Call, category: str, rows: list[Row], shape: Callable[[Row], Json], most: int = ORDERS_MAX
    ) -> Json:
        """Return the rows behind the cursor of a call, and the cursor of those behind them."""
        limit, begin = call.params.get("limit", ""), unquote(call.params.get("cursor", "")).removeprefix("page:")
        if not all(not each or (each.isascii() and each.isdigit() and len(each) < 9) for each in (limit, begin)):
            raise wrong("limit or cursor invalid")
        count, first = min(int(limit or 20), most), int(begin or 0)
        following = quote(f"page:{first + count}") if first + count < len(rows) else ""
        page = [shape(row) for row in rows[first : first + count]]
        return {"list": page, "nextPageCursor": following, "category": category}


def _coin(name: str) -> Json:
    chain = {
        "chainType": name,
        "confirmation": "1",
        "withdrawFee": "",
        "depositMin": "0",
        "withdrawMin": "0",
        "chain": name,
        "chainDeposit": "0",
        "chainWithdraw": "0",
        "minAccuracy": "8",
        "withdrawPercentageFee": "0",
        "contractAddress": "",
        "safeConfirmNumber": "1",
    }
    return {"name": name, "coin": name, "remainAmount": "0", "chains": [chain]}


def _window(call: Call) -> tuple[int, int]:
    """Return the window of time that a call names, in milliseconds; without any, all."""
    since, until = call.params.get("startTime", ""), call.params.get("endTime", "")
    if not all(not each or (each.isascii() and each.isdigit() and len(each) < 18) for each in (since, until)):
        raise wrong("startTime or endTime invalid")
    if since and until and int(until) - int(since) > WINDOW_MS_MAX:
        raise wrong("The time range between startTime and endTime cannot exceed 7 days.")
    first = int(since) if since else (int(until) - WINDOW_MS_MAX if until else 0)
    return first, int(until) if until else (first + WINDOW_MS_MAX if since else 1 << 62)
