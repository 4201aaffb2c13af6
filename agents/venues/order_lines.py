"""The connections for orders: which of them takes the next call, and which is over. No I/O.

Where orders have a connection of their own there may be two for a while: before the venue ends one, by its age or after it
has announced that, another is opened (`agents.execution.order_connection`). The one that was asked for last takes over as
soon as calls can be handed to it. Those before it take no more, are closed when all that is out on them has its answer, and
are not opened again. Where orders share the private stream's connection there may be two likewise; whoever keeps the stream
opens and closes those.

`agents.venues.order_socket` says what is out on one connection and what a frame means. Who derives from this has the clock
and the timer: `agents.venues.order_link` live, `agents.paper.simulated_orders` in virtual time.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from agents.venues.order_socket import NEVER_NS, ORDER_CONNECTIONS, ORDERS, OrderSocket, OrderWire
from mesh.context import VenueCall, VenueReply

TAKEN_OVER = "another connection has taken over"


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

    def __init__(self, lines: "OrderLines", connection: str) -> None:
        """Begin without a connection."""
        self.connection = connection
        self._lines = lines
        self._socket: Writable | None = None
        self.was_ready = False
        """Whether calls could be handed over on the connection that is there, or was last."""
        self.orders = OrderSocket(lines.wire, lines.complete, self._write, lines.replied, self._changed)

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
        self._lines.changed(self, up, reason)


class OrderLines:
    """Carries the calls of one account."""

    def __init__(
        self,
        wire: OrderWire,
        complete: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        replied: Callable[[VenueReply], None],
        told: Callable[[str, bool, str], None],
    ) -> None:
        """Begin without a connection; `complete` signs a login, `replied` is given the end of each call.

        `told` is given a connection, whether calls can be handed to it, and why not; nothing of one that is over. Where the
        connections are the private stream's that is told of all of them at once, as `ORDERS`.
        """
        self.wire = wire
        self.complete = complete
        self.replied = replied
        self.shared = wire.shares_private_stream
        """Whether the connections are the private stream's; if not, all of `ORDER_CONNECTIONS` is told here."""
        self._told = told
        self._lines: dict[str, OrderLine] = {}
        """In the order in which they were asked for."""
        self._ready: OrderSocket | None = None
        self._timer_ns = NEVER_NS

    def is_on(self, connection: str) -> bool:
        """Return whether orders go over the connection of that name."""
        return self.shared or connection in ORDER_CONNECTIONS

    def wanted(self, connection: str) -> None:
        """Take that a connection was asked for: it takes over from all others when it can."""
        line = self._lines.pop(connection, None) or OrderLine(self, connection)
        self._lines[connection] = line
        line.orders.begin()

    def is_over(self, connection: str) -> bool:
        """Return whether a connection is not to be opened again."""
        return self._lines[connection].orders.over

    def opened(self, connection: str, socket: Writable) -> None:
        """Take that a connection is there."""
        self._lines[connection].opened(socket, self.now_ns())
        self.settle()

    def closed(self, connection: str, reason: str) -> None:
        """Take that a connection has ended, or was not made."""
        self._lines[connection].closed(reason)

    def take(self, connection: str, frame: bytes) -> bool:
        """Take a frame of a connection; False if it is for the agent."""
        taken = self._lines[connection].orders.take(frame)
        self.settle()
        return taken

    def call(self, call_id: int, call: VenueCall) -> bool:
        """Hand a call over; False if it has not left this way and never will."""
        orders = self._ready
        if orders is None or not orders.call(call_id, call, self.now_ns()):
            return False
        if orders.due_ns < self._timer_ns:
            self._arm(orders.due_ns)
        return True

    def was_ready(self, connection: str) -> bool:
        """Return whether calls could be handed over on the connection that was there last."""
        return self._lines[connection].was_ready

    def changed(self, line: OrderLine, up: bool, reason: str) -> None:
        """Take that calls can be handed to a connection, or cannot any more; tell it."""
        before = self._ready is not None
        self._ready = next((each.orders for each in reversed(self._lines.values()) if each.orders.ready), None)
        if self.shared:
            now = self._ready is not None
            if now != before:
                self._told(ORDERS, now, "" if now else reason)
        elif not line.orders.over:
            if up:
                self._retire_those_before(line)
            self._told(line.connection, up, reason)

    def settle(self) -> None:
        """Close what is of no use any more, and be back when something is due."""
        due_ns = NEVER_NS
        for line in list(self._lines.values()):
            line.settle()
            due_ns = min(due_ns, line.orders.due_ns)
        if due_ns < self._timer_ns:
            self._arm(due_ns)

    def due(self) -> None:
        """Take that the timer has come."""
        self._timer_ns = NEVER_NS
        for line in list(self._lines.values()):
            line.orders.expire(self.now_ns())
        self.settle()

    def now_ns(self) -> int:
        """Return the time, by a clock that only goes forward."""
        raise NotImplementedError

    def set_timer(self, due_ns: int) -> None:
        """Have `due` called at a time, and not at any that was told before."""
        raise NotImplementedError

    def _arm(self, due_ns: int) -> None:
        self._timer_ns = due_ns
        self.set_timer(due_ns)

    def _retire_those_before(self, line: OrderLine) -> None:
        for each in list(self._lines.values()):
            if each is line:
                return
            each.orders.retire(TAKEN_OVER)
