"""What execution is told, answers and publishes."""

from schemas.messages.base import (
    Cause,
    ClientOrderId,
    Count,
    Message,
    Money,
    PriceTicks,
    QtyLots,
    SideValue,
    Text,
    Time,
    TradeId,
)
from schemas.orders import OrderStatus


class SubmitOrder(Message, frozen=True):
    """Risk has the order of one decision created; the header's ttl bounds how long that may be acted on.

    `decision` is the record of risk's own Approved, byte for byte as its log has it: the header says who published it, on
    which stream, in which epoch and at which sequence, and its terms are the order's; a submission has none of its own.
    """

    decision: bytes


class CancelOrder(Message, frozen=True):
    """Cancel one order; passes risk and execution in every state."""

    client_order_id: ClientOrderId
    reason: int


class CancelAll(Message, frozen=True):
    """Cancel every open order, or those of one instrument (0: all), of one strategy ("": all), that open a position.

    An operator's with reason CANCELED_AT_STOP is the end of a run: every order of ours goes, and none is taken on any more.
    """

    instrument_id: Count = 0
    reason: int = 0
    strategy: str = ""
    opening_only: bool = False


class Ack(Message, frozen=True):
    """Answer to a command: taken on and logged, or refused with a Reason code."""

    accepted: bool
    reason: int = 0
    text: Text = ""


class OrderInitialized(Message, frozen=True):
    """Execution took the order on: logged before anything is sent to the venue, and sent in the same handler, so SUBMITTED.

    Its one cause is the decision that it was created on, published by the agent numbered `approver`; what that rests on it
    names itself. An `external` one is the venue's word: without cause, and INITIALIZED until the status that follows. One
    with a `parent` closes what that order has traded, on the parent's decision. What follows `approver` is as in `Signal`.
    """

    client_order_id: ClientOrderId
    strategy: str
    instrument_id: Count
    side: SideValue
    qty_lots: QtyLots
    price_ticks: PriceTicks
    time_in_force: int
    causes: tuple[Cause, ...] = ()
    external: bool = False
    approver: Count = 0
    exec_inst: Count = 0
    lifetime_ms: Count = 0
    take_profit_ticks: PriceTicks = 0
    stop_ticks: PriceTicks = 0
    replaces: ClientOrderId = ""
    parent: ClientOrderId = ""

    @property
    def status(self) -> OrderStatus:
        """The order's status by this event."""
        return OrderStatus.INITIALIZED if self.external else OrderStatus.SUBMITTED


class OrderUpdated(Message, frozen=True):
    """The order's status changed; `cum_qty_lots` as the venue states it, `reason` a Reason code."""

    client_order_id: ClientOrderId
    instrument_id: Count
    status: int
    venue_order_id: str
    cum_qty_lots: QtyLots
    ts_event_ns: Time
    ts_recv_ns: Time
    reason: int = 0
    text: Text = ""
    reconciled: bool = False


class OrderFilled(Message, frozen=True):
    """One fill, unique by (instrument, `venue_order_id`, `trade_id`); `cum_qty_lots` and `status` after it.

    A trade of the account with itself is two fills of one trade id, one of each order. The commission is in its asset.
    """

    client_order_id: ClientOrderId
    strategy: str
    instrument_id: Count
    side: SideValue
    status: int
    venue_order_id: str
    trade_id: TradeId
    last_qty_lots: QtyLots
    last_px_ticks: PriceTicks
    cum_qty_lots: QtyLots
    leaves_qty_lots: QtyLots
    commission_e8: Money
    commission_asset: str
    liquidity: int
    ts_event_ns: Time
    ts_recv_ns: Time
    reconciled: bool = False


class Reconciled(Message, frozen=True):
    """Execution's view equals the venue's again: open orders compared and fills fetched since `since_ns`.

    `fill_cursors` are the venue's places up to which every fill is booked, by instrument number; live fills may lie beyond.
    `balances` are the venue's (free and locked together) as decimals by asset, whatever their size; `balances_e8` has those
    that fit in 64 bits, and is all there is in logs that were written before. `ts_ns` is when that was told.
    """

    open_orders: Count
    fills_recovered: Count
    since_ns: Time
    balances_e8: dict[str, Money] = {}
    fill_cursors: dict[Count, str] = {}
    balances: dict[str, str] = {}
    ts_ns: Time = 0


class FundingSettled(Message, frozen=True):
    """A perpetual contract's funding was paid (negative) or received: profit or loss of its position, by no trade.

    `funding_id` is the venue's own, or one that is made of instrument and time; each is told once. `amount` is a decimal.
    """

    instrument_id: Count
    asset: str
    amount: str
    funding_id: Text
    ts_event_ns: Time
    ts_recv_ns: Time
    reconciled: bool = False


class Transfer(Message, frozen=True):
    """A balance of the account changed by no trade: a deposit (positive) or a withdrawal; `amount` is a decimal.

    `transfer_id` is the venue's own where it lists transfers; each is told once.
    """

    asset: str
    amount: str
    ts_event_ns: Time
    ts_recv_ns: Time
    text: Text = ""
    transfer_id: Text = ""
