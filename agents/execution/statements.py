"""What a statement of the venue about an order means for it, and the event that follows: functions without effects.

States and reasons are plain numbers here, those of `OrderStatus` and `Reason`. This file is compiled (`statements.pxd` has
the C types).
"""

from enum import IntEnum

from agents.execution.order_table import Order
from agents.venues.reports import FillReport, OrderReport
from schemas.messages import OrderFilled, OrderUpdated
from schemas.orders import TRANSITIONS, OrderStatus

TEXT_MAX = 400

_NEW = int(OrderStatus.NEW)
_PARTIALLY_FILLED = int(OrderStatus.PARTIALLY_FILLED)
_PENDING_CANCEL = int(OrderStatus.PENDING_CANCEL)
_FILLED = int(OrderStatus.FILLED)
_CANCELED = int(OrderStatus.CANCELED)
_EXPIRED = int(OrderStatus.EXPIRED)
_STATUSES_END = int(max(OrderStatus)) + 1
_NEXT = (0, *(sum(1 << after for after in TRANSITIONS[before]) for before in OrderStatus))
"""By status, bit N set if status N may follow; there is no status 0."""


class Judgement(IntEnum):
    """What a statement of the venue about an order means for it."""

    SAME = 1
    OLD = 2
    MISSING_FILLS = 3
    CHANGE = 4


_SAME, _OLD, _MISSING_FILLS, _CHANGE = [tuple((each, n) for n in range(_STATUSES_END)) for each in Judgement]
"""All that can be judged, by status: nothing is made for each statement."""


def judge(order: Order, report: OrderReport) -> tuple[Judgement, int]:
    """Return what `report` means for `order`, and the status that follows if it is CHANGE.

    One that is filled with less than it is for was amended down at the venue: the rest of it is canceled.
    """
    before, status, after = order.status, report.status, _NEXT[order.status]
    cum_qty_lots = report.cum_qty_lots
    if cum_qty_lots > order.cum_qty_lots:
        return _MISSING_FILLS[before]
    if status in (_NEW, _PARTIALLY_FILLED, _FILLED):
        if cum_qty_lots < order.cum_qty_lots:
            return _OLD[before]
        amended = status == _FILLED and cum_qty_lots < order.qty_lots
        status = _CANCELED if amended else _working_status(order)
    if status == before:
        return _SAME[status]
    waits_for_cancel = before == _PENDING_CANCEL and order.cancel_out
    stays = waits_for_cancel or (before in (_CANCELED, _EXPIRED) and not order.presumed)
    if not after >> status & 1 or (stays and status in (_NEW, _PARTIALLY_FILLED)):
        return _OLD[before]
    return _CHANGE[status]


def _working_status(order: Order) -> int:
    if order.cum_qty_lots >= order.qty_lots:
        return _FILLED
    return _PARTIALLY_FILLED if order.cum_qty_lots else _NEW


def wants_cancel(order: Order) -> bool:
    """Return whether the order is yet to be canceled, and may be: its create is not out any more."""
    return bool(order.cancel_reason) and not order.ended and not order.create_out


def is_about(order: Order, report: OrderReport) -> bool:
    """Return whether the venue's statement is about `order`: by the venue's id where it is known, else by ours."""
    if report.instrument_id != order.instrument_id:
        return False
    if order.venue_order_id:
        return report.venue_order_id == order.venue_order_id
    return report.client_order_id == order.client_order_id


def rebased(order: Order, report: OrderReport) -> OrderReport:
    """Return a statement about what the venue has amended, of this order alone."""
    return OrderReport(
        report.instrument_id,
        report.client_order_id,
        report.venue_order_id,
        report.status,
        report.side,
        report.qty_lots - order.base_lots,
        report.price_ticks,
        report.time_in_force,
        report.cum_qty_lots - order.base_lots,
        report.ts_event_ns,
        report.reason,
        report.text,
    )


def filled(order: Order, fill: FillReport, ts_recv_ns: int, reconciled: bool) -> OrderFilled:
    """Return the event of a fill that is not booked yet; fills are always booked, whatever state the order is in."""
    cum_qty_lots = order.cum_qty_lots + fill.qty_lots
    if cum_qty_lots >= order.qty_lots:
        status = _FILLED
    elif order.status in (_CANCELED, _EXPIRED):
        status = order.status
    else:
        status = _PARTIALLY_FILLED
    return OrderFilled(
        order.client_order_id,
        order.strategy,
        order.instrument_id,
        order.side,
        status,
        fill.venue_order_id,
        fill.trade_id,
        fill.qty_lots,
        fill.price_ticks,
        cum_qty_lots,
        max(0, order.qty_lots - cum_qty_lots),
        fill.commission_e8,
        fill.commission_asset,
        fill.liquidity,
        fill.ts_event_ns,
        ts_recv_ns,
        reconciled,
    )


def updated(
    order: Order,
    status: int,
    ts_recv_ns: int,
    reason: int = 0,
    text: str = "",
    ts_event_ns: int = 0,
    venue_order_id: str = "",
    reconciled: bool = False,
) -> OrderUpdated:
    """Return the event of a new status."""
    return OrderUpdated(
        order.client_order_id,
        order.instrument_id,
        status,
        venue_order_id or order.venue_order_id,
        order.cum_qty_lots,
        ts_event_ns,
        ts_recv_ns,
        reason,
        text[:TEXT_MAX],
        reconciled,
    )
