"""The table of orders as plain values, and back: what of an execution agent's state is in an anchor.

Everything that the fold of events has made is in it, in the order in which it was made, and nothing of what execution is
doing now. What follows from the orders (by decision, by the venue's id, exits of an entry) is made anew from them. Both
ways know the table from inside, so this file is compiled (`order_anchor.pxd`).
"""

from collections import OrderedDict

import msgspec

from agents.execution.order_table import Order, OrderTable
from schemas.messages import Cause, OrderInitialized

UNTOLD: Cause = (0, 0, 0)


class AnchoredOrder(msgspec.Struct, frozen=True, array_like=True):
    """One order: the event that began it, and what the later ones have made of it."""

    begun: OrderInitialized
    corr: int
    sent_ns: int
    status: int
    ended: bool
    venue_order_id: str
    cum_qty_lots: int
    reason: int
    presumed: bool
    cancel_reason: int
    costs_e8: dict[str, int]
    exits: list[str]
    amends: str
    heir: str
    successor: str
    base_lots: int
    venue_name: str


class AnchoredOrders(msgspec.Struct, frozen=True, array_like=True):
    """The whole table; `beside` are orders that only others know any more: exits of an entry, what was amended."""

    orders: list[AnchoredOrder]
    beside: list[AnchoredOrder]
    open: list[str]
    ended: list[str]
    counts: list[int]
    submitted: int
    external: int
    fills: list[tuple[int, list[str]]]
    """By instrument, the venue's ids of order and trade, as the table has them."""
    traded_lots: list[tuple[int, int]]
    own_lots: list[tuple[str, int, int]]
    last_px_ticks: list[tuple[int, int]]
    filled_ns: int
    commissions_e8: list[tuple[int, str, int]]


def anchored(table: OrderTable) -> AnchoredOrders:
    """Return the table as it is."""
    return AnchoredOrders(
        orders=[_anchored(order) for order in table.orders.values()],
        beside=[_anchored(order) for order in _beside(table)],
        open=list(table.open),
        ended=[order.client_order_id for order in table._ended],
        counts=list(table._counts),
        submitted=table.submitted,
        external=table.external,
        fills=[(number, list(booked)) for number, booked in table._fills.items()],
        traded_lots=list(table.traded_lots.items()),
        own_lots=[(name, number, lots) for (name, number), lots in table.own_lots.items()],
        last_px_ticks=list(table.last_px_ticks.items()),
        filled_ns=table.filled_ns,
        commissions_e8=[(number, asset, paid) for (number, asset), paid in table.commissions_e8.items()],
    )


def resume(table: OrderTable, state: AnchoredOrders) -> None:
    """Make an empty table what it was."""
    orders = [_order(each) for each in state.orders]
    known = {order.client_order_id: order for order in (*[_order(each) for each in state.beside], *orders)}
    for each, order in zip(state.orders, orders, strict=True):
        table.orders[order.client_order_id] = order
        order.exits.extend([known[name] for name in each.exits])
        order.amends, order.heir = known.get(each.amends), known.get(each.heir)
        order.successor = known.get(each.successor)
        if order.decision is not None and not order.parent:
            table._by_decision[order.decision] = order
        if order.venue_order_id:
            table._by_venue_id.setdefault(order.instrument_id, {})[order.venue_order_id] = order
    table.open.update({name: known[name] for name in state.open})
    table._ended.extend([known[name] for name in state.ended])
    table._counts = list(state.counts)
    table.submitted, table.external, table.filled_ns = state.submitted, state.external, state.filled_ns
    table._fills.update({number: OrderedDict.fromkeys(booked) for number, booked in state.fills})
    table.traded_lots.update(state.traded_lots)
    table.own_lots.update({(name, number): lots for name, number, lots in state.own_lots})
    table.last_px_ticks.update(state.last_px_ticks)
    table.commissions_e8.update({(number, asset): paid for number, asset, paid in state.commissions_e8})


def _anchored(order: Order) -> AnchoredOrder:
    approver, cause = order.decision or (0, UNTOLD)
    begun = OrderInitialized(
        order.client_order_id,
        order.strategy,
        order.instrument_id,
        order.side,
        order.qty_lots,
        order.price_ticks,
        order.time_in_force,
        external=order.external,
        causes=(cause,) if approver else (),
        approver=approver,
        exec_inst=order.exec_inst,
        lifetime_ms=order.lifetime_ms,
        take_profit_ticks=order.take_profit_ticks,
        stop_ticks=order.stop_ticks,
        replaces=order.replaces,
        parent=order.parent,
    )
    return AnchoredOrder(
        begun,
        order.corr,
        order.sent_ns,
        order.status,
        order.ended,
        order.venue_order_id,
        order.cum_qty_lots,
        order.reason,
        order.presumed,
        order.cancel_reason,
        order.costs_e8,
        [each.client_order_id for each in order.exits],
        _name(order.amends),
        _name(order.heir),
        _name(order.successor),
        order.base_lots,
        order.venue_name,
    )


def _name(order: Order | None) -> str:
    return "" if order is None else order.client_order_id


def _beside(table: OrderTable) -> list[Order]:
    """Return the orders that an order of the table knows and the table does not, each once."""
    found: dict[str, Order] = {}
    for order in table.orders.values():
        for each in (*order.exits, order.amends, order.heir, order.successor):
            if each is not None and each.client_order_id not in table.orders:
                found[each.client_order_id] = each
    return list(found.values())


def _order(state: AnchoredOrder) -> Order:
    order = Order(state.begun, state.corr)
    order.sent_ns, order.status, order.ended = state.sent_ns, state.status, state.ended
    order.venue_order_id, order.cum_qty_lots, order.reason = state.venue_order_id, state.cum_qty_lots, state.reason
    order.presumed, order.cancel_reason = state.presumed, state.cancel_reason
    order.base_lots, order.venue_name = state.base_lots, state.venue_name
    if order.watched:
        order.costs_e8.update(state.costs_e8)
    return order
