"""Every message that Tickmesh publishes, asks or answers.

A message is a frozen msgspec Struct, encoded as a msgpack array; the frame header names its type, so it carries no tag.
Prices are `price_ticks`, quantities `qty_lots` (integers in the instrument's tick and lot size); money and quantities
that need not be whole ticks or lots are integers times 10**8 (`_e8`). `ts_event_ns` is the venue's time and `ts_recv_ns`
our wall clock at receipt, both Unix nanoseconds. Book levels are packed little-endian i64 pairs `price_ticks, qty_lots`.

Rule of evolution: fields are only ever appended, with a default; numbers in `MESSAGE_TYPES` are never reused.
"""

from enum import IntEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas.orders import OrderStatus

E8 = 100_000_000

PriceTicks = Annotated[int, Meta(ge=0, le=2**62)]
QtyLots = Annotated[int, Meta(ge=0, le=2**62)]
Money = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SideValue = Annotated[int, Meta(ge=-1, le=1)]
StreamId = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Confidence = Annotated[float, Meta(ge=0.0, le=1.0)]
ClientOrderId = Annotated[str, Meta(max_length=36)]
Text = Annotated[str, Meta(max_length=400)]

Cause = tuple[StreamId, Count, Count]
"""(stream, epoch, seq) of a message that a decision rests on."""


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all messages: immutable, encoded as an array, not tracked by the garbage collector."""


# Market data


class TradeCondition(IntEnum):
    """What kind of execution a `Trade` is."""

    MARKET = 0
    INSURANCE_FUND = 1
    AGGREGATED = 2
    OTHER = 3


class Trade(Message, frozen=True, array_like=True, gc=False):
    """One execution at the venue. `aggressor` is the taker's side; `condition` is a TradeCondition."""

    ts_event_ns: Time
    ts_recv_ns: Time
    price_ticks: PriceTicks
    qty_lots: QtyLots
    aggressor: SideValue
    trade_id: Count
    condition: int = 0


class BookDelta(Message, frozen=True, array_like=True, gc=False):
    """Changed levels of one L2 book; quantity 0 deletes. Update ids are the venue's, `first` to `last` inclusive."""

    ts_event_ns: Time
    ts_recv_ns: Time
    first_update_id: Count
    last_update_id: Count
    bids: bytes
    asks: bytes


class BookSnapshot(Message, frozen=True, array_like=True, gc=False):
    """The whole L2 book as of `last_update_id`, best level first; replaces what was known."""

    ts_event_ns: Time
    ts_recv_ns: Time
    last_update_id: Count
    bids: bytes
    asks: bytes


class Quote(Message, frozen=True, array_like=True, gc=False):
    """Best bid and ask with their sizes (L1); 0 where a side is empty."""

    ts_event_ns: Time
    ts_recv_ns: Time
    update_id: Count
    bid_ticks: PriceTicks
    bid_lots: QtyLots
    ask_ticks: PriceTicks
    ask_lots: QtyLots


class MarkPrice(Message, frozen=True, array_like=True, gc=False):
    """Mark and index price of a derivative and its funding rate, each times 10**8."""

    ts_event_ns: Time
    ts_recv_ns: Time
    mark_e8: Money
    index_e8: Money
    funding_rate_e8: Money
    next_funding_ns: Time


class FeedState(Message, frozen=True, array_like=True, gc=False):
    """Health of the venue feed behind the stream that carries this message; `state` is a StreamState."""

    ts_recv_ns: Time
    state: int
    reason: Text = ""


class Instrument(Message, frozen=True, array_like=True, gc=False):
    """What is traded: identity, currencies, sizes and venue filters. `tick_size` and `lot_size` are decimal strings.

    The venue takes quantities in multiples of `qty_step_lots` and prices in multiples of `price_step_ticks`. With a
    `fault` the configuration does not fit what the venue lists, and nothing can be ordered.
    """

    instrument_id: Count
    venue_id: Count
    symbol: str
    base: str
    quote: str
    tick_size: str
    lot_size: str
    min_qty_lots: QtyLots = 1
    max_qty_lots: QtyLots = 2**62
    min_notional_e8: Money = 0
    margin: bool = False
    qty_step_lots: Annotated[int, Meta(ge=1, le=2**62)] = 1
    price_step_ticks: Annotated[int, Meta(ge=1, le=2**62)] = 1
    fault: Text = ""


# Signals and decisions


class Signal(Message, frozen=True, array_like=True, gc=False):
    """What a strategy wants: buy or sell up to `qty_lots` at `price_ticks` or better. Asked of risk as a request."""

    signal_id: Count
    strategy: str
    instrument_id: Count
    side: SideValue
    qty_lots: QtyLots
    price_ticks: PriceTicks
    time_in_force: int
    confidence: Confidence
    reason: Text = ""
    causes: tuple[Cause, ...] = ()


