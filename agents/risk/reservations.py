"""Reservations: approved orders that execution has not shown yet, and how long until their absence can be proven.

A submission may be acted on until its time to live is over. Only what execution says after that, and a margin, proves
that it never took the order; until then, and without proof for ever, the reservation stands.
"""

from collections.abc import Sequence

from agents.state.message_fields import APPROVED, APPROVED_ORIGIN
from agents.state.working_orders import WorkingOrders
from schemas.messages import Approved
from schemas.units import MS

PROOF_MARGIN_NS = 1_000 * MS
"""How long after a submission's time to live an answer about it counts as proof."""
PROBES_MAX = 32
"""Probes begun at once."""


class _Reserved:
    def begin(self, signal_id: int, proof_ns: int) -> None:
        self.signal_id = signal_id
        self.proof_ns = proof_ns
        self.probing = False


class Reservations:
    """What risk approved and execution has not shown; each holds its quantity in `orders`."""

    def __init__(self, orders: WorkingOrders, submit_ttl_ms: int) -> None:
        """Start without any; submissions live `submit_ttl_ms`."""
        self.released = 0
        self._orders = orders
        self._wait_ns = submit_ttl_ms * MS + PROOF_MARGIN_NS
        self._reserved: dict[str, _Reserved] = {}

    def __len__(self) -> int:
        return len(self._reserved)

    def hold(self, approved: Approved, now_ns: int) -> None:
        """Reserve what was approved."""
        self._orders.reserve(approved, now_ns)
        reserved = _Reserved.__new__(_Reserved)
        reserved.begin(APPROVED_ORIGIN.signal_id.int_of(approved), now_ns + self._wait_ns)
        self._reserved[APPROVED.client_order_id.of(approved)] = reserved

    def anchored(self) -> list[tuple[str, int]]:
        """Return each reservation's order and signal."""
        return [(client_order_id, reserved.signal_id) for client_order_id, reserved in self._reserved.items()]

    def resume(self, released: int, reserved: Sequence[tuple[str, int]], now_ns: int) -> None:
        """Begin with reservations as an anchor has them; what they hold is in the orders already."""
        self.released = released
        for client_order_id, signal_id in reserved:
            each = self._reserved[client_order_id] = _Reserved.__new__(_Reserved)
            each.begin(signal_id, now_ns + self._wait_ns)

    def restart(self, now_ns: int) -> None:
        """Count every wait from now on: of a submission before a restart it is not known when it left."""
        for reserved in self._reserved.values():
            reserved.proof_ns = now_ns + self._wait_ns

    def confirm(self, client_order_id: str) -> None:
        """Forget a reservation whose order execution has shown; the order holds the quantity from here on."""
        if client_order_id not in self._reserved:
            return
        order = self._orders.get(client_order_id)
        if order is not None and not order.reserved:
            del self._reserved[client_order_id]

    def release(self, client_order_id: str) -> int | None:
        """Give back what was reserved and return its signal id; None if there is nothing to give back."""
        reserved = self._reserved.get(client_order_id)
        if reserved is None or not self._orders.release(client_order_id):
            return None
        del self._reserved[client_order_id]
        self.released += 1
        return reserved.signal_id

    def begin_probes(self, now_ns: int) -> list[str]:
        """Return the orders that execution must now be asked about; each is under way until `end_probe`."""
        due = [key for key, item in self._reserved.items() if not item.probing and now_ns >= item.proof_ns]
        for client_order_id in due[:PROBES_MAX]:
            self._reserved[client_order_id].probing = True
        return due[:PROBES_MAX]

    def end_probe(self, client_order_id: str) -> None:
        """Take note that a probe was answered, or will not be."""
        reserved = self._reserved.get(client_order_id)
        if reserved is not None:
            reserved.probing = False
