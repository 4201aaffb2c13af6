"""The connections for orders in virtual time: what `agents.venues.order_link` is live.

Which of them takes a call and how it ends is `agents.venues.order_lines`, as it is live. Messages arrive in the order in
which they were sent. Where the network loses something the connection breaks: the message has been carried out then, or it
has not, and nobody is told which.
"""

from collections.abc import Callable
from typing import Protocol

from agents.paper.exchange import PaperExchange
from agents.paper.simulated_delays import Delays
from agents.venues.order_lines import OrderLines
from agents.venues.order_socket import OrderWire
from agents.venues.signing import Signer
from mesh.sim.simulator import SimulatedNode, Simulator


class Played(Protocol):
    """The venue that is played."""

    simulator: Simulator
    exchange: PaperExchange
    delays: Delays
    request_loss: float
    up: bool

    def advance(self) -> None:
        """Play what is due."""
        ...

    def disconnect(self, number: int) -> None:
        """Close a websocket from the client's side."""
        ...


class SimulatedOrders(OrderLines):
    """The orders of one life of an agent over websockets."""

    def __init__(
        self, venue: Played, node: SimulatedNode, wire: OrderWire, signer: Signer, lose: Callable[[str, str], None]
    ) -> None:
        """Serve `node`; `lose` breaks a connection, for a reason."""
        super().__init__(wire, signer.message, node.venue_replied, node.socket_changed)
        self._venue = venue
        self._node = node
        self._lose = lose
        self._open: dict[str, SimulatedOrderSocket] = {}

    def connected(self, connection: str, number: int) -> None:
        """Take that a connection is there."""
        socket = SimulatedOrderSocket(self._venue, self._node, number, lambda reason: self._lose(connection, reason))
        self._open[connection] = socket
        self.opened(connection, socket)

    def closed(self, connection: str, reason: str) -> None:
        """Take that a connection has ended, or was not made."""
        socket = self._open.pop(connection, None)
        if socket is not None:
            socket.up = False
        super().closed(connection, reason)

    def died(self) -> list[str]:
        """Take that the process is killed: what it sent still arrives, and then the end of each connection returned."""
        for socket in self._open.values():
            socket.died()
        return list(self._open)

    def now_ns(self) -> int:
        """Return the simulator's time."""
        return self._venue.simulator.now_ns

    def set_timer(self, due_ns: int) -> None:
        """Have the simulator call `due`."""

        def fire() -> None:
            if self._timer_ns == due_ns:
                self.due()

        self._venue.simulator.schedule(due_ns - self.now_ns(), fire)


class SimulatedOrderSocket:
    """One connection; implements `agents.venues.order_lines.Writable`."""

    def __init__(self, venue: Played, node: SimulatedNode, number: int, lose: Callable[[str], None]) -> None:
        """Take the venue's number of a connection that is there."""
        self.up = True
        self._venue = venue
        self._node = node
        self._number = number
        self._lose = lose

    def write(self, message: bytes) -> bool:
        """Carry a message to the venue, or lose it and the connection."""
        venue, lost = self._venue, self._venue.simulator.chance(self._venue.request_loss)
        if not self.up:
            return False
        carried_out = not lost or venue.simulator.chance(0.5)
        text = message.decode()

        def arrive() -> None:
            if carried_out and venue.up:
                venue.exchange.ws_message(self._number, text, venue.simulator.wall_ns)
                venue.advance()
            if lost and self.up:
                self._lose("connection reset")

        self._in_order(arrive, venue.delays.there_ns())
        return True

    def end(self, reason: str) -> None:
        """Close it."""
        if self.up:
            self._lose(reason)

    def died(self) -> None:
        """Have the end of the connection arrive after what was sent."""
        self.up = False
        self._in_order(lambda: self._venue.disconnect(self._number), 0)

    def _in_order(self, event: Callable[[], None], held_ns: int) -> None:
        self._venue.simulator.in_order("venue", f"out/orders/{self._number}", self._node.name, event, held_ns)