class Approved(Message, frozen=True, array_like=True, gc=False):
    """Risk lets the signal through; the order that may be sent, under an id that is used once."""

    signal_id: Count
    client_order_id: ClientOrderId
    strategy: str
    instrument_id: Count
    side: SideValue
    qty_lots: QtyLots
    price_ticks: PriceTicks
    time_in_force: int
    causes: tuple[Cause, ...] = ()
    signal_sender: Count = 0
    signal_epoch: Count = 0


class Denied(Message, frozen=True, array_like=True, gc=False):
    """Risk refuses the signal: a Reason code and the figures that were compared, by name."""

    signal_id: Count
    strategy: str
    instrument_id: Count
    reason: int
    figures: dict[str, float | int | str]
    causes: tuple[Cause, ...] = ()
    signal_sender: Count = 0
    signal_epoch: Count = 0


class Released(Message, frozen=True, array_like=True, gc=False):
    """Risk gives back what an approved order held: it is proven that the order never reached execution."""

    client_order_id: ClientOrderId
    reason: int


class TradingState(Message, frozen=True, array_like=True, gc=False):
    """Risk's trading state changed: `halted` or not, why, and by whom."""

    halted: bool
    reason: Text


# Orders


class SubmitOrder(Message, frozen=True, array_like=True, gc=False):
    """Risk tells execution to create this order; the header's ttl bounds how long that may be acted on."""

    client_order_id: ClientOrderId
    strategy: str
    instrument_id: Count
    side: SideValue
    qty_lots: QtyLots
    price_ticks: PriceTicks
    time_in_force: int
    causes: tuple[Cause, ...] = ()


class CancelOrder(Message, frozen=True, array_like=True, gc=False):
    """Cancel one order; passes risk and execution in every state."""

    client_order_id: ClientOrderId
    reason: int


class CancelAll(Message, frozen=True, array_like=True, gc=False):
    """Cancel every open order, or those of one instrument (0: all)."""

    instrument_id: Count = 0
    reason: int = 0


class Ack(Message, frozen=True, array_like=True, gc=False):
    """Answer to a command: taken on and logged, or refused with a Reason code."""

    accepted: bool
    reason: int = 0
    text: Text = ""


class OrderInitialized(Message, frozen=True, array_like=True, gc=False):
    """Execution took the order on: logged before anything is sent to the venue, and sent in the same handler, so SUBMITTED.

    An `external` one is the venue's word: it is INITIALIZED until the status that follows.
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

    @property
    def status(self) -> OrderStatus:
        """The order's status by this event."""
        return OrderStatus.INITIALIZED if self.external else OrderStatus.SUBMITTED


class OrderUpdated(Message, frozen=True, array_like=True, gc=False):
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


class OrderFilled(Message, frozen=True, array_like=True, gc=False):
    """One fill, unique by (instrument, `venue_order_id`, `trade_id`); `cum_qty_lots` and `status` after it.

    A trade of the account with itself is two fills of one trade id, one of each order. The commission is in its asset.
    """

    client_order_id: ClientOrderId
    strategy: str
    instrument_id: Count
    side: SideValue
    status: int
    venue_order_id: str
    trade_id: Count
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


class Reconciled(Message, frozen=True, array_like=True, gc=False):
    """Execution's view equals the venue's again: open orders compared and fills fetched since `since_ns`.

    `trade_ids` are those up to which every fill is booked, by instrument number; live fills may have higher ones.
    """

    open_orders: Count
    fills_recovered: Count
    since_ns: Time
    balances_e8: dict[str, Money] = {}
    trade_ids: dict[Count, Count] = {}


# Portfolio


class Position(Message, frozen=True, array_like=True, gc=False):
    """Net position in one instrument, exact: quantities and money times 10**8, in base and quote currency."""

    instrument_id: Count
    net_qty_e8: Money
    avg_px_e8: Money
    mark_px_e8: Money
    realised_pnl_e8: Money
    unrealised_pnl_e8: Money
    fees_e8: Money
    ts_event_ns: Time
    order_seq: Count = 0


class Equity(Message, frozen=True, array_like=True, gc=False):
    """Account equity at a moment, in the quote currency: starting cash plus P&L less fees."""

    ts_recv_ns: Time
    equity_e8: Money
    realised_e8: Money
    unrealised_e8: Money
    fees_e8: Money
    day_start_equity_e8: Money
    peak_equity_e8: Money


# The paper venue's account


