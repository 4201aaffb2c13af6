"""Orders in place of others by an amend: the venue changes the order that it has, which goes on as the new one of ours.

Where it is good for: the order keeps its place in the queue if it only becomes smaller, and is never off the market. It is
done if the venue can, and the whole is for no more than it was (`can_amend`); all else is canceled and created anew
(`agents.execution.replacements`). Both orders are in the log before anything is sent, so risk counts both until it is
proven which one there is: what the venue states with the new terms, and with nothing filled beside, is the new order from
then on, and the old one has ended, REPLACED. The venue goes on to know it by its own id and by that of the first; what it
counts as filled of it holds what the older ones had (`Order.base_lots`).

Whatever else happens has the order canceled at the venue, which proves that no amend comes after: an outcome that is
unknown or not told in time, a restart, something traded before the venue has amended it. What was traded until then is the
old order's; the new one never was. If the venue refuses the amend, and the old order then ends untouched, the new one is
created after all.
"""

from collections.abc import Callable
from typing import Protocol

from agents.execution.lifetimes import Lifetimes
from agents.execution.order_lookup import OrderLookup
from agents.execution.order_table import Order, OrderTable
from agents.execution.venue_calls import ReconcilePass, VenueCalls
from agents.instruments import InstrumentInfo
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, OrderReport, Verdict
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.messages import Ack, Approved, Message, OrderInitialized
from schemas.orders import OrderStatus, Reason
from schemas.units import MS

AMENDMENTS = "amendments"
WAIT_NS = 2_000 * MS
"""How long the venue's word is waited for."""
WORKING = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class OrderActions(Protocol):
    """The desk that publishes and sends."""

    table: OrderTable
    calls: VenueCalls
    lifetimes: Lifetimes
    lookup: OrderLookup

    def emit(self, message: Message, corr: int) -> None:
        """Publish an event, and fold it."""
        ...

    def take(self, verdict: Verdict, order: Order, run: ReconcilePass | None, reconciled: bool) -> bool:
        """Take what a reply states about the order that was asked for."""
        ...

    def update(
        self, order: Order, status: int, reason: int = 0, text: str = "", report: OrderReport | None = None
    ) -> None:
        """Publish a new status of the order."""
        ...

    def await_word(self, order: Order, verdict: Verdict) -> None:
        """Let the private stream tell what becomes of what the venue took on."""
        ...

    def cancel(self, order: Order, reason: int) -> None:
        """Have the order canceled."""
        ...

    def send_create(self, order: Order) -> None:
        """Send the create of an order that is in the log."""
        ...


class _Amendment:
    """One that is under way."""

    def __init__(
        self, old: Order, new: Order, until_ns: int, create_until_ns: int, refusal: Callable[[], Ack | None]
    ) -> None:
        self.old = old
        self.new = new
        self.until_ns = until_ns
        """Until when the venue is to have told of it."""
        self.create_until_ns = create_until_ns
        """Until when the new order may be created instead."""
        self.refusal = refusal
        """Why it may not be; asked then."""
        self.traded_lots = old.cum_qty_lots
        """What the old order had traded when it was to be amended."""
        self.refused: Ack | None = None
        """Why the venue does not do it, if it has said so."""

    @property
    def is_decided(self) -> bool:
        """Whether the new order is the venue's, or will never be by an amend."""
        return self.new.amends is not self.old or self.old.ended


def can_amend(account: TradingAccount, old: Order, terms: Approved) -> bool:
    """Return whether the venue can turn `old` into an order on these terms, and is in a position to."""
    if not (account.has_amend and old.amendable and old.proven and old.status in WORKING):
        return False
    busy = old.cancel_reason or old.cancel_out or old.held is not None or old.heir is not None
    kept = (old.side, old.time_in_force, old.exec_inst) == (terms.side, terms.time_in_force, terms.exec_inst)
    if busy or not kept or old.watched or terms.take_profit_ticks or terms.stop_ticks:
        return False
    qty_lots, same_price = old.cum_qty_lots + terms.qty_lots, terms.price_ticks == old.price_ticks
    if qty_lots > old.qty_lots or (same_price and qty_lots == old.qty_lots):
        return False
    return same_price or not account.amend_only_reduces


