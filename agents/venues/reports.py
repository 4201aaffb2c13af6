"""What a venue states about an account: orders, fills and balances, and what a REST reply proves.

A reply to a request that changes something is one of four things, and only the first three prove anything. Whoever asks
treats the fourth as "may have happened" until the venue says otherwise.

States, sides and reasons of orders are plain numbers here, those of `schemas.orders`. This file is compiled (`reports.pxd`
has the C types).
"""

from enum import IntEnum
from typing import Any

import msgspec


class CallResult(IntEnum):
    """What a reply to a create, a cancel or a query proves."""

    ACCEPTED = 1
    REFUSED = 2
    NOT_SENT = 3
    NOT_FOUND = 4
    UNKNOWN = 5


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

    A trade of the account with itself is two fills of one trade id, one of each order.
    """

    def __init__(
        self,
        instrument_id: int,
        venue_order_id: str,
        trade_id: int,
        side: int,
        qty_lots: int,
        price_ticks: int,
        commission_e8: int,
        commission_asset: str,
        liquidity: int,
        ts_event_ns: int,
    ) -> None:
        """Take what the venue said; unchangeable from then on."""
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
    ) -> None:
        """Take what is proven; unchangeable from then on."""
        self.result = result
        self.reason = reason
        self.text = text
        self.order = order
        self.fills = fills
        self.retry_after_ns = retry_after_ns


class ExecutionEvent:
    """One order event of a private stream: the order's state, and the fill that caused it, if one did."""

    def __init__(self, order: OrderReport, fill: FillReport | None = None) -> None:
        """Take what the venue said; unchangeable from then on."""
        self.order = order
        self.fill = fill


class BalanceReport(msgspec.Struct, frozen=True):
    """Balances (free and locked together) of the assets that changed, times 10**8."""

    balances_e8: dict[str, int]


class SubscriptionReply(msgspec.Struct, frozen=True):
    """The venue answered the subscription of the private stream that was asked for under `request`."""

    request: str
    accepted: bool
    text: str = ""


class StreamEnded(msgspec.Struct, frozen=True):
    """The venue says that it ends the private stream."""

    text: str


PrivateEvent = ExecutionEvent | BalanceReport | SubscriptionReply | StreamEnded
