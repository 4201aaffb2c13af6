"""What a venue states about an account: orders, fills, balances, positions and funding, and what a REST reply proves.

A reply to a request that changes something is one of six things. UNKNOWN proves nothing: whoever asked treats it as "may
have happened" until the venue says otherwise. TAKEN proves that the request arrived, and no more: what became of it is told
by the private stream, or by a query.

States, sides and reasons of orders are plain numbers here, those of `schemas.orders`. This file is compiled (`reports.pxd`
has the C types).
"""

from enum import IntEnum
from typing import Any

import msgspec

from schemas.errors import VenueError

FUNDING_ID_MAX = 100


class CallResult(IntEnum):
    """What a reply to a create, a cancel or a query proves."""

    ACCEPTED = 1
    """Done, and the verdict has the order as it stands; of other calls: the body is what was asked for."""
    REFUSED = 2
    NOT_SENT = 3
    NOT_FOUND = 4
    UNKNOWN = 5
    TAKEN = 6
    """Taken on for processing; the verdict has the venue's id of the order, if it was given."""


class OrderReport:
    """An order as the venue states it at one moment, from its private stream or from REST."""

    def __init__(
        self,
        instrument_id: int,
        client_order_id: str,
        venue_order_id: str,
        status: int,
        side: int,
        qty_lots: int,
        price_ticks: int,
        time_in_force: int,
        cum_qty_lots: int,
        ts_event_ns: int,
        reason: int = 0,
        text: str = "",
    ) -> None:
        """Take what the venue said; unchangeable from then on."""
        self.instrument_id = instrument_id
        self.client_order_id = client_order_id
        self.venue_order_id = venue_order_id
        self.status = status
        self.side = side
        self.qty_lots = qty_lots
        self.price_ticks = price_ticks
        self.time_in_force = time_in_force
        self.cum_qty_lots = cum_qty_lots
        self.ts_event_ns = ts_event_ns
        self.reason = reason
        self.text = text

    def __eq__(self, other: object) -> bool:
        """Return whether both state the same."""
        return isinstance(other, OrderReport) and self.fields() == other.fields()

    def __repr__(self) -> str:
        """Return the fields in their order."""
        return f"OrderReport{self.fields()}"

    def fields(self) -> tuple[Any, ...]:
        """Return all that is stated."""
        return (
            self.instrument_id,
            self.client_order_id,
            self.venue_order_id,
            self.status,
            self.side,
            self.qty_lots,
            self.price_ticks,
            self.time_in_force,
            self.cum_qty_lots,
            self.ts_event_ns,
            self.reason,
            self.text,
        )


class FillReport:
    """One fill as the venue states it; unique by (instrument, `venue_order_id`, `trade_id`).

    A trade of the account with itself is two fills of one trade id, one of each order. Ids are the venue's text.
    """

    def __init__(
        self,
        instrument_id: int,
        venue_order_id: str,
        trade_id: str,
        side: int,
        qty_lots: int,
        price_ticks: int,
        commission_e8: int,
        commission_asset: str,
        liquidity: int,
        ts_event_ns: int,
        forced: str = "",
    ) -> None:
        """Take what the venue said; unchangeable from then on.

        `forced` says by what the venue itself made the order (`liquidation`, `auto-deleveraging`), "" if it did not.
        """
        self.instrument_id = instrument_id
        self.venue_order_id = venue_order_id
        self.trade_id = trade_id
        self.side = side
        self.qty_lots = qty_lots
        self.price_ticks = price_ticks
        self.commission_e8 = commission_e8
        self.commission_asset = commission_asset
        self.liquidity = liquidity
        self.ts_event_ns = ts_event_ns
        self.forced = forced

    def __eq__(self, other: object) -> bool:
        """Return whether both state the same."""
        return isinstance(other, FillReport) and self.fields() == other.fields()

    def __repr__(self) -> str:
        """Return the fields in their order."""
        return f"FillReport{self.fields()}"

    def fields(self) -> tuple[Any, ...]:
        """Return all that is stated."""
        return (
            self.instrument_id,
            self.venue_order_id,
            self.trade_id,
            self.side,
            self.qty_lots,
            self.price_ticks,
            self.commission_e8,
            self.commission_asset,
            self.liquidity,
            self.ts_event_ns,
            self.forced,
        )


class Verdict:
    """What a REST reply proves, with the order and fills that it states."""

    def __init__(
        self,
        result: CallResult,
        reason: int = 0,
        text: str = "",
        order: OrderReport | None = None,
        fills: tuple[FillReport, ...] = (),
        retry_after_ns: int = 0,
        venue_order_id: str = "",
        banned: bool = False,
    ) -> None:
        """Take what is proven; unchangeable from then on.

        With `retry_after_ns` the venue asks not to be called for so long; if `banned`, each call would make it longer.
        """
        self.result = result
        self.reason = reason
        self.text = text
        self.order = order
        self.fills = fills
        self.retry_after_ns = retry_after_ns
        self.venue_order_id = venue_order_id
        self.banned = banned


class ExecutionEvent:
    """One order event of a private stream: the order's state, and the fill that caused it, if one did."""

    def __init__(self, order: OrderReport, fill: FillReport | None = None) -> None:
        """Take what the venue said; unchangeable from then on."""
        self.order = order
        self.fill = fill


