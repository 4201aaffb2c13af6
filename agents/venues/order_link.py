"""The connections for orders (`agents.venues.order_lines`) on the event loop: the shell hands them its websockets."""

import asyncio

from agents.venues.order_lines import OrderLines
from agents.venues.order_socket import OrderWire
from agents.venues.signing import Signer
from mesh.agent_io import Inputs
from mesh.context import VenueReply


class OrderLink(OrderLines):
    """Carries the calls of one account."""

    def __init__(self, wire: OrderWire, signer: Signer, inputs: Inputs) -> None:
        """Begin without a connection; ends of calls, and each change, go to `inputs`."""
        super().__init__(wire, signer.message, self._reply, self._tell)
        self.heartbeat = wire.heartbeat
        self._inputs = inputs
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def stop(self) -> None:
        """Tell nothing any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def now_ns(self) -> int:
        """Return the loop's time."""
        return int(self._loop.time() * 1e9)

    def set_timer(self, due_ns: int) -> None:
        """Have the loop call `due`."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due_ns / 1e9, self.due)

    def _reply(self, reply: VenueReply) -> None:
        if not self._stopped:
            self._inputs.venue_replied(reply)

    def _tell(self, connection: str, up: bool, reason: str) -> None:
        if not self._stopped:
            self._inputs.socket_changed(connection, up, reason)