class PaperOpened(Message, frozen=True, array_like=True, gc=False):
    """The paper venue's account began with these balances; an asset is told of once."""

    initial_e8: dict[str, Money]


class PaperOrder(Message, frozen=True, array_like=True, gc=False):
    """The paper venue took an order on and locked `locked_e8` of what it pays with; texts are Binance's."""

    order_id: Count
    client_order_id: str
    symbol: str
    side: SideValue
    type: str
    time_in_force: str
    price_ticks: PriceTicks
    qty_lots: QtyLots
    quote_order_e8: Money
    locked_e8: Money
    ts_ns: Time


class PaperFill(Message, frozen=True, array_like=True, gc=False):
    """One execution of an order at the paper venue; the commission is in the received asset."""

    order_id: Count
    trade_id: Count
    price_ticks: PriceTicks
    qty_lots: QtyLots
    commission_e8: Money
    maker: bool
    ts_ns: Time


class PaperEnded(Message, frozen=True, array_like=True, gc=False):
    """An order at the paper venue ended before it was filled: `status` is CANCELED or EXPIRED."""

    order_id: Count
    status: str
    ts_ns: Time


# Control and repair


class Beat(Message, frozen=True, array_like=True, gc=False):
    """The publisher's main loop is alive, and the last sequence of its streams (all of them if `full`)."""

    full: bool
    table: tuple[Cause, ...]
    ending: bool = False


class ReplayRequest(Message, frozen=True, array_like=True, gc=False):
    """Send me what `stream` holds strictly after (`epoch`, `seq`), oldest first."""

    stream: StreamId
    epoch: Count
    seq: Count
    count_max: Annotated[int, Meta(ge=1, le=65536)] = 2048


class ReplayAnswer(Message, frozen=True, array_like=True, gc=False):
    """Frames of `stream` in log order. `last` is where the stream stands, `oldest` what the log still holds."""

    stream: StreamId
    frames: tuple[bytes, ...]
    oldest: tuple[Count, Count]
    last: tuple[Count, Count]


class SnapshotRequest(Message, frozen=True, array_like=True, gc=False):
    """Send me the state of `stream` and the sequence that it is as of."""

    stream: StreamId


class SnapshotAnswer(Message, frozen=True, array_like=True, gc=False):
    """One frame flagged SNAPSHOT, as of `last` (epoch, seq); the frame is empty if the stream has no state yet."""

    stream: StreamId
    frame: bytes
    last: tuple[Count, Count] = (0, 0)


class StatusRequest(Message, frozen=True, array_like=True, gc=False):
    """Tell how you are."""


class LinkStatus(Message, frozen=True, array_like=True, gc=False):
    """One subscription as its subscriber sees it: what came live, what was repaired, what can never come."""

    publisher: str
    stream: StreamId
    state: int
    epoch: Count
    seq: Count
    received: Count
    repaired: Count
    lost: Count
    gaps: Count
    duplicates: Count


class AgentStatus(Message, frozen=True, array_like=True, gc=False):
    """An agent's state at a moment: links, published sequences, counters, histograms (packed) and its own figures."""

    name: str
    role: str
    state: str
    epoch: Count
    uptime_ns: Count
    rss_bytes: Count
    published: dict[StreamId, Count]
    links: tuple[LinkStatus, ...]
    counters: dict[str, int]
    latency: dict[str, bytes]
    figures: dict[str, Any] = {}


class HaltRequest(Message, frozen=True, array_like=True, gc=False):
    """Stop opening risk (`halted`), or allow it again."""

    halted: bool
    reason: Text


MESSAGE_TYPES: dict[int, type[Message]] = {
    1: Trade,
    2: BookDelta,
    3: BookSnapshot,
    4: Quote,
    5: MarkPrice,
    6: FeedState,
    7: Instrument,
    20: Signal,
    21: Approved,
    22: Denied,
    23: Released,
    24: TradingState,
    30: SubmitOrder,
    31: CancelOrder,
    32: CancelAll,
    33: Ack,
    34: OrderInitialized,
    35: OrderUpdated,
    36: OrderFilled,
    37: Reconciled,
    40: Position,
    41: Equity,
    60: Beat,
    61: ReplayRequest,
    62: ReplayAnswer,
    63: SnapshotRequest,
    64: SnapshotAnswer,
    65: StatusRequest,
    66: AgentStatus,
    67: HaltRequest,
    80: PaperOpened,
    81: PaperOrder,
    82: PaperFill,
    83: PaperEnded,
}
"""Message type numbers of the frame header; never reused."""

TYPE_NUMBERS: dict[type[Message], int] = {cls: number for number, cls in MESSAGE_TYPES.items()}