class Amendments:
    """The amends that are under way."""

    def __init__(self, account: TradingAccount, desk: OrderActions) -> None:
        """Take whose calls they are, and the desk that publishes; `bind` comes before all else."""
        self._account = account
        self._desk = desk
        self._out: dict[str, _Amendment] = {}
        """By the new order's id."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def resume(self, order: Order) -> None:
        """Take up an open order of an earlier life: what was being amended is canceled, unless the new order is proven."""
        new = order.heir
        if order.amends is not None and order.amends.ended:
            order.amends = None
        elif new is not None and order.successor is new:
            self._desk.update(order, OrderStatus.CANCELED, Reason.REPLACED)
        elif new is not None:
            order.cancel_reason = order.cancel_reason or int(Reason.REPLACED)

    def begin(
        self,
        terms: OrderInitialized,
        old: Order,
        info: InstrumentInfo,
        corr: int,
        ttl_ms: int,
        refusal: Callable[[], Ack | None],
    ) -> None:
        """Log the new order, and have the venue amend the old one; `refusal` says why a create may not follow later."""
        desk, now_ns = self._desk, self._ctx.now_ns
        desk.emit(terms, corr)
        new = desk.table.orders[terms.client_order_id]
        new.sent_ns = now_ns
        desk.lifetimes.begin(new, now_ns)
        qty_lots = old.base_lots + old.cum_qty_lots + new.qty_lots
        call = self._account.amend(info, old.venue_name, old.venue_order_id, old.side, qty_lots, int(new.price_ticks))
        each = _Amendment(old, new, now_ns + WAIT_NS, now_ns + ttl_ms * MS, refusal)
        self._out[new.client_order_id] = each
        desk.calls.amend(call, self._on_amend, each)
        self._ctx.set_timer(AMENDMENTS, min(one.until_ns for one in self._out.values()))

    def on_timer(self) -> None:
        """Have canceled what the venue has not told of in time."""
        now_ns = self._ctx.now_ns
        for each in self._out.values():
            if now_ns >= each.until_ns:
                self._give_up(each)
        waiting = [each.until_ns for each in self._out.values() if each.until_ns > now_ns]
        if waiting:
            self._ctx.set_timer(AMENDMENTS, min(waiting))

    def heard(self, old: Order, report: OrderReport, filled_lots: int = 0) -> Order:
        """Return which order a statement is about, of one that is being amended; beside it a fill of `filled_lots`."""
        new = old.heir
        each = None if new is None else self._out.get(new.client_order_id)
        if each is None or each.is_decided or old.cancel_reason:
            return old
        before_lots = old.base_lots + each.traded_lots
        amended = (before_lots + each.new.qty_lots, each.new.price_ticks)
        if (report.qty_lots, report.price_ticks) != amended or not (report.status in WORKING or filled_lots):
            return old
        if report.cum_qty_lots - filled_lots != before_lots or old.cum_qty_lots != each.traded_lots:
            self._give_up(each)
            return old
        self._desk.update(each.new, OrderStatus.NEW, report=report)
        self._desk.update(old, OrderStatus.CANCELED, Reason.REPLACED)
        return each.new

    def ended(self, old: Order) -> None:
        """Take that an order has ended that another one amends: that one is the venue's, or never was."""
        new, old.heir = old.heir, None
        if new is None:
            return
        each = self._out.pop(new.client_order_id, None)
        if new.amends is not old:
            return
        new.amends = None
        refused = self._refusal(old, new, each)
        if refused is None:
            self._desk.send_create(new)
        elif new.cancel_reason:
            self._desk.update(new, OrderStatus.CANCELED, new.cancel_reason)
        else:
            self._desk.update(new, OrderStatus.REJECTED, refused.reason, refused.text)

    def _on_amend(self, reply: VenueReply, each: _Amendment, run: ReconcilePass | None) -> None:
        desk, old, new = self._desk, each.old, each.new
        verdict = desk.calls.verdict(reply)
        if verdict.result is CallResult.ACCEPTED:
            desk.take(verdict, old, None, reconciled=False)
        if each.is_decided:
            return
        if verdict.result in (CallResult.ACCEPTED, CallResult.TAKEN):
            desk.await_word(old, verdict)
        elif verdict.result is CallResult.UNKNOWN:
            self._ctx.count(Counter.ORDERS_UNKNOWN)
            desk.update(new, OrderStatus.UNKNOWN, new.cancel_reason or Reason.OUTCOME_UNKNOWN, verdict.text)
            self._give_up(each)
        else:
            old.amendable = False
            each.refused = Ack(False, verdict.reason, verdict.text)
            self._give_up(each)
        desk.lookup.follow_up(old)

    def _give_up(self, each: _Amendment) -> None:
        """Have the old order canceled, unless it is being canceled."""
        if not each.is_decided and not each.old.cancel_reason:
            self._desk.cancel(each.old, int(Reason.REPLACED))

    def _refusal(self, old: Order, new: Order, each: _Amendment | None) -> Ack | None:
        """Return why the new order is not created after all, now that the old one has ended."""
        if each is None or new.cancel_reason or each.refused is None:
            return Ack(False, Reason.ALREADY_TERMINAL, f"{old.client_order_id} has ended before it was amended")
        if traded_lots := old.cum_qty_lots - each.traded_lots:
            return Ack(False, Reason.ALREADY_TERMINAL, f"{old.client_order_id} has traded {traded_lots} lots meanwhile")
        if old.cancel_reason != Reason.REPLACED:
            return Ack(False, Reason.ALREADY_TERMINAL, f"{old.client_order_id} was canceled meanwhile")
        if self._ctx.now_ns >= each.create_until_ns:
            return Ack(False, Reason.DEADLINE_EXPIRED, f"the venue does not amend it: {each.refused.text}")
        return each.refusal()
