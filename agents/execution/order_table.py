"""Orders of one account: their state as the fold of published events, and what a statement of the venue changes.

The state is changed by `OrderTable.apply` and nothing else, both when execution publishes an event and when it folds its
log after a restart, so the two cannot differ. What to publish is decided in `agents.execution.statements`.

The quantity that counts is the sum of fills that are booked, each once by (instrument, venue order id, trade id): where
the account trades with itself, both orders have a fill of the same trade id. A statement with a larger quantity waits until
the missing fills are fetched; one that is older than what is known changes nothing.

States and reasons are plain numbers here, those of `OrderStatus` and `Reason`. This file is compiled (`order_table.pxd` has
the C types).
"""

from collections import OrderedDict, deque
from collections.abc import Callable

from agents.state.message_fields import ORDER_INITIALIZED, ORDER_UPDATED
from agents.venues.reports import FillReport, OrderReport
from schemas.messages import Approved, Cause, Message, OrderFilled, OrderInitialized, OrderUpdated
from schemas.orders import CANCEL_REASONS, TERMINAL, OrderStatus, Reason

FILLS_REMEMBERED_MAX = 32_768
ORDERS_REMEMBERED_MAX = 8_192

_INITIALIZED = int(OrderStatus.INITIALIZED)
_SUBMITTED = int(OrderStatus.SUBMITTED)
_PENDING_CANCEL = int(OrderStatus.PENDING_CANCEL)
_UNKNOWN = int(OrderStatus.UNKNOWN)
_CANCELED = int(OrderStatus.CANCELED)
_ORDER_NOT_FOUND = int(Reason.ORDER_NOT_FOUND)
_STATUSES_END = int(max(OrderStatus)) + 1
_TERMINAL = sum(1 << status for status in TERMINAL)
"""Bit N is set if an order of status N has ended."""

_NO_COSTS: dict[str, int] = {}
_NO_EXITS: "list[Order]" = []
"""Of all orders of which nobody asks."""

Decision = tuple[int, Cause]
"""Where a decision stands: the number of the agent that published it, and the position there."""


class Order:
    """One order: its terms, its state as published, and what execution is doing about it now.

    The second half is not in the log: a restart begins it anew, on the safe side.
    """

    def __init__(self, message: OrderInitialized, corr: int) -> None:
        """Begin with the terms of `message`: SUBMITTED, or INITIALIZED if the venue told of the order."""
        self.client_order_id: str = ORDER_INITIALIZED.client_order_id.of(message)
        self.strategy: str = ORDER_INITIALIZED.strategy.of(message)
        self.instrument_id: int = ORDER_INITIALIZED.instrument_id.of(message)
        self.side: int = ORDER_INITIALIZED.side.of(message)
        self.qty_lots: int = ORDER_INITIALIZED.qty_lots.of(message)
        self.price_ticks: int = ORDER_INITIALIZED.price_ticks.of(message)
        self.time_in_force: int = ORDER_INITIALIZED.time_in_force.of(message)
        self.external: bool = ORDER_INITIALIZED.external.of(message)
        self.exec_inst: int = ORDER_INITIALIZED.exec_inst.of(message)
        self.lifetime_ms: int = ORDER_INITIALIZED.lifetime_ms.of(message)
        """How long it may rest; 0: as long as the configuration says."""
        self.take_profit_ticks: int = ORDER_INITIALIZED.take_profit_ticks.int_of(message)
        self.stop_ticks: int = ORDER_INITIALIZED.stop_ticks.int_of(message)
        self.parent: str = ORDER_INITIALIZED.parent.of(message)
        """The order that this one closes, empty if it is none's exit."""
        self.replaces: str = ORDER_INITIALIZED.replaces.of(message)
        self.amends: Order | None = None
        """The order that the venue is to turn into this one, until that is decided."""
        self.heir: Order | None = None
        """The order that amends this one, until this one has ended."""
        self.successor: Order | None = None
        """The order that has taken over what this one was at the venue."""
        self.base_lots = 0
        """What the venue counts as filled of this order and was filled of those that it has amended."""
        self.venue_name: str = self.client_order_id
        """Our id by which the venue knows it: an amended order keeps it."""
        self.amendable = True
        """Whether the venue has not refused yet to amend it."""
        self.watched = self.take_profit_ticks > 0 or self.stop_ticks > 0 or self.parent != ""  # tell `OrderDesk.watch`
        self.costs_e8: dict[str, int] = {} if self.watched else _NO_COSTS
        """What an order with a bracket has paid as commission, by asset."""
        self.exits: list[Order] = [] if self.watched else _NO_EXITS
        """The orders that close what this one has opened, the oldest first."""
        self.decision = _decision_of(message)
        """What the order was created on; None if nobody here decided on it."""
        self.corr = corr
        self.status = _INITIALIZED if self.external else _SUBMITTED
        self.ended = False
        """Whether the order cannot trade any more, as far as the venue has told."""
        self.venue_order_id = ""
        self.cum_qty_lots = 0
        self.reason = 0
        """What was published with the status."""
        self.presumed = False
        """Whether the order ended only because the venue did not know it any more; it is open again if it does."""
        self.cancel_reason = 0
        """Why the order is to be canceled; stays until the order has ended."""

        self.create_out = False
        self.cancel_out = False
        self.look_out = False
        """A query, or a call for its fills, is on its way."""
        self.query_wanted = False
        self.taken = False
        """The venue took a create or a cancel on, and has not told yet what became of it."""
        self.held: OrderReport | None = None
        """A statement of the venue that waits for fills."""
        self.attempts = 0
        self.timer_set = False
        self.sent_ns = 0
        self.not_found_ns = 0
        """When "no such order" was first told late enough to count."""
        self.unlisted_ns = 0
        """When the last pass began whose list of open orders did not have the order."""
        self.touched_ns = 0
        self.expires_ns = 0
        """When the order has rested as long as it may; 0 if it may for ever."""

    @property
    def proven(self) -> bool:
        """Whether the venue is known to have the order."""
        return bool(self.venue_order_id)

    def same_terms(self, message: Approved) -> bool:
        """Return whether `message` approves this very order."""
        return (
            self.client_order_id == message.client_order_id
            and self.strategy == message.strategy
            and self.instrument_id == message.instrument_id
            and self.side == message.side
            and self.qty_lots == message.qty_lots
            and self.price_ticks == message.price_ticks
            and self.time_in_force == message.time_in_force
            and self.exec_inst == message.exec_inst
            and self.lifetime_ms == message.lifetime_ms
        )


