"""Finding out what became of an order whose end no reply has proven.

An order is UNKNOWN when the reply to its create proves nothing, and is looked up by its client order id until the venue
tells what became of it: at 0.25, 0.5, 1, 2, 4 and then every 8 seconds. One that the venue took on without a word is looked
up if the private stream does not tell of it. "No such order" counts only from two queries a second apart, after the
venue can no longer have the create in flight (the next query comes no later than that), and with no fill of an unknown
order beside them; then the order never reached the venue. An order that the venue has told of and then does not find is
UNKNOWN too: what queries are answered from may lag behind. Only when it has been missing from every answer for as long as
the venue may lag, and then from a query, from a list of open orders that was asked for after that time, and from the fills,
has it ended, CANCELED. Whatever the venue states later wins again.

This file is compiled (`order_lookup.pxd` has the C types).
"""

from typing import Protocol

from agents.execution.fill_lookup import FillLookup
from agents.execution.order_table import Order, OrderTable
from agents.execution.statements import wants_cancel
from agents.execution.venue_calls import ReconcilePass, VenueCalls
from agents.instruments import InstrumentInfo
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, OrderReport, Verdict
from mesh.context import Context, VenueReply
from schemas.orders import OrderStatus, Reason
from schemas.units import MS

PURSUE_NS = (250 * MS, 500 * MS, 1_000 * MS, 2_000 * MS, 4_000 * MS, 8_000 * MS)
SECOND_LOOK_NS = 1_000 * MS
PURSUE = "pursue:"

_UNKNOWN = int(OrderStatus.UNKNOWN)
_CANCELED = int(OrderStatus.CANCELED)
_REJECTED = int(OrderStatus.REJECTED)
_ACCEPTED, _NOT_FOUND = CallResult.ACCEPTED, CallResult.NOT_FOUND


class Publishes(Protocol):
    """What publishes what is found out."""

    table: OrderTable
    fills: FillLookup

    def send_cancel(self, order: Order) -> None:
        """Send a cancel."""
        ...

    def take(self, verdict: Verdict, order: Order, run: ReconcilePass | None, reconciled: bool) -> bool:
        """Take what a reply states about the order that was asked for."""
        ...

    def update(
        self,
        order: Order,
        status: int,
        reason: int = 0,
        text: str = "",
        report: OrderReport | None = None,
        reconciled: bool = False,
    ) -> None:
        """Publish a new status of the order."""
        ...


