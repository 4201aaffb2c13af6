"""What every venue adapter speaks: ticks of a feed, reports of orders and fills, and what a REST reply proves.

A reply to a request that changes something is one of four things, and only the first three prove anything. Whoever asks
treats the fourth as "may have happened" until the venue says otherwise.
"""

from enum import IntEnum

import msgspec

from agents.common import SCALE_E8, InstrumentInfo
from schemas.errors import DecimalError, VenueError
from schemas.messages import BookDelta, MarkPrice, Quote, Trade
from schemas.orders import OrderStatus, Reason

MS = 1_000_000


class FeedKind(IntEnum):
    """What a venue feed carries; decides which stream its messages are published on."""

    TRADE = 1
    AGGREGATE_TRADE = 2
    DEPTH = 3
    TICKER = 4
    MARK = 5


class Channel(msgspec.Struct, frozen=True):
    """One feed of one instrument: the venue's name for it, and the stream that it is published on."""

    name: str
    kind: FeedKind
    info: InstrumentInfo
    stream: int
    connection: str


Tick = Trade | BookDelta | Quote | MarkPrice


class CallResult(IntEnum):
    """What a reply to a create, a cancel or a query proves."""

    ACCEPTED = 1
    REFUSED = 2
    NOT_SENT = 3
    NOT_FOUND = 4
    UNKNOWN = 5


class OrderReport(msgspec.Struct, frozen=True):
    """An order as the venue states it at one moment, from its private stream or from REST."""

    instrument_id: int
    client_order_id: str
    venue_order_id: str
    status: OrderStatus
    side: int
    qty_lots: int
    price_ticks: int
    time_in_force: int
    cum_qty_lots: int
    ts_event_ns: int
    reason: Reason = Reason.NONE
    text: str = ""


class FillReport(msgspec.Struct, frozen=True):
    """One fill as the venue states it; unique by (instrument, `venue_order_id`, `trade_id`).

    A trade of the account with itself is two fills of one trade id, one of each order.
    """

    instrument_id: int
    venue_order_id: str
    trade_id: int
    side: int
    qty_lots: int
    price_ticks: int
    commission_e8: int
    commission_asset: str
    liquidity: int
    ts_event_ns: int


class Verdict(msgspec.Struct, frozen=True):
    """What a REST reply proves, with the order and fills that it states."""

    result: CallResult
    reason: Reason = Reason.NONE
    text: str = ""
    order: OrderReport | None = None
    fills: tuple[FillReport, ...] = ()
    retry_after_ns: int = 0


class BalanceReport(msgspec.Struct, frozen=True):
    """Balances (free and locked together) of the assets that changed, times 10**8."""

    balances_e8: dict[str, int]


class ExecutionEvent(msgspec.Struct, frozen=True):
    """One order event of a private stream: the order's state, and the fill that caused it, if one did."""

    order: OrderReport
    fill: FillReport | None = None


class SubscriptionReply(msgspec.Struct, frozen=True):
    """The venue answered the subscription of the private stream that was asked for under `request`."""

    request: str
    accepted: bool
    text: str = ""


class StreamEnded(msgspec.Struct, frozen=True):
    """The venue says that it ends the private stream."""

    text: str


PrivateEvent = ExecutionEvent | BalanceReport | SubscriptionReply | StreamEnded


def parse_e8(text: str) -> int:
    """Return a decimal of a venue, with or without a sign, times 10**8; an empty one is 0.

    Raises:
        DecimalError: If it is not a plain decimal of at most eight decimals.
    """
    if not text:
        return 0
    return -SCALE_E8.parse(text[1:]) if text[0] == "-" else SCALE_E8.parse(text)


def refuse(found: object, what: str) -> VenueError:
    """Return the error for something that a venue sent and its documentation does not allow."""
    return VenueError(f"{what}: {found}")


DECODE_ERRORS = (msgspec.MsgspecError, DecimalError, VenueError, RecursionError, UnicodeDecodeError, OverflowError)
"""All that decoding hostile bytes can raise."""
