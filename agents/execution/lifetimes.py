"""How long an order may rest: its own lifetime, or the one of the configuration.

Execution keeps it, and not the strategy that wanted the order, so that it ends also when nobody wants it any more. It
counts from when the order was logged, over restarts too: a record says when, in the monotonic time of this host. That
begins anew when the host does; of an order that is older than the host's start it is known that it rested since then at
least, and it may rest too long, never too short. Orders that are not ours rest as long as whoever placed them wants.

One timer stands for the order that ends first. When it comes all open orders are looked at, so that a new order costs a
comparison and no more.

This file is compiled (`lifetimes.pxd` has the C types).
"""

from agents.execution.order_table import Order, OrderTable
from mesh.context import Context
from schemas.units import MS

LIFETIME = "lifetime"
NEVER_NS = 1 << 62


class Lifetimes:
    """When each order has rested as long as it may, and the time at which that is so first."""

    def __init__(self, table: OrderTable, default_ms: int) -> None:
        """Take the orders; `default_ms` is for those that say nothing of it, 0: for ever. `ctx` is set before the first."""
        self.ctx: Context
        self._table = table
        self._default_ms = default_ms
        self._due_ns = NEVER_NS

    def begin(self, order: Order, since_ns: int) -> None:
        """Count the lifetime of an order that was logged at `since_ns`."""
        lifetime_ms = order.lifetime_ms or self._default_ms
        if not lifetime_ms or order.external:
            return
        now_ns = self.ctx.now_ns
        order.expires_ns = (since_ns if since_ns <= now_ns else 0) + lifetime_ms * MS
        if order.expires_ns < self._due_ns:
            self._look_at(order.expires_ns)

    def expired(self) -> list[Order]:
        """Return the open orders that have rested long enough and are not being canceled; called when the timer comes."""
        now_ns = self.ctx.now_ns
        found: list[Order] = []
        next_ns = NEVER_NS
        for order in self._table.open.values():
            if not order.expires_ns or order.cancel_reason:
                continue
            if order.expires_ns <= now_ns:
                found.append(order)
            else:
                next_ns = min(next_ns, order.expires_ns)
        self._due_ns = NEVER_NS
        if next_ns < NEVER_NS:
            self._look_at(next_ns)
        return found

    def _look_at(self, due_ns: int) -> None:
        self._due_ns = due_ns
        self.ctx.set_timer(LIFETIME, due_ns)
