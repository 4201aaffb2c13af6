"""What Bybit says of the account's money: the coins of the unified account, and what they are worth in dollars."""

from agents.paper.bybit.order_rows import Json, money, position_row
from agents.paper.dialect import Floor
from agents.paper.money import E8, Listing

DOLLARS = frozenset({"USDT", "USDC", "USD"})


class BybitWallet:
    """The coins of the floor's account."""

    def __init__(self, floor: Floor) -> None:
        """Tell of the account of `floor`."""
        self._floor = floor

    def row(self) -> Json:
        """Return the whole account."""
        coins = [self.coin(asset) for asset in self._floor.trading.account.balances]
        worth = sum(self._worth_e8(asset) for asset in self._floor.trading.account.balances)
        profit = sum(map(self._profit_e8, self._floor.trading.account.balances))
        margin = sum(held.margin_e8 for held in self._floor.trading.account.positions.values())
        return {
            "accountIMRate": "0",
            "accountMMRate": "0",
            "accountLTV": "0",
            "totalEquity": money(worth + profit),
            "totalWalletBalance": money(worth),
            "totalMarginBalance": money(worth + profit),
            "totalAvailableBalance": money(worth - margin),
            "totalPerpUPL": money(profit),
            "totalInitialMargin": money(margin),
            "totalMaintenanceMargin": money(margin // 20),
            "coin": coins,
            "accountType": "UNIFIED",
        }

    def coin(self, asset: str) -> Json:
        """Return one coin."""
        account = self._floor.trading.account
        held, profit = account.balance(asset), self._profit_e8(asset)
        margin = sum(account.position(each.symbol).margin_e8 for each in self._margined(asset))
        return {
            "coin": asset,
            "equity": money(held.total_e8 + profit),
            "usdValue": money(self._worth_e8(asset)),
            "walletBalance": money(held.total_e8),
            "availableToWithdraw": money(held.free_e8),
            "availableToBorrow": "",
            "borrowAmount": "0",
            "accruedInterest": "0",
            "totalOrderIM": money(max(0, held.locked_e8 - margin)),
            "totalPositionIM": money(margin),
            "totalPositionMM": money(margin // 20),
            "unrealisedPnl": money(profit),
            "cumRealisedPnl": "0",
            "bonus": "0",
            "collateralSwitch": True,
            "marginCollateral": True,
            "locked": money(held.locked_e8 - margin if not self._margined(asset) else 0),
            "spotHedgingQty": "0",
            "spotBorrow": "0",
        }

    def mark_e8(self, listing: Listing) -> int:
        """Return the mark, or the middle of the book."""
        return self._floor.trading.values.mark_e8(listing)

    def position(self, listing: Listing) -> Json:
        """Return a position in a contract, as the stream has it."""
        held = self._floor.trading.account.position(listing.symbol)
        return position_row(listing, held, self.mark_e8(listing), self._floor.trading.values.liquidation_e8(listing))

    def _margined(self, asset: str) -> list[Listing]:
        return [each for each in self._floor.listings.values() if each.margined and each.quote == asset]

    def _profit_e8(self, asset: str) -> int:
        """Return what positions that are settled in a coin would gain if they were closed now."""
        profit = 0
        for listing in self._margined(asset):
            held = self._floor.trading.account.position(listing.symbol)
            if held.qty_lots:
                value = listing.qty_e8(abs(held.qty_lots)) * self.mark_e8(listing) // E8
                profit += (value if held.qty_lots > 0 else -value) - held.cost_e8
        return profit

    def _worth_e8(self, asset: str) -> int:
        held = self._floor.trading.account.balance(asset).total_e8
        if asset in DOLLARS:
            return held
        markets = (each for each in self._floor.listings.values() if each.base == asset and each.quote in DOLLARS)
        listing = next(markets, None)
        return held * self.mark_e8(listing) // E8 if listing is not None else 0
