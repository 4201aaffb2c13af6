"""Net positions in margined contracts, exact: what they cost, what they realised, and the margin that they hold.

Linear contracts, cross margin: a position holds 1/`leverage` of what it cost, and so does the part of an order that would
open more of it. Profit is realised in the quote as a position is closed, against its average cost
(shares of it are rounded down, and a position that is closed wholly leaves nothing over). What is not realised buys nothing
here. A loss beyond the account's money leaves it below zero.
"""

import msgspec

from agents.paper.money import E8, Listing
from schemas.orders import Side

LEVERAGE = 10
"""Until another is asked for."""


class MarginedPosition(msgspec.Struct):
    """One instrument: `qty_lots` is below zero when short; `cost_e8` is what was paid for it, below zero if sold."""

    qty_lots: int = 0
    cost_e8: int = 0
    realized_e8: int = 0
    """Profit of what was closed, before commissions, since the position was last none."""
    fees_e8: int = 0
    funding_e8: int = 0
    """What holding it was paid since then, below zero if it cost."""
    opened_ns: int = 0
    updated_ns: int = 0
    trade_id: int = 0
    leverage: int = LEVERAGE

    @property
    def margin_e8(self) -> int:
        """Return what it holds of the account's money."""
        return self.margin_at(self.leverage)

    def margin_at(self, leverage: int) -> int:
        """Return what it would hold at another leverage."""
        return abs(self.cost_e8) // leverage

    def closable(self, side: Side) -> int:
        """Return how much of it an order of `side` would close."""
        return max(0, -int(side) * self.qty_lots)

    def settle(self, listing: Listing, side: Side, price_ticks: int, qty_lots: int) -> int:
        """Take one execution; return the profit that it realised."""
        closed = min(qty_lots, self.closable(side))
        profit_e8 = 0
        if closed:
            share_e8 = self.cost_e8 * closed // abs(self.qty_lots)
            profit_e8 = -int(side) * listing.notional_e8(price_ticks, closed) - share_e8
            self.qty_lots += side * closed
            self.cost_e8 -= share_e8
            self.realized_e8 += profit_e8
        if opened := qty_lots - closed:
            if not self.qty_lots:
                self.realized_e8 = self.fees_e8 = self.funding_e8 = self.opened_ns = 0
            self.qty_lots += side * opened
            self.cost_e8 += side * listing.notional_e8(price_ticks, opened)
        return profit_e8

    def worth_e8(self, listing: Listing, price_e8: int) -> int:
        """Return what it is worth at a price, below zero when short."""
        return price_e8 * listing.qty_e8(abs(self.qty_lots)) // E8 * (1 if self.qty_lots > 0 else -1)
