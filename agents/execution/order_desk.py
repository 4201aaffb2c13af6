"""What execution does about single orders: create, cancel, book what the venue states.

A create is sent once, when its order is in the log. A venue may answer that it took the request on and nothing more:
then the order stays SUBMITTED until the private stream tells of it. What a reply leaves open is found out by
`agents.execution.order_lookup`. Cancels may be repeated: a cancel whose end is not proven leads to a query, and to the
next cancel if the order is still open. While the venue's rate limiter asks to wait, only cancels are sent.

What the venue states may come in any order and more than once (private stream, replies, lists);
`agents.execution.order_table` decides what it changes. A statement with more filled than is booked makes the desk fetch the
order's fills first.

This file is compiled (`order_desk.pxd` has the C types).
"""

from collections.abc import Callable

from agents.execution.amendments import Amendments
from agents.execution.fill_lookup import FillLookup
from agents.execution.lifetimes import Lifetimes
from agents.execution.order_lookup import OrderLookup
from agents.execution.order_table import Order, OrderTable
from agents.execution.statements import Judgement, filled, is_about, judge, rebased, updated
from agents.execution.venue_calls import ReconcilePass, VenueCalls
from agents.instruments import InstrumentInfo
from agents.state.message_fields import ORDER_INITIALIZED
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, ExecutionEvent, FillReport, OrderReport, Verdict
from core.frame import Header
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.messages import Message, OrderInitialized
from schemas.orders import ExecInst, OrderStatus, Reason

_INITIALIZED = int(OrderStatus.INITIALIZED)
_SUBMITTED = int(OrderStatus.SUBMITTED)
_PENDING_CANCEL = int(OrderStatus.PENDING_CANCEL)
_UNKNOWN = int(OrderStatus.UNKNOWN)
_CANCELED = int(OrderStatus.CANCELED)
_REJECTED = int(OrderStatus.REJECTED)
_REPLACED = int(Reason.REPLACED)
_ACCEPTED, _NOT_FOUND, _UNPROVEN, _TAKEN = (
    CallResult.ACCEPTED,
    CallResult.NOT_FOUND,
    CallResult.UNKNOWN,
    CallResult.TAKEN,
)
TERMS = ORDER_INITIALIZED
REDUCE_ONLY = int(ExecInst.REDUCE_ONLY)
_MISSING_FILLS, _CHANGE, _OLD = Judgement.MISSING_FILLS, Judgement.CHANGE, Judgement.OLD


