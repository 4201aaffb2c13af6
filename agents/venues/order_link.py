"""The order socket on the event loop: which connection carries it, its timer, and its end.

`agents.venues.order_socket` says what is out and what a frame means; this hands it the frames of the connection, writes to
the connection without a task of its own for each message, and looks again when an answer is overdue. A connection that the
venue has announced to close, or whose login it refused, is closed when nothing is out on it any more; the shell opens it
again.
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


class OrderLink:
    """Carries the calls of one account over one connection at a time."""

    def __init__(self, wire: OrderWire, signer: Signer, inputs: Inputs) -> None:
        """Begin without a connection; ends of calls, and each change, go to `inputs`."""
        self._loop = asyncio.get_running_loop()
        self._inputs = inputs
        self._shared = wire.shares_private_stream
        self._socket: Writable | None = None
        self._next: Writable | None = None
        """Of a private stream that is shared, the connection that takes over from the first when that is closed."""
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = NEVER_NS
        self._stopped = False
        self.heartbeat = wire.heartbeat
        self.orders = OrderSocket(wire, signer.message, self._write, self._replied, self._changed)
        self.was_ready = False
        """Whether calls could be handed over on the connection that is there, or was last."""

    def is_on(self, connection: str) -> bool:
        """Return whether orders go over the connection of that name."""
        return self._shared or connection == ORDERS

    @property
    def tells(self) -> bool:
        """Whether `inputs` are told here, and not by the connection, of each change of it."""
        return not self._shared

    def opened(self, socket: Writable) -> None:
        """Take that the connection is there, or another one beside it that will take over."""
        if self._shared and self._socket is not None:
            self._next = socket
            return
        self._socket = socket
        self.was_ready = False
        self.orders.opened(self._now_ns())
        self._settle()

    def closed(self, reason: str, socket: Writable | None = None) -> None:
        """Take that a connection has ended, or could not be made.

        Calls that are out on one from which another takes over have their answers by then, or are overdue soon.
        """
        if socket is not self._socket:
            self._next = None
        elif self._next is not None:
            self._socket, self._next = self._next, None
        else:
            self._socket = None
            self.orders.closed(reason)

    def take(self, frame: bytes) -> bool:
        """Take a frame of the connection; False if it is for the agent."""
        taken = self.orders.take(frame)
        self._settle()
        return taken

    def call(self, call_id: int, call: VenueCall) -> bool:
        """Hand a call over; False if it has not left this way and never will."""
        if not self.orders.call(call_id, call, self._now_ns()):
            return False
        if self.orders.due_ns < self._timer_ns:
            self._arm()
        return True

    def stop(self) -> None:
        """Tell nothing any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _write(self, message: bytes) -> bool:
        return self._socket is not None and self._socket.write(message)

    def _replied(self, reply: VenueReply) -> None:
        if not self._stopped:
            self._inputs.venue_replied(reply)

    def _changed(self, up: bool, reason: str) -> None:
        self.was_ready = self.was_ready or up
        if not self._stopped:
            self._inputs.socket_changed(ORDERS, up, reason)

    def _settle(self) -> None:
        """Close a connection that is of no use any more, and be back when something is due."""
        orders = self.orders
        if orders.finished and not orders.outstanding and self._socket is not None:
            self._socket.end(orders.finished)
        if orders.due_ns < self._timer_ns:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = self.orders.due_ns
        self._timer = self._loop.call_at(self._timer_ns / 1e9, self._due)

    def _due(self) -> None:
        self._timer, self._timer_ns = None, NEVER_NS
        self.orders.expire(self._now_ns())
        self._settle()

    def _now_ns(self) -> int:
        return int(self._loop.time() * 1e9)
