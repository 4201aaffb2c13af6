"""What Bybit writes of an account, in its own words, and what its words mean here.

Numbers are text, and "" where there is none. Source: Bybit API v5 documentation, enums, trade, position and account
endpoints, websocket private streams.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, field

from agents.amounts import rounded_amount_e8
from agents.instruments import InstrumentInfo
from agents.venues.base import refuse
from agents.venues.bybit.wire import side_of
from agents.venues.reports import FillReport, MarginReport, OrderReport, PositionReport, reachable_px_e8
from schemas.errors import DecimalError
from schemas.messages import ClientOrderId, TradeId
from schemas.orders import Liquidity, OrderStatus, Reason, TimeInForce
from schemas.units import MS

Digits = Annotated[str, Meta(pattern="^[0-9]{0,15}$")]
OrderId = Annotated[str, Meta(min_length=1, max_length=36)]

CONDITIONAL = frozenset({"Untriggered", "Triggered", "Deactivated"})
"""States of orders that are not at the market: nobody here places such, and a triggered one becomes New."""
STATUSES = {
    "New": OrderStatus.NEW,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELED,
    "PartiallyFilledCanceled": OrderStatus.CANCELED,
    "Rejected": OrderStatus.REJECTED,
}
TIMES_IN_FORCE = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "PostOnly": TimeInForce.GTX,
    "RPI": TimeInForce.GTX,
}
WORDS = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK", TimeInForce.GTX: "PostOnly"}
WOULD_TAKE = "EC_PostOnlyWillTakeLiquidity"
NO_ERROR = frozenset({"", "EC_NoError"})
BY_USER = "CancelByUser"
BY_SELF_TRADE = "CancelBySmp"
UNSTATED = frozenset({"", "UNKNOWN"})

POSITION_CHANGES = frozenset(
    {"Trade", "AdlTrade", "BustTrade", "Delivery", "Settle", "BlockTrade", "MovePosition", "FutureSpread"}
)
"""Types of executions that are fills, of our orders or of orders of the venue."""
FORCED = {
    "BustTrade": "liquidation",
    "AdlTrade": "auto-deleveraging",
    "Delivery": "delivery",
    "Settle": "settlement",
}
"""What the venue does to a position by itself, by the type of the execution."""
FUNDING = "Funding"
DOLLARS = "USD"
"""What the totals of an account are in."""


class OrderRow(msgspec.Struct, gc=False):
    """One order, of the private stream or of REST."""

    symbol: str
    venue_order_id: OrderId = field(name="orderId")
    side: str
    status: str = field(name="orderStatus")
    qty: str
    price: str = ""
    category: str = ""
    client_order_id: ClientOrderId = field(name="orderLinkId", default="")
    time_in_force: str = field(name="timeInForce", default="GTC")
    order_type: str = field(name="orderType", default="Limit")
    cum_qty: str = field(name="cumExecQty", default="")
    reject_reason: str = field(name="rejectReason", default="")
    cancel_type: str = field(name="cancelType", default="")
    updated_ms: Digits = field(name="updatedTime", default="")


class ExecutionRow(msgspec.Struct, gc=False):
    """One execution, of the private stream or of REST."""

    symbol: str
    venue_order_id: OrderId = field(name="orderId")
    trade_id: TradeId = field(name="execId")
    side: str
    qty: str = field(name="execQty")
    price: str = field(name="execPrice")
    time_ms: Digits = field(name="execTime")
    category: str = ""
    type: str = field(name="execType", default="Trade")
    client_order_id: ClientOrderId = field(name="orderLinkId", default="")
    fee: str = field(name="execFee", default="")
    fee_currency: str = field(name="feeCurrency", default="")
    is_maker: bool = field(name="isMaker", default=False)
    order_qty: str = field(name="orderQty", default="")
    order_price: str = field(name="orderPrice", default="")
    order_type: str = field(name="orderType", default="Limit")


class CoinRow(msgspec.Struct, gc=False):
    """What the account has of one coin; `walletBalance` has what was borrowed in it."""

    coin: str
    balance: str = field(name="walletBalance", default="")
    borrowed: str = field(name="spotBorrow", default="")
    equity: str = ""
    orders_margin: str = field(name="totalOrderIM", default="")
    positions_margin: str = field(name="totalPositionIM", default="")
    maintenance: str = field(name="totalPositionMM", default="")


class WalletRow(msgspec.Struct, gc=False):
    """The coins of one account, and its totals in dollars; those of margin are empty where each position has its own."""

    coins: list[CoinRow] = field(name="coin", default=[])
    equity: str = field(name="totalMarginBalance", default="")
    available: str = field(name="totalAvailableBalance", default="")
    initial: str = field(name="totalInitialMargin", default="")
    maintenance: str = field(name="totalMaintenanceMargin", default="")


class PositionRow(msgspec.Struct, gc=False):
    """One position; REST says `avgPrice` where the stream says `entryPrice`."""

    symbol: str
    side: str
    size: str
    category: str = ""
    entry: str = field(name="entryPrice", default="")
    average: str = field(name="avgPrice", default="")
    mark: str = field(name="markPrice", default="")
    liquidation: str = field(name="liqPrice", default="")
    leverage: str = ""
    hedge: int = field(name="positionIdx", default=0)
    isolated: int = field(name="tradeMode", default=0)
    updated_ms: Digits = field(name="updatedTime", default="")


def order_report(info: InstrumentInfo, data: OrderRow) -> OrderReport:
    """Return what is stated of an order; raises one of `DECODE_ERRORS` if it is not what the venue documents."""
    cum_qty_lots = info.qty.parse(data.cum_qty) if data.cum_qty else 0
    time_in_force = time_in_force_of(data.time_in_force)
    status, reason = ended(data, cum_qty_lots, time_in_force)
    return OrderReport(
        info.id,
        data.client_order_id or data.venue_order_id,
        data.venue_order_id,
        int(status),
        int(side_of(data.side)),
        info.qty.parse(data.qty),
        price_of(info, data.order_type, data.price),
        int(time_in_force),
        cum_qty_lots,
        int(data.updated_ms or 0) * MS,
        int(reason),
        "" if data.reject_reason in NO_ERROR else data.reject_reason,
    )


def ended(data: OrderRow, cum_qty_lots: int, time_in_force: TimeInForce) -> tuple[OrderStatus, Reason]:
    """Return the state of an order, and why it has it.

    Cancelled is what the venue calls each end before the whole was filled: of an order that would have taken and must not
    that is REJECTED here, of what an IOC or FOK did not find EXPIRED. One that is Rejected after fills is CANCELED.
    """
    status = STATUSES.get(data.status)
    if status is None:
        raise refuse(data.status[:40], f"order status (known: {sorted(STATUSES)})")
    if status == OrderStatus.REJECTED:
        return (OrderStatus.CANCELED, Reason.CANCELED_BY_VENUE) if cum_qty_lots else (status, Reason.VENUE_REJECTED)
    if status != OrderStatus.CANCELED:
        return status, Reason.NONE
    if data.reject_reason == WOULD_TAKE and not cum_qty_lots:
        return OrderStatus.REJECTED, Reason.VENUE_REJECTED
    if data.cancel_type == BY_USER:
        return status, Reason.NONE
    if data.cancel_type == BY_SELF_TRADE:
        return status, Reason.SELF_TRADE_PREVENTED
    if data.cancel_type in UNSTATED and time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        return OrderStatus.EXPIRED, Reason.NONE
    return status, Reason.CANCELED_BY_VENUE


def order_of_execution(info: InstrumentInfo, data: ExecutionRow, fill: FillReport) -> OrderReport:
    """Return what an execution says of its order: that it has filled so much at least."""
    return OrderReport(
        info.id,
        data.client_order_id or data.venue_order_id,
        data.venue_order_id,
        int(OrderStatus.PARTIALLY_FILLED),
        fill.side,
        info.qty.parse(data.order_qty) if data.order_qty else fill.qty_lots,
        price_of(info, data.order_type, data.order_price),
        int(TimeInForce.GTC),
        fill.qty_lots,
        fill.ts_event_ns,
    )


def fill_report(info: InstrumentInfo, data: ExecutionRow) -> FillReport:
    """Return the fill that an execution is; raises one of `DECODE_ERRORS` if it is not what the venue documents.

    A fee that is paid is positive, as here. Where no currency is told, that of a contract is what settles it, and that of
    spot is what was bought or got.
    """
    side = side_of(data.side)
    bought = info.config.quote if info.margin or side < 0 else info.config.base
    return FillReport(
        info.id,
        data.venue_order_id,
        data.trade_id,
        int(side),
        info.qty.parse(data.qty),
        info.price.parse(data.price),
        amount_e8(data.fee),
        data.fee_currency or bought,
        int(Liquidity.MAKER if data.is_maker else Liquidity.TAKER),
        int(data.time_ms or 0) * MS,
        FORCED.get(data.type, ""),
    )


def balances_e8(wallets: list[WalletRow]) -> dict[str, int]:
    """Return what the account has of each coin, less what it borrowed of it."""
    found: dict[str, int] = {}
    for coin in (coin for wallet in wallets for coin in wallet.coins):
        found[coin.coin] = found.get(coin.coin, 0) + amount_e8(coin.balance) - amount_e8(coin.borrowed)
    return found


def margin_of(wallets: list[WalletRow], coin: str) -> MarginReport | None:
    """Return what the account has and needs as margin: its totals, or those of what settles its contracts; None if neither.

    Where each position has margin of its own there are no totals, and what is left of the coin may margin others.
    """
    for wallet in wallets:
        if wallet.available and wallet.equity:
            amounts = (wallet.equity, wallet.available, wallet.initial, wallet.maintenance)
            return MarginReport(DOLLARS, *(amount_e8(text) for text in amounts))
        for each in wallet.coins:
            if each.coin == coin and each.equity:
                initial_e8 = amount_e8(each.orders_margin) + amount_e8(each.positions_margin)
                left_e8 = max(0, amount_e8(each.balance) - initial_e8)
                return MarginReport(coin, amount_e8(each.equity), left_e8, initial_e8, amount_e8(each.maintenance))
    return None


def position_report(info: InstrumentInfo, data: PositionRow) -> PositionReport:
    """Return a position; raises one of `DECODE_ERRORS` if it is not what the venue documents. None has no side."""
    qty_lots = info.qty.parse(data.size) if data.size else 0
    return PositionReport(
        info.id,
        qty_lots * int(side_of(data.side)) if qty_lots else 0,
        amount_e8(data.entry or data.average),
        int(data.updated_ms or 0) * MS,
        amount_e8(data.mark),
        reachable_px_e8(amount_e8(data.liquidation)),
        amount_e8(data.leverage),
        bool(data.isolated),
    )


def price_of(info: InstrumentInfo, order_type: str, text: str) -> int:
    """Return the price of a limit order in ticks; other orders, which are never ours, have none."""
    return info.price.parse(text) if order_type == "Limit" and text else 0


def time_in_force_of(word: str) -> TimeInForce:
    """Return how long an order rests; refuse what is not known."""
    found = TIMES_IN_FORCE.get(word)
    if found is None:
        raise refuse(word[:40], f"time in force (known: {sorted(TIMES_IN_FORCE)})")
    return found


def amount_e8(text: str) -> int:
    """Return an amount times 10**8, of any size, to the nearest unit: fees and balances may have more decimals.

    Raises:
        VenueError: If it is not a plain decimal; an empty one is 0.
    """
    try:
        return rounded_amount_e8(text)
    except DecimalError as error:
        raise refuse(text[:40], "an amount") from error