class OrderDesk:
    """The orders of one account, and the calls that are out for them."""

    def __init__(
        self,
        stream: int,
        account: TradingAccount,
        instruments: dict[int, InstrumentInfo],
        lifetime_ms: int = 0,
        cancel_reserve: float = 0.0,
    ) -> None:
        """Take the stream to publish on, and how long orders rest that say nothing of it; `bind` comes before all else."""
        self.table = OrderTable()
        self.calls = VenueCalls(account, cancel_reserve)
        self.fills = FillLookup(account, self.calls, self)
        self.lookup = OrderLookup(account, self.calls, instruments, self)
        self.lifetimes = Lifetimes(self.table, lifetime_ms)
        self.amendments = Amendments(account, self)
        self._stream = stream
        self.account = account
        self._instruments = instruments
        self.watch: Callable[[Order], None]
        """Told of each change of a `watched` order."""
        self.forced: Callable[[FillReport], None]
        """Told of each fill that the venue has forced on the account."""
        self.waiting: dict[str, Order] = {}
        """Orders of which the venue states more than is booked."""

    def bind(self, ctx: Context, run_idle: Callable[[ReconcilePass], None]) -> None:
        """Take the agent's context, and what is told of each run that has no call out any more."""
        self.ctx = ctx
        self.calls.ctx = ctx
        self.lookup.bind(ctx)
        self.lifetimes.ctx = ctx
        self.amendments.bind(ctx)
        self._run_idle = run_idle

    def restore(self, header: Header, message: Message) -> None:
        """Fold one event of the own log."""
        self.table.apply(message, header.corr)
        if type(message) is OrderInitialized:
            order = self.table.orders[message.client_order_id]
            order.sent_ns = header.send_ns

    def resume(self) -> None:
        """Take up the orders of an earlier life: what was perhaps sent and never answered is UNKNOWN."""
        for order in list(self.table.open.values()):
            self.lifetimes.begin(order, order.sent_ns)
            order.sent_ns = self.ctx.now_ns
            self.amendments.resume(order)
            if order.ended:
                continue
            unanswered = order.status in (_INITIALIZED, _SUBMITTED)
            if unanswered or (order.status == _PENDING_CANCEL and not order.proven):
                self.update(order, _UNKNOWN, Reason.OUTCOME_UNKNOWN, "restarted before the outcome was known")
            self.lookup.follow_up(order)

    def instrument(self, instrument_id: int) -> InstrumentInfo:
        """Return the instrument of that number, which is traded on the account."""
        return self._instruments[instrument_id]

    # Create and cancel

    def create(self, terms: OrderInitialized, info: InstrumentInfo, corr: int) -> None:
        """Log the order, whose id is new and which is SUBMITTED by that, and send its create, once and never again.

        Nothing else stands before the call: until it is made, the order is a record in the log and no more.
        """
        ctx = self.ctx
        ctx.publish(self._stream, terms, corr)
        call = self.account.create(
            info,
            TERMS.client_order_id.of(terms),
            TERMS.side.of(terms),
            TERMS.qty_lots.of(terms),
            TERMS.price_ticks.of(terms),
            TERMS.time_in_force.of(terms),
            TERMS.exec_inst.int_of(terms) & REDUCE_ONLY != 0,
        )
        call_id = ctx.call(call)
        order = Order(terms, corr)
        self.calls.created(call_id, order)
        self.table.add(order)
        now_ns, origin_ns = ctx.now_ns, ctx.origin_ns
        order.sent_ns = now_ns
        order.create_out = True
        self.lifetimes.begin(order, now_ns)
        if order.watched:
            self.watch(order)
        if origin_ns:
            ctx.record_latency("tick_to_order", now_ns - origin_ns)

    def send_create(self, order: Order) -> None:
        """Send the create of an order that is in the log and of which the venue knows nothing."""
        info, reduces = self._instruments[order.instrument_id], order.exec_inst & REDUCE_ONLY != 0
        call = self.account.create(
            info, order.client_order_id, order.side, order.qty_lots, order.price_ticks, order.time_in_force, reduces
        )
        self.calls.created(self.ctx.call(call), order)
        order.sent_ns = self.ctx.now_ns
        order.create_out = True

    def cancel(self, order: Order, reason: int) -> None:
        """Have the order canceled; if a cancel is out already, that one counts, and the new reason is told.

        What is to become this order at the venue is canceled in its place.
        """
        order.cancel_reason = reason
        if order.amends is not None:
            self._tell_canceling(order)
            order = order.amends
            order.cancel_reason = order.cancel_reason or reason
        if not order.cancel_out:
            self.send_cancel(order)
        elif not order.ended:
            self._tell_canceling(order)

    def end_lifetimes(self) -> None:
        """Cancel the orders that have rested as long as they may."""
        for order in self.lifetimes.expired():
            self.cancel(order, Reason.LIFETIME_EXPIRED)

    def send_cancel(self, order: Order) -> None:
        """Send a cancel, and say first that the order is to be canceled; it waits while nothing at all may be sent."""
        self._tell_canceling(order)
        if self.calls.is_held():
            self.lookup.follow_up(order)
            return
        order.cancel_out = True
        info = self._instruments[order.instrument_id]
        self.calls.call(self.account.cancel(info, order.client_order_id, order.venue_order_id), self._on_cancel, order)

    def _tell_canceling(self, order: Order) -> None:
        """Say that the order is to be canceled and why, unless both were said: a later life goes on from there."""
        status = _UNKNOWN if order.status == _UNKNOWN else _PENDING_CANCEL
        if status != order.status or order.reason != order.cancel_reason:
            self.update(order, status, order.cancel_reason)

    def _on_create(self, reply: VenueReply, order: Order) -> None:
        order.create_out = False
        verdict = self.calls.verdict(reply)
        if verdict.result is _ACCEPTED:
            order.query_wanted = False
            if not self.take(verdict, order, None, reconciled=False):
                self._lost(order, Verdict(_UNPROVEN, text="the answer is about another order"))
        elif verdict.result is _TAKEN:
            if not order.proven:
                self.await_word(order, verdict)
        elif order.proven or verdict.result in (_UNPROVEN, _NOT_FOUND):
            self._lost(order, verdict)
        else:
            self.update(order, _REJECTED, verdict.reason, verdict.text)
        self.lookup.follow_up(order)

    def _lost(self, order: Order, verdict: Verdict) -> None:
        """The create's end is not proven; unless the venue has told of the order already, look it up."""
        if order.proven:
            order.query_wanted = not order.ended
        elif order.status in (_SUBMITTED, _PENDING_CANCEL):
            self.ctx.count(Counter.ORDERS_UNKNOWN)
            self.update(order, _UNKNOWN, Reason.OUTCOME_UNKNOWN, verdict.text)
        order.attempts = 0

    def await_word(self, order: Order, verdict: Verdict) -> None:
        """Let the private stream tell what becomes of what the venue took on; look the order up if it does not."""
        self.table.note_venue_id(order, verdict.venue_order_id)
        order.taken = order.query_wanted = True
        order.attempts = 0

    def _on_cancel(self, reply: VenueReply, order: Order, run: ReconcilePass | None) -> None:
        order.cancel_out = False
        verdict = self.calls.verdict(reply)
        taken = verdict.result == _ACCEPTED and self.take(verdict, order, run, reconciled=False)
        if verdict.result is _TAKEN and not order.ended:
            self.await_word(order, verdict)
        elif not (taken or order.ended):
            self.ctx.count(Counter.CANCELS_NOT_PROVEN)
            order.query_wanted = True
        self.lookup.follow_up(order)

    # What the venue states

    def on_execution(self, event: ExecutionEvent) -> None:
        """Take an event of the private stream."""
        order = self.order_of(event.order)
        if event.fill is not None:
            if order.heir is not None:
                order = self.amendments.heard(order, event.order, event.fill.qty_lots)
            self.book(order, event.fill, None, reconciled=False)
        self.merge(event.order)

    def merge(self, report: OrderReport, run: ReconcilePass | None = None, reconciled: bool = False) -> None:
        """Take a statement about any order; what is known better already is left as it is."""
        self._merge(self.order_of(report), report, run, reconciled)

    def _merge(self, order: Order, report: OrderReport, run: ReconcilePass | None, reconciled: bool) -> None:
        self._touch(order)
        if order.heir is not None:
            order = self.amendments.heard(order, report)
        stated = rebased(order, report) if order.base_lots else report
        judgement, status = judge(order, stated)
        if judgement is _CHANGE:
            reason = report.reason
            if status == _CANCELED:
                reason = order.cancel_reason or reason or _REPLACED
            self.update(order, status, reason, report.text, report, reconciled)
        elif judgement is _MISSING_FILLS:
            order.held = report
            self.waiting[order.client_order_id] = order
            self.lookup.fetch_fills(order, run)
        elif judgement is _OLD:
            self.ctx.count(Counter.ORDER_REPORT_OLD)
        self.lookup.follow_up(order)

    def take(self, verdict: Verdict, order: Order, run: ReconcilePass | None, reconciled: bool) -> bool:
        """Take what a reply states about the order that was asked for; False if it is about another one."""
        report = verdict.order
        assert report is not None
        while order.successor is not None:
            order = order.successor
        if not is_about(order, report):
            self.ctx.count(Counter.VENUE_REPLY_OF_OTHER_ORDER)
            return False
        self.table.note_venue_id(order, report.venue_order_id)
        for fill in verdict.fills:
            self.book(order, fill, run, reconciled)
        self._merge(order, report, run, reconciled)
        return True

    def _touch(self, order: Order) -> None:
        """Take note that the venue told of the order: what was concluded from its silence begins anew."""
        order.touched_ns = self.ctx.now_ns
        order.not_found_ns = 0
        if order.taken:
            order.taken = order.query_wanted = False

    def book(self, order: Order, fill: FillReport, run: ReconcilePass | None, reconciled: bool) -> None:
        """Book a fill, unless it is booked."""
        if self.table.is_booked(fill):
            return
        if order.cum_qty_lots + fill.qty_lots > order.qty_lots:
            self.ctx.count(Counter.ORDERS_OVERFILLED)
        self._touch(order)
        self.emit(filled(order, fill, self.ctx.wall_ns, reconciled=reconciled), order.corr)
        if order.watched:
            self.watch(order)
        if order.heir is not None and order.ended:
            self.amendments.ended(order)
        if fill.forced:
            self.forced(fill)
        if run is not None:
            run.fills += 1
        held = order.held
        if held is not None and held.cum_qty_lots - order.base_lots <= order.cum_qty_lots:
            order.held = None
            del self.waiting[order.client_order_id]
            self.merge(held, run, reconciled)
        self.lookup.follow_up(order)

    def order_of(self, report: OrderReport) -> Order:
        """Return the order that a statement is about; one that is not ours is adopted, so that it counts."""
        order = self.table.find(report)
        if order is None:
            self.ctx.count(Counter.ORDERS_ADOPTED)
            taken = report.client_order_id in self.table.orders
            client_order_id = f"X{report.venue_order_id}" if taken else report.client_order_id
            terms = OrderInitialized(
                client_order_id,
                "",
                report.instrument_id,
                report.side,
                report.qty_lots,
                report.price_ticks,
                report.time_in_force,
                external=True,
            )
            self.emit(terms, 0)
            order = self.table.orders[client_order_id]
        self.table.note_venue_id(order, report.venue_order_id)
        return order

    # Publishing and calling

    def update(
        self,
        order: Order,
        status: int,
        reason: int = 0,
        text: str = "",
        report: OrderReport | None = None,
        reconciled: bool = False,
    ) -> None:
        """Publish a new status of the order, with the venue's time if it comes from a statement of the venue."""
        ts_event_ns, venue_order_id = (0, "") if report is None else (report.ts_event_ns, report.venue_order_id)
        message = updated(order, status, self.ctx.wall_ns, reason, text, ts_event_ns, venue_order_id, reconciled)
        self.ctx.publish(self._stream, message, order.corr)
        self.table.change(order, message)
        if order.watched:
            self.watch(order)
        if order.heir is not None and order.ended:
            self.amendments.ended(order)

    def on_venue_reply(self, reply: VenueReply) -> None:
        """Hand a reply to whoever waits for it."""
        waits = self.calls.ended(reply)
        if isinstance(waits, Order):
            self._on_create(reply, waits)
            return
        run = self.calls.hand_over(reply, waits)
        if run is not None:
            self._run_idle(run)

    def emit(self, message: Message, corr: int) -> None:
        """Publish an event, and fold it."""
        self.ctx.publish(self._stream, message, corr)
        self.table.apply(message, corr)
