"""The order sockets on the event loop: which connection carries a call, their timer, and their ends.

`agents.venues.order_socket` says what is out on a connection and what a frame means; this hands it the frames, writes to
the connection, and looks again when an answer is overdue. A connection that the venue has announced to close, or whose
login it refused, is closed when nothing is out on it any more; the shell opens it again. Where orders share the private
stream's connection there may be two for a while, as one takes over from the other: a call goes over the one that came last.
"""

import asyncio
from typing import Protocol

from agents.venues.order_socket import NEVER_NS, ORDERS, OrderSocket, OrderWire
from agents.venues.signing import Signer
from mesh.agent_io import Inputs
from mesh.context import VenueCall, VenueReply


class Writable(Protocol):
    """An open websocket."""

    def write(self, message: bytes) -> bool:
        """Send a text message at once; False is proof that nothing of it left."""
        ...

    def end(self, reason: str) -> None:
        """Close the websocket, for a reason that is told."""
        ...


class OrderLine:
    """One connection, and what is out on it."""

    def __init__(self, link: "OrderLink", wire: OrderWire, signer: Signer) -> None:
        """Begin without a connection."""
        self._link = link
        self._socket: Writable | None = None
        self.was_ready = False
        """Whether calls could be handed over on the connection that is there, or was last."""
        self.orders = OrderSocket(wire, signer.message, self._write, link.replied, self._changed)

    def opened(self, socket: Writable, now_ns: int) -> None:
        """Take that the connection is there."""
        self._socket = socket
        self.was_ready = False
        self.orders.opened(now_ns)

    def closed(self, reason: str) -> None:
        """Take that the connection has ended."""
        self._socket = None
        self.orders.closed(reason)

    def settle(self) -> None:
        """Close a connection that is of no use any more."""
        if self.orders.finished and not self.orders.outstanding and self._socket is not None:
            self._socket.end(self.orders.finished)

    def _write(self, message: bytes) -> bool:
        return self._socket is not None and self._socket.write(message)

    def _changed(self, up: bool, reason: str) -> None:
        self.was_ready = self.was_ready or up
        self._link.changed(reason)


class OrderLink:
    """Carries the calls of one account."""

    def __init__(self, wire: OrderWire, signer: Signer, inputs: Inputs) -> None:
        """Begin without a connection; ends of calls, and each change, go to `inputs`."""
        self.heartbeat = wire.heartbeat
        self.shared = wire.shares_private_stream
        """Whether the connections are the private stream's; if not, all of `ORDERS` is told here."""
        self._wire = wire
        self._signer = signer
        self._inputs = inputs
        self._loop = asyncio.get_running_loop()
        self._lines: dict[str, OrderLine] = {}
        self._ready: OrderSocket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = NEVER_NS
        self._stopped = False

    def is_on(self, connection: str) -> bool:
        """Return whether orders go over the connection of that name."""
        return self.shared or connection == ORDERS

    def line(self, connection: str) -> OrderLine:
        """Return what goes over a connection, which is the newest from now on."""
        line = self._lines.pop(connection, None) or OrderLine(self, self._wire, self._signer)
        self._lines[connection] = line
        return line

    def opened(self, connection: str, socket: Writable) -> None:
        """Take that a connection is there."""
        self.line(connection).opened(socket, self._now_ns())
        self._settle()

    def closed(self, connection: str, reason: str) -> None:
        """Take that a connection has ended, or was not made."""
        self.line(connection).closed(reason)

    def take(self, connection: str, frame: bytes) -> bool:
        """Take a frame of a connection; False if it is for the agent."""
        taken = self._lines[connection].orders.take(frame)
        self._settle()
        return taken

    def call(self, call_id: int, call: VenueCall) -> bool:
        """Hand a call over; False if it has not left this way and never will."""
        orders = self._ready
        if orders is None or not orders.call(call_id, call, self._now_ns()):
            return False
        if orders.due_ns < self._timer_ns:
            self._arm(orders.due_ns)
        return True

    def was_ready(self, connection: str) -> bool:
        """Return whether calls could be handed over on the connection that was there last."""
        return self._lines[connection].was_ready

    def stop(self) -> None:
        """Tell nothing any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def replied(self, reply: VenueReply) -> None:
        """Tell the end of a call."""
        if not self._stopped:
            self._inputs.venue_replied(reply)

    def changed(self, reason: str) -> None:
        """Tell whether calls can be handed over now, and why not."""
        before = self._ready
        self._ready = next((each.orders for each in reversed(self._lines.values()) if each.orders.ready), None)
        up = self._ready is not None
        if not self._stopped and (up != (before is not None) or (not up and not self.shared)):
            self._inputs.socket_changed(ORDERS, up, "" if up else reason)

    def _settle(self) -> None:
        """Close what is of no use any more, and be back when something is due."""
        due_ns = NEVER_NS
        for line in list(self._lines.values()):
            line.settle()
            due_ns = min(due_ns, line.orders.due_ns)
        if due_ns < self._timer_ns:
            self._arm(due_ns)

    def _arm(self, due_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = due_ns
        self._timer = self._loop.call_at(due_ns / 1e9, self._due)

    def _due(self) -> None:
        self._timer, self._timer_ns = None, NEVER_NS
        for line in list(self._lines.values()):
            line.orders.expire(self._now_ns())
        self._settle()

    def _now_ns(self) -> int:
        return int(self._loop.time() * 1e9)