class OrderLookup:
    """Sets the time of each order's next step, asks for it, and concludes from what the venue does not find."""

    def __init__(
        self, account: TradingAccount, calls: VenueCalls, instruments: dict[int, InstrumentInfo], desk: Publishes
    ) -> None:
        """Take who publishes; `bind` comes before all else."""
        self._account = account
        self._calls = calls
        self._instruments = instruments
        self._desk = desk

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def query(self, order: Order, run: ReconcilePass | None = None) -> None:
        """Ask the venue for the order, unless that is under way."""
        if order.look_out:
            return
        order.look_out = True
        info = self._instruments[order.instrument_id]
        self._calls.call(
            self._account.query(info, order.client_order_id, order.venue_order_id), self._on_query, order, run
        )

    def on_timer(self, name: str) -> None:
        """Go on with what is wanted of an order."""
        order = self._desk.table.orders.get(name.removeprefix(PURSUE))
        if order is None:
            return
        order.timer_set = False
        if order.look_out or order.cancel_out or order.amends is not None:
            return
        if self._calls.is_blocked():
            if wants_cancel(order) and not self._calls.is_held():
                self._desk.send_cancel(order)
            else:
                self.follow_up(order)
        elif order.held is not None:
            self.fetch_fills(order, None)
        elif order.query_wanted or order.status == _UNKNOWN:
            self.query(order)
        elif order.cancel_reason and not order.ended:
            self._desk.send_cancel(order)

    def follow_up(self, order: Order) -> None:
        """Set the time of the next step, if the order needs one and none is under way."""
        unknown = order.status == _UNKNOWN and not order.create_out
        cancel = wants_cancel(order)
        if not (order.held is not None or unknown or order.query_wanted or cancel):
            order.attempts = 0
            if order.timer_set:
                self._ctx.cancel_timer(PURSUE + order.client_order_id)
                order.timer_set = False
            return
        if order.look_out or order.cancel_out or order.timer_set or order.amends is not None:
            return
        wait_ns = PURSUE_NS[min(order.attempts, len(PURSUE_NS) - 1)]
        if order.not_found_ns and not order.proven:
            wait_ns = min(wait_ns, SECOND_LOOK_NS)
        elif unknown and not order.proven:
            settles_ns = order.sent_ns + self._account.settle_ns - self._ctx.now_ns
            if 0 < settles_ns < wait_ns:
                wait_ns = settles_ns
        if self._calls.is_blocked():
            until_ns = self._calls.held_until_ns if cancel else self._calls.blocked_until_ns
            wait_ns = max(wait_ns, until_ns - self._ctx.now_ns)
        order.attempts += 1
        order.timer_set = True
        self._ctx.set_timer(PURSUE + order.client_order_id, self._ctx.now_ns + wait_ns)

    def _on_query(self, reply: VenueReply, order: Order, run: ReconcilePass | None) -> None:
        order.look_out = False
        verdict = self._calls.verdict(reply)
        if verdict.result == _ACCEPTED:
            order.query_wanted = False
            self._desk.take(verdict, order, run, reconciled=True)
        elif verdict.result == _NOT_FOUND:
            elsewhere = self._account.query_elsewhere(reply)
            if elsewhere is not None:
                order.look_out = True
                self._calls.call(elsewhere, self._on_query, order, run)
                return
            self._not_found(order)
        elif run is not None:
            run.fail(verdict)
        self.follow_up(order)

    def _not_found(self, order: Order) -> None:
        """Count "no such order" if it was told late enough; once that may prove something, look at the fills too.

        What became of an order that the venue has told of is UNKNOWN then.
        """
        now_ns = self._ctx.now_ns
        if order.ended:
            order.query_wanted = False
            return
        if order.taken and now_ns - order.sent_ns < self._account.settle_ns:
            return
        if (order.proven or order.taken) and order.status != _UNKNOWN:
            self._desk.update(order, _UNKNOWN, Reason.ORDER_NOT_FOUND, "the venue does not find it any more")
        if order.create_out or (not order.proven and now_ns - order.sent_ns < self._account.settle_ns):
            return
        if not order.not_found_ns:
            order.not_found_ns = now_ns
        elif self._missing_long(order) and not self._calls.is_blocked():
            order.look_out = True
            self._calls.call(self._desk.fills.call_for(self._instruments[order.instrument_id]), self._on_proof, order)

    def _missing_long(self, order: Order) -> bool:
        """Return whether the order has been missing so long that it is not for want of time.

        `not_found_ns` begins anew whenever the venue tells of the order, in whatever way.
        """
        if order.proven:
            return order.unlisted_ns - order.not_found_ns >= self._account.query_lag_ns
        return self._ctx.now_ns - order.not_found_ns >= SECOND_LOOK_NS

    def _on_proof(self, reply: VenueReply, order: Order, run: ReconcilePass | None) -> None:
        order.look_out = False
        looked_ns, order.not_found_ns = order.not_found_ns, 0
        was_proven = order.proven
        page = self._desk.fills.take(reply, self._instruments[order.instrument_id], run)
        complete = page is not None and not page.more and not self._desk.fills.orphans
        if complete and order.status == _UNKNOWN and order.touched_ns <= looked_ns:
            order.query_wanted = False
            if not was_proven:
                self._desk.update(order, _REJECTED, Reason.NEVER_REACHED_VENUE, "not found at the venue, no fills")
            else:
                text = "the venue does not find it any more, not open, no more fills"
                self._desk.update(order, _CANCELED, Reason.ORDER_NOT_FOUND, text, None, reconciled=True)
        self.follow_up(order)

    def fetch_fills(self, order: Order, run: ReconcilePass | None) -> None:
        """Ask for the fills of the order, unless something is asked about it already."""
        if not (order.look_out or self._calls.is_blocked()):
            order.look_out = True
            info = self._instruments[order.instrument_id]
            self._calls.call(self._account.fills_of(info, order.venue_order_id), self._on_fills, order, run)

    def _on_fills(self, reply: VenueReply, order: Order, run: ReconcilePass | None) -> None:
        order.look_out = False
        self._desk.fills.take(reply, self._instruments[order.instrument_id], run)
        self.follow_up(order)
