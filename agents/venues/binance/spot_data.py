"""Binance spot, as it is on the wire: orders, fills, balances and the private stream, in the venue's own words.

Source: binance-spot-api-docs rest-api.md and user-data-stream.md.
"""

from typing import Literal

import msgspec
from msgspec import field

from agents.venues.binance.history import Millis, UpdateId
from schemas.errors import VenueError
from schemas.messages import ClientOrderId
from schemas.orders import OrderStatus, Reason, Side, TimeInForce

STATUSES = {
    "NEW": OrderStatus.NEW,
    "PENDING_NEW": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
REASONS = {
    "CANCELED": Reason.CANCELED_BY_VENUE,
    "REJECTED": Reason.VENUE_REJECTED,
    "EXPIRED_IN_MATCH": Reason.SELF_TRADE_PREVENTED,
}
"""Why an order has its status, where that says it."""
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
TIMES_IN_FORCE = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "GTX": TimeInForce.GTX}
MAKER_ONLY = "LIMIT_MAKER"
"""Type of an order that is GTX here, whatever its time in force says."""
CREATE_TERMS = {
    time_in_force: {"type": "LIMIT", "timeInForce": word, "newOrderRespType": "FULL"}
    for word, time_in_force in TIMES_IN_FORCE.items()
} | {TimeInForce.GTX: {"type": MAKER_ONLY, "newOrderRespType": "FULL"}}
"""What a create says of how long its order rests, and of the answer that is wanted."""

SideName = Literal["BUY", "SELL"]


class ErrorData(msgspec.Struct):
    """Body of an error."""

    code: int
    msg: str = ""


class FillData(msgspec.Struct):
    """One fill in the answer to a create (newOrderRespType=FULL); always one that took liquidity."""

    price: str
    qty: str
    commission: str
    commission_asset: str = field(name="commissionAsset")
    trade_id: UpdateId = field(name="tradeId")


class OrderData(msgspec.Struct):
    """An order in the answer to a create, a cancel, a query, or in the list of open orders."""

    symbol: str
    venue_order_id: int = field(name="orderId")
    price: str
    qty: str = field(name="origQty")
    cum_qty: str = field(name="executedQty")
    status: str
    side: SideName
    client_order_id: ClientOrderId = field(name="clientOrderId")
    canceled_client_order_id: ClientOrderId = field(name="origClientOrderId", default="")
    type: str = "LIMIT"
    time_in_force: str = field(name="timeInForce", default="GTC")
    transact_ms: Millis = field(name="transactTime", default=0)
    update_ms: Millis = field(name="updateTime", default=0)
    fills: list[FillData] = []


class AccountTradeData(msgspec.Struct):
    """One fill in the answer of `myTrades`."""

    trade_id: UpdateId = field(name="id")
    venue_order_id: int = field(name="orderId")
    price: str
    qty: str
    commission: str
    commission_asset: str = field(name="commissionAsset")
    trade_ms: Millis = field(name="time")
    is_buyer: bool = field(name="isBuyer")
    is_maker: bool = field(name="isMaker")


class BalanceData(msgspec.Struct):
    """One asset of the account."""

    asset: str
    free: str
    locked: str


class AccountData(msgspec.Struct):
    """The answer of the account endpoint, as far as it is used."""

    balances: list[BalanceData]


class ReportData(msgspec.Struct):
    """`executionReport`; `C` names the order when `c` is the id of its cancel request."""

    symbol: str = field(name="s")
    client_order_id: ClientOrderId = field(name="c")
    side: SideName = field(name="S")
    type: str = field(name="o")
    time_in_force: str = field(name="f")
    qty: str = field(name="q")
    price: str = field(name="p")
    execution: str = field(name="x")
    status: str = field(name="X")
    refusal: str = field(name="r")
    venue_order_id: int = field(name="i")
    last_qty: str = field(name="l")
    cum_qty: str = field(name="z")
    last_price: str = field(name="L")
    commission: str = field(name="n")
    commission_asset: str | None = field(name="N")
    transact_ms: Millis = field(name="T")
    trade_id: int = field(name="t")
    is_maker: bool = field(name="m")
    original_client_order_id: ClientOrderId | None = field(name="C", default="")

    @property
    def forced(self) -> str:
        """By what the venue made the order itself: never, as there are no positions to close."""
        return ""


class AmendedOrderData(msgspec.Struct):
    """The order in an answer to an amend."""

    symbol: str
    venue_order_id: int = field(name="orderId")
    client_order_id: ClientOrderId = field(name="clientOrderId")
    price: str
    qty: str
    cum_qty: str = field(name="executedQty")
    status: str
    time_in_force: str = field(name="timeInForce")
    type: str
    side: SideName


class AmendAnswerData(msgspec.Struct):
    """An answer to a request about an order; only that to an amend has the order within."""

    transact_ms: Millis = field(name="transactTime", default=0)
    order: AmendedOrderData | None = field(name="amendedOrder", default=None)


class PositionBalanceData(msgspec.Struct):
    """One asset of an `outboundAccountPosition`."""

    asset: str = field(name="a")
    free: str = field(name="f")
    locked: str = field(name="l")


class PositionData(msgspec.Struct):
    """`outboundAccountPosition`: the assets that an event may have changed."""

    balances: list[PositionBalanceData] = field(name="B")


class BalanceUpdateData(msgspec.Struct):
    """`balanceUpdate`: a deposit, a withdrawal, or a transfer between accounts of one owner."""

    asset: str = field(name="a")
    delta: str = field(name="d")
    clear_ms: Millis = field(name="T")


class PrivateFrame(msgspec.Struct):
    """A frame of the websocket API: an event of the private stream, or the answer to a request."""

    event: msgspec.Raw = msgspec.Raw(b"")
    id: str | int | None = None
    status: int = 0
    error: ErrorData | None = None


class EventName(msgspec.Struct):
    """The part of an event that says what it is."""

    name: str = field(name="e")


def status_of(text: str) -> OrderStatus:
    """Return the state of an order that the venue calls `text`.

    Raises:
        VenueError: If it is none that the venue documents.
    """
    status = STATUSES.get(text)
    if status is None:
        raise VenueError(f"order status {text!r} (known: {sorted(STATUSES)})")
    return status


def time_in_force_of(order_type: str, text: str) -> TimeInForce:
    """Return how long an order of a type rests; one that may only make is GTX here."""
    if order_type == MAKER_ONLY:
        return TimeInForce.GTX
    return TIMES_IN_FORCE.get(text, TimeInForce.GTC)
