"""Orders and fills as the venue keeps them: exact, in ticks and lots, with what is locked for them."""

import msgspec

from agents.paper.money import Listing
from schemas.orders import Side

OPEN_STATUSES = ("NEW", "PARTIALLY_FILLED")


class Fill(msgspec.Struct):
    """One execution of an order; `quote_e8` is price times quantity.

    The commission is in the received asset, or in the quote of a margined contract. `pnl_e8` is what it realised of such a
    position, before the commission. `number` counts all executions of the account from 1.
    """

    trade_id: int
    price_ticks: int
    qty_lots: int
    quote_e8: int
    commission_e8: int
    commission_asset: str
    maker: bool
    ts_ns: int
    number: int = 0
    pnl_e8: int = 0


class Funding(msgspec.Struct, frozen=True):
    """One payment for holding a contract: `amount_e8` of its quote, below zero if it was paid; all numbered from 1.

    `balance_e8` is what there was of the quote afterwards.
    """

    listing: Listing
    amount_e8: int
    rate_e8: int
    mark_e8: int
    qty_lots: int
    ts_ns: int
    number: int
    balance_e8: int


class Moved(msgspec.Struct, frozen=True):
    """One deposit, or withdrawal below zero; all numbered from 1. `balance_e8` is what there was afterwards."""

    asset: str
    amount_e8: int
    ts_ns: int
    number: int
    balance_e8: int


class VenueOrder(msgspec.Struct, eq=False):
    """One order of the account; `locked_e8` is what is still reserved for it.

    `cause` says who ended it, if it was not its owner or its terms.
    """

    order_id: int
    client_order_id: str
    listing: Listing
    side: Side
    type: str
    time_in_force: str
    price_ticks: int
    qty_lots: int
    created_ns: int
    quote_order_e8: int = 0
    status: str = "NEW"
    updated_ns: int = 0
    cum_qty_lots: int = 0
    cum_quote_e8: int = 0
    locked_e8: int = 0
    hidden_until_ns: int = 0
    fills: list[Fill] = []
    reduce_only: bool = False
    tag: str = ""
    cause: str = ""
    origin: str = ""
    """Who had it made, "" the account's owner."""
    leverage: int = 0
    """Of the margined position that it was to change, when it was taken on."""

    @property
    def leaves_qty_lots(self) -> int:
        """Return what is not filled yet."""
        return self.qty_lots - self.cum_qty_lots

    @property
    def open(self) -> bool:
        """Return whether the order may still trade."""
        return self.status in OPEN_STATUSES

    @property
    def locked_asset(self) -> str:
        """Return the asset that the order pays with."""
        return self.listing.quote if self.side == Side.BUY or self.listing.margined else self.listing.base

    @property
    def received_asset(self) -> str:
        """Return the asset that the order pays its commission in: what it receives, the quote of a margined contract."""
        return self.listing.base if self.side == Side.BUY and not self.listing.margined else self.listing.quote
