"""Every message that Tickmesh publishes, asks or answers.

A message is a frozen msgspec Struct, encoded as a msgpack array; the frame header names its type, so it carries no tag.
Prices are `price_ticks`, quantities `qty_lots` (integers in the instrument's tick and lot size); money and quantities
that need not be whole ticks or lots are integers times 10**8 (`_e8`). `ts_event_ns` is the venue's time and `ts_recv_ns`
our wall clock at receipt, both Unix nanoseconds. Book levels are packed little-endian i64 pairs `price_ticks, qty_lots`.

Rule of evolution: fields are only ever appended, with a default; numbers in `MESSAGE_TYPES` are never reused.

- `base`: the class of all messages, and the bounds of their fields.
- `market`: what market data publishes. `decisions`: what strategies ask and risk decides. `orders`: what execution is told
  and publishes. `portfolio`: positions and equity. `paper`: what the paper venue logs.
- `control`: beats, repair, snapshots and status, of every agent.
"""

from schemas.messages.base import (
    E8,
    Cause,
    ClientOrderId,
    Confidence,
    Count,
    Message,
    Money,
    PriceTicks,
    QtyLots,
    SideValue,
    StreamId,
    Text,
    Time,
    TradeId,
)
from schemas.messages.control import (
    AgentStatus,
    Beat,
    HaltRequest,
    LinkStatus,
    ReplayAnswer,
    ReplayRequest,
    SnapshotAnswer,
    SnapshotRequest,
    StatusRequest,
)
from schemas.messages.decisions import Approved, Denied, Released, Signal, TradingState
from schemas.messages.market import (
    BookDelta,
    BookSnapshot,
    FeedState,
    Instrument,
    MarkPrice,
    Quote,
    Trade,
    TradeCondition,
)
from schemas.messages.orders import (
    Ack,
    CancelAll,
    CancelOrder,
    OrderFilled,
    OrderInitialized,
    OrderUpdated,
    Reconciled,
    SubmitOrder,
)
from schemas.messages.paper import PaperEnded, PaperFill, PaperOpened, PaperOrder
from schemas.messages.portfolio import Equity, Position

__all__ = [
    "Ack",
    "AgentStatus",
    "Approved",
    "Beat",
    "BookDelta",
    "BookSnapshot",
    "CancelAll",
    "CancelOrder",
    "Cause",
    "ClientOrderId",
    "Confidence",
    "Count",
    "Denied",
    "E8",
    "Equity",
    "FeedState",
    "HaltRequest",
    "Instrument",
    "LinkStatus",
    "MESSAGE_TYPES",
    "MarkPrice",
    "Message",
    "Money",
    "OrderFilled",
    "OrderInitialized",
    "OrderUpdated",
    "PaperEnded",
    "PaperFill",
    "PaperOpened",
    "PaperOrder",
    "Position",
    "PriceTicks",
    "QtyLots",
    "Quote",
    "Reconciled",
    "Released",
    "ReplayAnswer",
    "ReplayRequest",
    "SideValue",
    "Signal",
    "SnapshotAnswer",
    "SnapshotRequest",
    "StatusRequest",
    "StreamId",
    "SubmitOrder",
    "TYPE_NUMBERS",
    "Text",
    "Time",
    "Trade",
    "TradeCondition",
    "TradeId",
    "TradingState",
]

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
    31: CancelOrder,
    32: CancelAll,
    33: Ack,
    34: OrderInitialized,
    35: OrderUpdated,
    36: OrderFilled,
    37: Reconciled,
    38: SubmitOrder,
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
"""Message type numbers of the frame header; never reused (30 was a submission that carried terms of its own)."""

TYPE_NUMBERS: dict[type[Message], int] = {cls: number for number, cls in MESSAGE_TYPES.items()}
