"""Orders in place of others: the old one is canceled first, and the new one made when it has ended and traded no more.

What the venue can amend is none of this (`agents.execution.amendments`).

Until the venue has said what became of the old order, the new one does not exist; the request is answered then. An old
order that traded meanwhile has opened what the new one was to open, so the new one is refused, and whoever asked for it
decides again. Risk has approved both and counts both, so no limit is in danger whichever trades. A submission that has
become too old is refused too: risk may have given back what it held.
"""

from collections.abc import Callable
from typing import NamedTuple

from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import Order
from mesh.context import Context
from schemas.messages import Ack, Approved
from schemas.orders import Reason
from schemas.units import MS

REPLACEMENTS = "replacements"

Decide = Callable[[Ack | None], None]
"""Creates the new order, or refuses it with what is given."""


class _Waiting(NamedTuple):
    old: Order
    traded_lots: int
    """What the old order had traded when it was to be replaced."""
    until_ns: int
    decide: Decide


class Replacements:
    """New orders that wait for the end of old ones."""

    def __init__(self, desk: OrderDesk) -> None:
        """Take the desk that cancels."""
        self._desk = desk
        self.waiting: dict[str, _Waiting] = {}
        """What waits for the end of another, by client order id."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def replaced(self, terms: Approved) -> Order | None:
        """Return the open order that one on these terms may replace, None if there is none."""
        old = self._desk.table.orders.get(terms.replaces)
        return None if old is None or old.ended or _wrong(old, terms) else old

    def begin(self, terms: Approved, ttl_ms: int, decide: Decide) -> None:
        """Have the old order canceled, and `decide` told what follows; at once if there is nothing to wait for."""
        old = self._desk.table.orders.get(terms.replaces)
        wrong = _wrong(old, terms)
        if old is None or wrong:
            decide(Ack(False, Reason.ORDER_NOT_FOUND if old is None else Reason.NOT_OWN_ORDER, wrong))
        elif old.ended:
            decide(Ack(False, Reason.ALREADY_TERMINAL, f"{old.client_order_id} has ended: nothing is replaced"))
        else:
            until_ns = self._ctx.now_ns + ttl_ms * MS
            self.waiting[terms.client_order_id] = _Waiting(old, old.cum_qty_lots, until_ns, decide)
            old.watched = True
            self._desk.cancel(old, int(Reason.REPLACED))
            self._ctx.set_timer(REPLACEMENTS, until_ns)

    def note(self, order: Order) -> None:
        """Take that an order has changed; decide when all else is done."""
        if any(each.old is order for each in self.waiting.values()):
            self._ctx.set_timer(REPLACEMENTS, self._ctx.now_ns)

    def on_timer(self) -> None:
        """Decide what can be decided."""
        for client_order_id, each in list(self.waiting.items()):
            late = self._ctx.now_ns >= each.until_ns
            if each.old.ended or late:
                del self.waiting[client_order_id]
                each.decide(_refusal(each, late))
        if self.waiting:
            self._ctx.set_timer(REPLACEMENTS, min(each.until_ns for each in self.waiting.values()))


def _wrong(old: Order | None, terms: Approved) -> str:
    if old is None:
        return f"there is no order {terms.replaces} to replace"
    if old.external or old.strategy != terms.strategy:
        return f"{old.client_order_id} is of {old.strategy or 'nobody here'}, not of {terms.strategy}"
    if old.instrument_id != terms.instrument_id:
        return f"{old.client_order_id} is of instrument {old.instrument_id}, not of {terms.instrument_id}"
    return ""


def _refusal(waiting: _Waiting, late: bool) -> Ack | None:
    old = waiting.old
    traded_lots = old.cum_qty_lots - waiting.traded_lots
    if traded_lots:
        return Ack(False, Reason.ALREADY_TERMINAL, f"{old.client_order_id} has traded {traded_lots} lots meanwhile")
    if late:
        return Ack(False, Reason.DEADLINE_EXPIRED, f"{old.client_order_id} has not ended in time")
    return None
