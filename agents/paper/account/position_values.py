"""What margined positions are worth at the mark: profit that is not realised, maintenance margin, price of liquidation.

The mark is what the market tells, and the middle of the book where it tells none. One asset's positions stand together
(cross margin): the account's money in it, with what they would realise, must be above the maintenance margin,
`MAINTENANCE_E8` of their worth; the price of liquidation of one is where it no longer is, were nothing else to move.
"""

from collections.abc import Mapping

from agents.paper.account.balances import Balances
from agents.paper.market.market import VenueMarket
from agents.paper.money import E8, Listing, parse_e8

MAINTENANCE_E8 = E8 // 200
"""What a position must be worth to the account, as a share of its worth."""
STRAINED_E8 = E8 * 8 // 10
"""What share of its money an account must keep that is called for margin."""


class PositionValues:
    """The account's positions at the marks of the market."""

    def __init__(self, account: Balances, listings: Mapping[str, Listing], market: VenueMarket) -> None:
        """Value what `account` holds of `listings`."""
        self._account = account
        self._listings = listings
        self._market = market

    def mark_e8(self, listing: Listing) -> int:
        """Return the mark, 0 as long as none was told and the book has not both sides, or if it is not recorded."""
        if listing.symbol not in self._market.symbols:
            return 0
        told = self._market.mark(listing.symbol)
        if told is not None and told.price_e8:
            return told.price_e8
        view = self._market.depth(listing.symbol, 1)
        return (parse_e8(view.bids[0][0]) + parse_e8(view.asks[0][0])) // 2 if view.bids and view.asks else 0

    def margined(self, asset: str) -> list[Listing]:
        """Return the contracts that are settled in `asset`."""
        return [each for each in self._listings.values() if each.margined and each.quote == asset]

    def worth_e8(self, listing: Listing) -> int:
        """Return what the position is worth, below zero when short."""
        return self._account.position(listing.symbol).worth_e8(listing, self.mark_e8(listing))

    def profit_e8(self, listing: Listing) -> int:
        """Return what the position would realise now."""
        held = self._account.position(listing.symbol)
        return held.worth_e8(listing, self.mark_e8(listing)) - held.cost_e8 if held.qty_lots else 0

    def maintenance_e8(self, listing: Listing) -> int:
        """Return the maintenance margin of the position."""
        return abs(self.worth_e8(listing)) * MAINTENANCE_E8 // E8

    def margin_e8(self, asset: str) -> int:
        """Return what the positions that are settled in an asset hold of it."""
        return sum(self._account.position(each.symbol).margin_e8 for each in self.margined(asset))

    def total_profit_e8(self, asset: str) -> int:
        """Return what all positions that are settled in an asset would realise now."""
        return sum(map(self.profit_e8, self.margined(asset)))

    def total_maintenance_e8(self, asset: str) -> int:
        """Return the maintenance margin of all positions that are settled in an asset."""
        return sum(map(self.maintenance_e8, self.margined(asset)))

    def exhausted(self, asset: str) -> bool:
        """Return whether the account has less of an asset than its positions must keep."""
        needed_e8 = self.total_maintenance_e8(asset)
        return needed_e8 > 0 and self._account.balance(asset).total_e8 + self.total_profit_e8(asset) < needed_e8

    def strained(self, asset: str) -> bool:
        """Return whether the account has so little of an asset that most of it must be kept."""
        needed_e8 = self.total_maintenance_e8(asset)
        has_e8 = self._account.balance(asset).total_e8 + self.total_profit_e8(asset)
        return needed_e8 > 0 and has_e8 * STRAINED_E8 < needed_e8 * E8

    def liquidation_e8(self, listing: Listing) -> int:
        """Return the price of liquidation in whole ticks, 0 if there is none above zero."""
        held = self._account.position(listing.symbol)
        base_e8 = listing.qty_e8(abs(held.qty_lots))
        if not base_e8:
            return 0
        others = [each for each in self.margined(listing.quote) if each is not listing]
        money_e8 = self._account.balance(listing.quote).total_e8
        money_e8 += sum(self.profit_e8(each) - self.maintenance_e8(each) for each in others)
        sign = 1 if held.qty_lots > 0 else -1
        per_unit_e8 = base_e8 * (E8 - sign * MAINTENANCE_E8) // E8
        price_e8 = sign * (held.cost_e8 - money_e8) * E8 // per_unit_e8
        return max(0, price_e8 // listing.tick_e8 * listing.tick_e8)