class FillPage(msgspec.Struct, frozen=True):
    """Fills of one instrument in one answer, oldest first, and where to go on. Cursors are the adapter's own text.

    `more` says that the answer may not hold all that was asked for; the call from `next_page` has the rest, and perhaps
    some of these again. `cursor` is the one from which whoever has booked all of these goes on, empty if there are none.
    """

    fills: tuple[FillReport, ...]
    cursor: str = ""
    more: bool = False
    next_page: str = ""


class MarginReport(msgspec.Struct, frozen=True):
    """What an account on margin has, needs and may still use, in `currency` times 10**8.

    `equity_e8` counts what positions would gain or lose; `available_e8` may margin new ones; `initial_e8` is what positions
    and open orders are margined by, `maintenance_e8` below what equity the venue liquidates.
    """

    currency: str
    equity_e8: int
    available_e8: int
    initial_e8: int
    maintenance_e8: int

    def __post_init__(self) -> None:
        """Refuse what no message can tell; VenueError."""
        _within_64_bits(self.equity_e8, self.available_e8, self.initial_e8, self.maintenance_e8)


class BalanceReport(msgspec.Struct, frozen=True):
    """Balances (free and locked together) of the assets that changed, times 10**8: integers of any size.

    On margin a balance is that of the wallet, without what positions would gain or lose. `margin` is the whole account's,
    if it was told beside.
    """

    balances_e8: dict[str, int]
    margin: MarginReport | None = None


class SubscriptionReply(msgspec.Struct, frozen=True):
    """The venue answered the login or subscription that was asked for under `request`.

    A refusal is `lasting` if the same request will not be taken later either: there is no such channel.
    """

    request: str
    accepted: bool
    text: str = ""
    lasting: bool = False


class StreamEnded(msgspec.Struct, frozen=True):
    """The venue says that it ends the private stream."""

    text: str


class TransferReport(msgspec.Struct, frozen=True):
    """A balance changed by no trade: so much (times 10**8) came in, or went out if it is negative.

    `transfer_id` is the same wherever the venue tells of it, empty where the private stream alone does.
    """

    asset: str
    amount_e8: int
    ts_event_ns: int
    transfer_id: str = ""

    def __post_init__(self) -> None:
        """Refuse what no message can tell; VenueError."""
        _within_64_bits(self.ts_event_ns)
        if len(self.transfer_id) > FUNDING_ID_MAX:
            raise VenueError(f"{self.transfer_id[:FUNDING_ID_MAX]!r} is no id of a transfer")


class TransferDue(msgspec.Struct, frozen=True):
    """Something came in or went out, and how much is not told: it must be asked for."""

    text: str


class MarginCalled(msgspec.Struct, frozen=True):
    """The venue calls for margin: for some isolated positions (instrument numbers), or for all that share the account's."""

    text: str
    isolated: tuple[int, ...] = ()


class BalancesChanged(msgspec.Struct, frozen=True):
    """Balances changed by no trade, and what they are now is not told: they must be asked for."""

    text: str


class PositionReport(msgspec.Struct, frozen=True):
    """A position in a contract as the venue states it: negative if it is short, at the average price of its entry.

    Prices are times 10**8, 0 where there is none or none was told; so is the leverage it is margined by.
    """

    instrument_id: int
    qty_lots: int
    entry_px_e8: int
    ts_event_ns: int
    mark_px_e8: int = 0
    liquidation_px_e8: int = 0
    leverage_e8: int = 0
    isolated: bool = False

    def __post_init__(self) -> None:
        """Refuse what no message can tell; VenueError."""
        _within_64_bits(self.qty_lots, self.entry_px_e8, self.mark_px_e8, self.liquidation_px_e8, self.leverage_e8)


class ContractTerms(msgspec.Struct, frozen=True):
    """On which terms new positions in a contract would be; None and 0 are what was not told.

    `refusal` says why nothing of the contract can be traded on the account as it is set, "" if it can.
    """

    instrument_id: int
    leverage_e8: int = 0
    isolated: bool | None = None
    refusal: str = ""

    def __post_init__(self) -> None:
        """Refuse what no message can tell; VenueError."""
        _within_64_bits(self.leverage_e8)


class FundingReport(msgspec.Struct, frozen=True):
    """A contract's funding as the venue settled it: received, or paid if it is negative; times 10**8.

    `funding_id` is the same wherever the venue tells of it.
    """

    instrument_id: int
    asset: str
    amount_e8: int
    funding_id: str
    ts_event_ns: int

    def __post_init__(self) -> None:
        """Refuse what no message can tell; VenueError."""
        _within_64_bits(self.ts_event_ns)
        if len(self.funding_id) > FUNDING_ID_MAX:
            raise VenueError(f"{self.funding_id[:FUNDING_ID_MAX]!r} is no id of a settlement")


class FundingDue(msgspec.Struct, frozen=True):
    """Funding was settled, and what of which contract is not told: it must be asked for."""

    text: str


def reachable_px_e8(px_e8: int) -> int:
    """Return a price of liquidation; 0, none, if it is so far off that no message can tell it."""
    return px_e8 if px_e8 < 2**63 else 0


def _within_64_bits(*numbers: int) -> None:
    for number in numbers:
        if not -(2**63) <= number < 2**63:
            raise VenueError(f"{str(number)[:40]} is beyond what an account can have")


PrivateEvent = (
    ExecutionEvent
    | BalanceReport
    | TransferReport
    | TransferDue
    | PositionReport
    | ContractTerms
    | FundingReport
    | FundingDue
    | BalancesChanged
    | MarginCalled
    | SubscriptionReply
    | StreamEnded
)
