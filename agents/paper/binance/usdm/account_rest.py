"""USDT-M's signed queries of the account: money, positions, how they are held, and what was booked.

(Derivatives documentation, USDT-M, account; wallet documentation, API key permission.) What the wallet is asked for is what
an unmodified ccxt asks when it loads markets with a key.
"""

from typing import Any

import msgspec

from agents.paper.account.position_values import MAINTENANCE_E8
from agents.paper.binance.catalog import assets
from agents.paper.binance.paging import interval, page
from agents.paper.binance.protocol import Handler, Routes, Weight
from agents.paper.binance.rate_limits import USDM_LIMITS
from agents.paper.binance.usdm.account_rows import LEVERAGE_MAX, NOTIONAL_MAX, UsdmAccountRows
from agents.paper.binance.usdm.entry import find_listing
from agents.paper.binance.usdm.order_rows import Json, amount
from agents.paper.call import Call
from agents.paper.dialect import Floor
from agents.paper.money import E8, Listing, format_e8
from agents.paper.orders import Funding
from schemas.units import DAY, MS

WEEK_MS = 7 * DAY // MS


class UsdmAccountRest:
    """Handlers of the signed queries, by method and path."""

    def __init__(self, floor: Floor, rows: UsdmAccountRows) -> None:
        """Answer for the account of `floor`."""
        self._floor = floor
        self._rows = rows
        self.routes: Routes = {("GET", path): (handler, _weighs(weight)) for path, handler, weight in self._table()}

    def _table(self) -> list[tuple[str, Handler, int]]:
        return [
            ("/fapi/v2/account", lambda _: self._rows.account(2), 5),
            ("/fapi/v3/account", lambda _: self._rows.account(3), 5),
            ("/fapi/v2/balance", self._balances, 5),
            ("/fapi/v3/balance", self._balances, 5),
            ("/fapi/v2/positionRisk", self._positions_v2, 5),
            ("/fapi/v3/positionRisk", self._positions_v3, 5),
            ("/fapi/v1/accountConfig", self._account_config, 5),
            ("/fapi/v1/symbolConfig", self._symbol_config, 5),
            ("/fapi/v1/leverageBracket", self._brackets, 1),
            ("/fapi/v1/commissionRate", self._commission, 20),
            ("/fapi/v1/income", self._income, 30),
            ("/fapi/v1/rateLimit/order", lambda _: [msgspec.structs.asdict(each) for each in USDM_LIMITS[1:]], 1),
            ("/sapi/v1/account/apiRestrictions", self._rights, 1),
            ("/sapi/v1/capital/config/getall", lambda _: assets(list(self._floor.listings.values())), 10),
            ("/sapi/v1/margin/allPairs", lambda _: [], 1),
            ("/sapi/v1/margin/isolated/allPairs", lambda _: [], 10),
        ]

    def _balances(self, _: Call) -> Any:
        return [self._rows.balance(asset) for asset in self._rows.margin_assets()]

    def _positions_v2(self, call: Call) -> Any:
        return [self._rows.position_risk(each, 2) for each in self._named(call, self._rows.contracts())]

    def _positions_v3(self, call: Call) -> Any:
        return [self._rows.position_risk(each, 3) for each in self._named(call, self._rows.touched())]

    def _account_config(self, _: Call) -> Any:
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": False,
            "canWithdraw": False,
            "dualSidePosition": False,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def _symbol_config(self, call: Call) -> Any:
        return [
            {
                "symbol": listing.venue_symbol,
                "marginType": "CROSSED",
                "isAutoAddMargin": False,
                "leverage": self._floor.trading.account.position(listing.symbol).leverage,
                "maxNotionalValue": NOTIONAL_MAX,
            }
            for listing in self._named(call, self._rows.contracts())
        ]

    def _brackets(self, call: Call) -> Any:
        """Return one bracket for each symbol: leverage and maintenance margin are the same for any size here."""
        bracket = {
            "bracket": 1,
            "initialLeverage": LEVERAGE_MAX,
            "notionalCap": int(NOTIONAL_MAX),
            "notionalFloor": 0,
            "maintMarginRatio": MAINTENANCE_E8 / E8,
            "cum": 0.0,
        }
        rows = [
            {"symbol": each.venue_symbol, "brackets": [bracket]} for each in self._named(call, self._rows.contracts())
        ]
        return rows[0] if call.params.get("symbol") else rows

    def _commission(self, call: Call) -> Any:
        account = self._floor.trading.account
        return {
            "symbol": find_listing(call.params, self._floor).venue_symbol,
            "makerCommissionRate": amount(account.maker_fee_e8),
            "takerCommissionRate": amount(account.taker_fee_e8),
        }

    def _income(self, call: Call) -> Any:
        """Return what was booked, oldest first; without a time the last week."""
        since, until = interval(call)
        since = since or call.wall_ms - WEEK_MS
        kind = call.params.get("incomeType", "")
        named = {each.venue_symbol for each in self._named(call, self._rows.contracts())}
        rows = [
            row
            for row in self._booked()
            if since <= row["time"] <= until
            and kind in ("", row["incomeType"])
            and (not call.params.get("symbol") or row["symbol"] in named)
        ]
        return page(call, rows, from_start=bool(call.params.get("startTime")), usual=100)

    def _booked(self) -> list[Json]:
        rows: list[Json] = []
        for order in self._floor.trading.orders.values():
            for fill in order.fills:
                moved = [("COMMISSION", -fill.commission_e8)]
                if fill.pnl_e8:
                    moved.insert(0, ("REALIZED_PNL", fill.pnl_e8))
                rows += [
                    _income_row(order.listing, kind, amount_e8, fill.ts_ns, 2 * fill.number + number, fill.trade_id)
                    for number, (kind, amount_e8) in enumerate(moved)
                    if order.listing.margined
                ]
        rows += [_funding_row(each) for each in self._floor.trading.ledger.fundings]
        return sorted(rows, key=lambda row: (row["time"], row["tranId"]))

    def _rights(self, _: Call) -> Any:
        """Return what the key may do: read, and trade futures."""
        no = dict.fromkeys(
            (
                "enableWithdrawals",
                "enableInternalTransfer",
                "enableMargin",
                "permitsUniversalTransfer",
                "enableVanillaOptions",
                "enableFixApiTrade",
                "enableFixReadOnly",
                "enableSpotAndMarginTrading",
                "enablePortfolioMarginTrading",
            ),
            False,
        )
        return {"ipRestrict": False, "createTime": 0, "enableReading": True} | no | {"enableFutures": True}

    def _named(self, call: Call, listings: list[Listing]) -> list[Listing]:
        """Return the contracts of `listings`, or the one that a call names, whether it is among them or not."""
        return [find_listing(call.params, self._floor)] if call.params.get("symbol") else listings


def _weighs(weight: int) -> Weight:
    return lambda _: weight


def _funding_row(paid: Funding) -> Json:
    return {
        "symbol": paid.listing.venue_symbol,
        "incomeType": "FUNDING_FEE",
        "income": format_e8(paid.amount_e8),
        "asset": paid.listing.quote,
        "info": "FUNDING_FEE",
        "time": paid.ts_ns // MS,
        "tranId": paid.number,
        "tradeId": "",
    }


def _income_row(listing: Listing, kind: str, amount_e8: int, ts_ns: int, number: int, trade_id: int) -> Json:
    return {
        "symbol": listing.venue_symbol,
        "incomeType": kind,
        "income": format_e8(amount_e8),
        "asset": listing.quote,
        "info": str(trade_id),
        "time": ts_ns // MS,
        "tranId": number,
        "tradeId": str(trade_id),
    }
