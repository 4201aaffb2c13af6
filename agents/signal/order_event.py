"""What a strategy is told of its signals and orders: `Strategy.on_order` is called with one `OrderEvent` for each change.

A signal becomes an order or comes to nothing, and both are told: what risk denies, what execution refuses after that, what
never left, what nobody answered. A change of an order has the number of its OrderStatus.
"""

from collections.abc import Mapping
from enum import IntEnum

import msgspec

from agents.instruments import InstrumentInfo
from schemas.orders import OrderStatus, Reason

Figures = Mapping[str, float | int | str]


class OrderChange(IntEnum):
    """What happened to a signal or an order; below 20 it is the order's new status, as in OrderStatus."""

    SUBMITTED = int(OrderStatus.SUBMITTED)
    NEW = int(OrderStatus.NEW)
    PARTIALLY_FILLED = int(OrderStatus.PARTIALLY_FILLED)
    PENDING_CANCEL = int(OrderStatus.PENDING_CANCEL)
    UNKNOWN = int(OrderStatus.UNKNOWN)
    FILLED = int(OrderStatus.FILLED)
    CANCELED = int(OrderStatus.CANCELED)
    REJECTED = int(OrderStatus.REJECTED)
    EXPIRED = int(OrderStatus.EXPIRED)
    DENIED = 20
    """Risk does not let the signal through."""
    REFUSED = 21
    """Risk approved the signal, and execution did not take the order on: it never reached the venue."""
    UNSENT = 22
    """The signal never left: risk was not there."""
    UNANSWERED = 23
    """Nothing was heard of the signal in time; if it becomes an order all the same, that is told."""
    CANCEL_REFUSED = 24
    """A cancel came to nothing; the order is as it was."""


NO_ORDER = frozenset({OrderChange.DENIED, OrderChange.REFUSED, OrderChange.UNSENT})
ENDED = frozenset({OrderChange.FILLED, OrderChange.CANCELED, OrderChange.REJECTED, OrderChange.EXPIRED})


class OrderEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an own signal or order.

    `signal_id` is what `buy` or `sell` returned, 0 if it is not known any more; `client_order_id` is empty while there
    is no order. `reason` is the code of a Reason, `figures` what risk compared, by name.
    """

    instrument: InstrumentInfo
    change: OrderChange
    signal_id: int
    client_order_id: str = ""
    side: int
    qty_lots: int
    price_ticks: int
    cum_qty_lots: int = 0
    reason: int = 0
    text: str = ""
    figures: Figures = {}

    @property
    def ended(self) -> bool:
        """Whether nothing of it can trade any more, as far as is proven."""
        return self.change in ENDED or self.change in NO_ORDER

    @property
    def reason_name(self) -> str:
        """The reason for people; the code itself if a later version wrote it."""
        return Reason(self.reason).name if self.reason in Reason._value2member_map_ else str(self.reason)
