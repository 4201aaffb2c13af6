"""The account as USDT-M tells it: assets, positions, and the event of what has changed.

(Derivatives documentation, USDT-M: account, balance and position information, versions 2 and 3; ACCOUNT_UPDATE.)
One-way mode, cross margin, single-asset mode. Margin is what the account holds back for a position, at what it cost.
"""

from typing import Any

from agents.paper.account.positions import MarginedPosition
from agents.paper.binance.usdm.order_rows import amount
from agents.paper.dialect import Floor
from agents.paper.money import E8, Listing, format_e8
from schemas.units import MS

Json = dict[str, Any]
ALIAS = "SgsRmQfWpaper"
"""The account's code, by which it can be told from others."""
LEVERAGE_MAX = 125
NOTIONAL_MAX = "1000000000"
ZERO = "0.00000000"


class UsdmAccountRows:
    """Rows made of what the floor holds."""

    def __init__(self, floor: Floor) -> None:
        """Tell of the account of `floor`."""
        self._floor = floor
        self._account = floor.trading.account
        self._values = floor.trading.values

    def margin_assets(self) -> list[str]:
        """Return the assets that contracts are settled in, or that the account holds."""
        settled = (each.quote for each in self.contracts())
        return list(
            dict.fromkeys([*settled, *(name for name, each in self._account.balances.items() if each.total_e8)])
        )

    def contracts(self) -> list[Listing]:
        """Return all contracts."""
        return [each for each in self._floor.listings.values() if each.margined]

    def touched(self) -> list[Listing]:
        """Return the contracts that the account has a position or an open order in."""
        ordered = {order.listing.symbol for order in self._floor.trading.open_orders(None, 1 << 62)}
        return [each for each in self.contracts() if self._held(each).qty_lots or each.symbol in ordered]

    def balance(self, asset: str, *, available: bool = True) -> Json:
        """Return one row of the balances."""
        held = self._account.balance(asset)
        row = {
            "accountAlias": ALIAS,
            "asset": asset,
            "balance": format_e8(held.total_e8),
            "crossWalletBalance": format_e8(held.total_e8),
            "crossUnPnl": format_e8(self._values.total_profit_e8(asset)),
            "availableBalance": format_e8(held.free_e8),
            "maxWithdrawAmount": format_e8(max(0, held.free_e8)),
        }
        return row | {"marginAvailable": available, "updateTime": self._updated_ms()}

    def account(self, version: int) -> Json:
        """Return the whole account, as one version of the endpoint has it."""
        assets = self.margin_assets()
        head: Json = {}
        if version == 2:
            head = {
                "feeTier": 0,
                "canTrade": True,
                "canDeposit": False,
                "canWithdraw": False,
                "updateTime": 0,
                "multiAssetsMargin": False,
                "tradeGroupId": -1,
            }
            positions = [self._position_v2(each) for each in self.contracts()]
        else:
            positions = [self._position_v3(each) for each in self.touched()]
        settled = list(dict.fromkeys(each.quote for each in self.contracts()))
        rows = [self._asset(asset, version) for asset in assets]
        return {**head, **self._totals(settled), "assets": rows, "positions": positions}

    def position_risk(self, listing: Listing, version: int) -> Json:
        """Return one row of the position information, as one version of the endpoint has it."""
        held, worth_e8 = self._held(listing), self._values.worth_e8(listing)
        liquidation_e8, mark_e8 = self._values.liquidation_e8(listing), self._values.mark_e8(listing)
        row: Json = {
            "symbol": listing.venue_symbol,
            "positionAmt": position_text(listing, held),
            "entryPrice": entry_text(listing, held),
            "markPrice": format_e8(mark_e8),
            "unRealizedProfit": format_e8(self._values.profit_e8(listing)),
            "liquidationPrice": amount(liquidation_e8),
        }
        if version == 2:
            return row | {
                "leverage": str(held.leverage),
                "maxNotionalValue": NOTIONAL_MAX,
                "marginType": "cross",
                "isolatedMargin": ZERO,
                "isAutoAddMargin": "false",
                "positionSide": "BOTH",
                "notional": amount(worth_e8),
                "isolatedWallet": "0",
                "updateTime": held.updated_ns // MS,
                "breakEvenPrice": break_even_text(listing, held),
            }
        order_margin_e8 = self._order_margin_e8(listing)
        placed: Json = {"symbol": "", "positionSide": "BOTH", "positionAmt": "", "entryPrice": ""}
        placed |= {"breakEvenPrice": break_even_text(listing, held)} | row
        return placed | {
            "isolatedMargin": "0",
            "notional": amount(worth_e8),
            "marginAsset": listing.quote,
            "isolatedWallet": "0",
            "initialMargin": amount(held.margin_e8 + order_margin_e8),
            "maintMargin": amount(self._values.maintenance_e8(listing)),
            "positionInitialMargin": amount(held.margin_e8),
            "openOrderInitialMargin": amount(order_margin_e8),
            "adl": 1 if held.qty_lots else 0,
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": held.updated_ns // MS,
        }

    def changed_asset(self, asset: str, change_e8: int = 0) -> Json:
        """Return a balance in the event of what has changed; `change_e8` is what neither trading nor commissions did."""
        total = format_e8(self._account.balance(asset).total_e8)
        return {"a": asset, "wb": total, "cw": total, "bc": amount(change_e8)}

    def changed_position(self, listing: Listing) -> Json:
        """Return a position in the event of what has changed."""
        held = self._held(listing)
        return {
            "s": listing.venue_symbol,
            "pa": position_text(listing, held),
            "ep": entry_text(listing, held),
            "bep": break_even_text(listing, held),
            "cr": format_e8(held.realized_e8),
            "up": format_e8(self._values.profit_e8(listing)),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
        }

    def called_position(self, listing: Listing) -> Json:
        """Return a position in the event of a margin call."""
        return {
            "s": listing.venue_symbol,
            "ps": "BOTH",
            "pa": position_text(listing, self._held(listing)),
            "mt": "CROSSED",
            "iw": "0",
            "mp": format_e8(self._values.mark_e8(listing)),
            "up": format_e8(self._values.profit_e8(listing)),
            "mm": format_e8(self._values.maintenance_e8(listing)),
        }

    def _held(self, listing: Listing) -> MarginedPosition:
        return self._account.position(listing.symbol)

    def _updated_ms(self) -> int:
        return self._floor.trading.ledger.updated_ns // MS

    def _order_margin_e8(self, listing: Listing) -> int:
        orders = self._floor.trading.open_orders(listing.symbol, 1 << 62)
        return sum(order.locked_e8 for order in orders)

    def _totals(self, assets: list[str]) -> Json:
        """Return the sums over the assets that contracts are settled in, each taken for a dollar."""
        wallet = sum(self._account.balance(each).total_e8 for each in assets)
        profit = sum(map(self._values.total_profit_e8, assets))
        margin = sum(map(self._values.margin_e8, assets))
        locked = sum(self._account.balance(each).locked_e8 for each in assets)
        free = format_e8(sum(self._account.balance(each).free_e8 for each in assets))
        return {
            "totalInitialMargin": format_e8(locked),
            "totalMaintMargin": format_e8(sum(map(self._values.total_maintenance_e8, assets))),
            "totalWalletBalance": format_e8(wallet),
            "totalUnrealizedProfit": format_e8(profit),
            "totalMarginBalance": format_e8(wallet + profit),
            "totalPositionInitialMargin": format_e8(margin),
            "totalOpenOrderInitialMargin": format_e8(locked - margin),
            "totalCrossWalletBalance": format_e8(wallet),
            "totalCrossUnPnl": format_e8(profit),
            "availableBalance": free,
            "maxWithdrawAmount": free,
        }

    def _asset(self, asset: str, version: int) -> Json:
        held, profit = self._account.balance(asset), self._values.total_profit_e8(asset)
        margin, free = self._values.margin_e8(asset), format_e8(held.free_e8)
        row: Json = {
            "asset": asset,
            "walletBalance": format_e8(held.total_e8),
            "unrealizedProfit": format_e8(profit),
            "marginBalance": format_e8(held.total_e8 + profit),
            "maintMargin": format_e8(self._values.total_maintenance_e8(asset)),
            "initialMargin": format_e8(held.locked_e8),
            "positionInitialMargin": format_e8(margin),
            "openOrderInitialMargin": format_e8(held.locked_e8 - margin),
            "crossWalletBalance": format_e8(held.total_e8),
            "crossUnPnl": format_e8(profit),
            "availableBalance": free,
            "maxWithdrawAmount": free,
        }
        return row | ({"marginAvailable": True} if version == 2 else {}) | {"updateTime": self._updated_ms()}

    def _position_v2(self, listing: Listing) -> Json:
        held, order_margin_e8 = self._held(listing), self._order_margin_e8(listing)
        return {
            "symbol": listing.venue_symbol,
            "initialMargin": amount(held.margin_e8 + order_margin_e8),
            "maintMargin": amount(self._values.maintenance_e8(listing)),
            "unrealizedProfit": format_e8(self._values.profit_e8(listing)),
            "positionInitialMargin": amount(held.margin_e8),
            "openOrderInitialMargin": amount(order_margin_e8),
            "leverage": str(held.leverage),
            "isolated": False,
            "entryPrice": entry_text(listing, held),
            "maxNotional": NOTIONAL_MAX,
            "bidNotional": "0",
            "askNotional": "0",
            "positionSide": "BOTH",
            "positionAmt": position_text(listing, held),
            "updateTime": held.updated_ns // MS,
        }

    def _position_v3(self, listing: Listing) -> Json:
        held = self._held(listing)
        return {
            "symbol": listing.venue_symbol,
            "positionSide": "BOTH",
            "positionAmt": position_text(listing, held),
            "unrealizedProfit": format_e8(self._values.profit_e8(listing)),
            "isolatedMargin": ZERO,
            "notional": amount(self._values.worth_e8(listing)),
            "isolatedWallet": "0",
            "initialMargin": amount(held.margin_e8 + self._order_margin_e8(listing)),
            "maintMargin": amount(self._values.maintenance_e8(listing)),
            "updateTime": held.updated_ns // MS,
        }


def position_text(listing: Listing, held: MarginedPosition) -> str:
    """Return how much is held, below zero when short."""
    size = listing.qty.format(abs(held.qty_lots))
    return f"-{size}" if held.qty_lots < 0 else size


def entry_text(listing: Listing, held: MarginedPosition) -> str:
    """Return the average price of a position, zero if there is none."""
    return _per_unit(listing, held, abs(held.cost_e8))


def break_even_text(listing: Listing, held: MarginedPosition) -> str:
    """Return the price at which closing a position would realise what its commissions were."""
    sign = 1 if held.qty_lots > 0 else -1
    return _per_unit(listing, held, abs(held.cost_e8) + sign * held.fees_e8)


def _per_unit(listing: Listing, held: MarginedPosition, value_e8: int) -> str:
    base_e8 = listing.qty_e8(abs(held.qty_lots))
    text = amount(value_e8 * E8 // base_e8) if base_e8 else "0"
    return text if "." in text else f"{text}.0"