def _decision_of(message: OrderInitialized) -> Decision | None:
    """Return where the decision stands that an order was created on; logs of before do not tell."""
    approver = ORDER_INITIALIZED.approver.of(message)
    return (approver, ORDER_INITIALIZED.causes.of(message)[0]) if approver else None


class OrderTable:
    """All orders of the account by client order id and by the venue's id; the fold of execution's own events."""

    def __init__(self) -> None:
        """Begin without orders."""
        self.orders: dict[str, Order] = {}
        self.open: dict[str, Order] = {}
        self.submitted = 0
        self.external = 0
        self._counts = [0] * _STATUSES_END
        self._remembered_max = ORDERS_REMEMBERED_MAX
        self.keep: Callable[[Order], bool] | None = None
        """Tells of an ended order with a bracket whether it is to be remembered, however old it is."""
        self._by_decision: dict[Decision, Order] = {}
        self._by_venue_id: dict[int, dict[str, Order]] = {}
        """By instrument and the venue's id."""
        self._ended: deque[Order] = deque()
        """In the order in which they ended."""
        self._fills: dict[int, OrderedDict[str, None]] = {}
        """By instrument, the venue's ids of order and trade of the fills that are booked, in one text: they are many."""
        self.traded_lots: dict[int, int] = {}
        """By instrument, what was bought less what was sold."""
        self.own_lots: dict[tuple[str, int], int] = {}
        """The same of each strategy, by its name and the instrument; of orders that are not ours, by an empty name."""
        self.last_px_ticks: dict[int, int] = {}
        self.filled_ns = 0
        """By instrument the price of the fill that was told last; and when that of any was told, by our wall clock."""
        self.commissions_e8: dict[tuple[int, str], int] = {}
        """By instrument and asset, what fills have cost."""

    @property
    def counts(self) -> dict[int, int]:
        """How many orders are in each state, those that have been forgotten included."""
        return {int(status): self._counts[status] for status in OrderStatus}

    def apply(self, message: Message, corr: int) -> None:
        """Fold one event; events of other types change nothing."""
        if type(message) is OrderUpdated:
            self.change(self.orders[message.client_order_id], message)
        elif type(message) is OrderInitialized:
            self.add(Order(message, corr))
        elif type(message) is OrderFilled:
            self._fill(self.orders[message.client_order_id], message)

    def add(self, order: Order) -> None:
        """Fold the event that begins `order`, which was made from it."""
        if len(self.orders) >= self._remembered_max:
            self._forget()
        self.orders[order.client_order_id] = order
        self.open[order.client_order_id] = order
        if order.decision is not None and not order.parent:
            self._by_decision[order.decision] = order
        if order.parent and (parent := self.orders.get(order.parent)) is not None:
            parent.exits.append(order)
        if order.replaces and (old := self.open.get(order.replaces)) is not None:
            old.heir, order.amends = order, old
        self._counts[order.status] += 1
        self.external += order.external
        self.submitted += not order.external

    def change(self, order: Order, message: OrderUpdated) -> None:
        """Fold a new status of `order`, which is the one that the event names."""
        status, reason = ORDER_UPDATED.status.int_of(message), ORDER_UPDATED.reason.int_of(message)
        if status in (_PENDING_CANCEL, _UNKNOWN) and reason in CANCEL_REASONS:
            order.cancel_reason = reason
        self.note_venue_id(order, ORDER_UPDATED.venue_order_id.of(message))
        cum_qty_lots = ORDER_UPDATED.cum_qty_lots.of(message)
        if cum_qty_lots is not order.cum_qty_lots and cum_qty_lots > order.cum_qty_lots:
            order.cum_qty_lots = cum_qty_lots
        order.reason = reason
        order.presumed = status == _CANCELED and reason == _ORDER_NOT_FOUND
        self._move(order, status)

    def find(self, report: OrderReport) -> Order | None:
        """Return the order that a statement is about, None if it is not known.

        The venue takes a client order id again after a fill, so the same one under another venue id is another order.
        """
        order = self.by_venue_id(report.instrument_id, report.venue_order_id)
        if order is None:
            order = self.orders.get(report.client_order_id)
            if order is not None and order.venue_order_id and order.venue_order_id != report.venue_order_id:
                return None
        return order

    def by_venue_id(self, instrument_id: int, venue_order_id: str) -> Order | None:
        """Return the order with the venue's id, None if it is not known."""
        known = self._by_venue_id.get(instrument_id)
        return None if known is None else known.get(venue_order_id)

    def by_decision(self, decision: Decision) -> Order | None:
        """Return the order that was created on that decision, None if there is none."""
        return self._by_decision.get(decision)

    def note_venue_id(self, order: Order, venue_order_id: str) -> None:
        """Remember the venue's id of an order."""
        if venue_order_id and not order.venue_order_id:
            order.venue_order_id = venue_order_id
            if order.amends is not None:
                self._succeed(order, order.amends)
            known = self._by_venue_id.get(order.instrument_id)
            if known is None:
                known = self._by_venue_id[order.instrument_id] = {}
            known[venue_order_id] = order

    def _succeed(self, order: Order, old: Order) -> None:
        """Let an order be what the one that it amends was at the venue, if it has that one's id there."""
        order.amends = None
        if order.venue_order_id == old.venue_order_id:
            order.base_lots = old.base_lots + old.cum_qty_lots
            order.venue_name = old.venue_name
            old.successor = order

    def is_booked(self, fill: FillReport) -> bool:
        """Return whether that fill has been published."""
        return f"{fill.venue_order_id}\n{fill.trade_id}" in self._fills.get(fill.instrument_id, ())

    def _forget(self) -> None:
        """Forget the order that ended first; those that are to be kept take their turn again later."""
        for _ in range(len(self._ended)):
            oldest = self._ended.popleft()
            if not (oldest.watched and self.keep is not None and self.keep(oldest)):
                del self.orders[oldest.client_order_id]
                if oldest.decision is not None and not oldest.parent:
                    self._by_decision.pop(oldest.decision, None)
                known = self._by_venue_id.get(oldest.instrument_id, {})
                if known.get(oldest.venue_order_id) is oldest:
                    del known[oldest.venue_order_id]
                return
            self._ended.append(oldest)

    def _fill(self, order: Order, message: OrderFilled) -> None:
        booked = self._fills.get(order.instrument_id)
        if booked is None:
            booked = self._fills[order.instrument_id] = OrderedDict()
        booked[f"{message.venue_order_id}\n{message.trade_id}"] = None
        if len(booked) > FILLS_REMEMBERED_MAX:
            booked.popitem(last=False)
        self.note_venue_id(order, message.venue_order_id)
        instrument_id, cost = order.instrument_id, (order.instrument_id, message.commission_asset)
        traded_lots = message.last_qty_lots * message.side
        self.traded_lots[instrument_id] = self.traded_lots.get(instrument_id, 0) + traded_lots
        own = (order.strategy, instrument_id)
        self.own_lots[own] = self.own_lots.get(own, 0) + traded_lots
        self.last_px_ticks[instrument_id], self.filled_ns = message.last_px_ticks, message.ts_recv_ns
        self.commissions_e8[cost] = self.commissions_e8.get(cost, 0) + message.commission_e8
        if order.costs_e8 is not _NO_COSTS:
            order.costs_e8[cost[1]] = order.costs_e8.get(cost[1], 0) + message.commission_e8
        order.cum_qty_lots = message.cum_qty_lots
        self._move(order, message.status)

    def _move(self, order: Order, status: int) -> None:
        if not 0 < status < _STATUSES_END:
            raise ValueError(f"order {order.client_order_id}: status {status} is not known")
        was_ended = order.ended
        self._counts[status] += 1
        self._counts[order.status] -= 1
        order.status = status
        order.ended = _TERMINAL >> status & 1 != 0
        if order.ended and not was_ended:
            self.open.pop(order.client_order_id, None)
            self._ended.append(order)
        elif was_ended and not order.ended:
            self._ended.remove(order)
            self.open[order.client_order_id] = order
