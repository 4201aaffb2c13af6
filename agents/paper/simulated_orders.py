"""The socket for orders in virtual time: what `agents.venues.order_link` is live.

What is out, and how it ends, is `agents.venues.order_socket`, as it is live. Messages arrive in the order in which they
were sent. Where the network loses something the connection breaks: the message has been carried out then, or it has not,
and nobody is told which.
"""

from collections.abc import Callable
from typing import Protocol

from agents.paper.exchange import PaperExchange
from agents.venues.binance.order_wire import spot_order_wire
from agents.venues.binance.signer import BinanceSigner
from agents.venues.credentials import Credentials
from agents.venues.order_socket import NEVER_NS, ORDERS, OrderSocket
from mesh.context import VenueCall, VenueReply
from mesh.sim.simulator import SimulatedNode, Simulator
from schemas.config import VenueConfig


class Played(Protocol):
    """The venue that is played."""

    simulator: Simulator
    exchange: PaperExchange
    key: str
    secret: str
    request_loss: float
    up: bool

    def advance(self) -> None:
        """Play what is due."""
        ...

    def disconnect(self, number: int) -> None:
        """Close a websocket from the client's side."""
        ...


class SimulatedOrders:
    """The orders of one life of an agent over a websocket."""

    def __init__(self, venue: Played, node: SimulatedNode, lose: Callable[[str], None]) -> None:
        """Serve `node`; `lose` breaks the connection."""
        account = VenueConfig(id=1, name="simulated", kind="binance_spot")
        simulator = venue.simulator
        self.signer = BinanceSigner(account, Credentials(venue.key, venue.secret), lambda: simulator.wall_ns)
        self._venue = venue
        self._simulator = simulator
        self._node = node
        self._lose = lose
        self._number: int | None = None
        self._timer_ns = NEVER_NS
        self._orders = OrderSocket(
            spot_order_wire(self.signer), self.signer.message, self._write, self._replied, self._changed
        )

    def opened(self, number: int) -> None:
        """Take that the connection is there."""
        self._number = number
        self._orders.opened(self._simulator.now_ns)
        self._settle()

    def closed(self, reason: str) -> None:
        """Take that the connection has ended."""
        self._number = None
        self._orders.closed(reason)

    def died(self) -> None:
        """Take that the process is killed: what it sent still arrives, and then the end of the connection."""
        number, self._number = self._number, None
        if number is not None:
            self._in_order(number, lambda: self._venue.disconnect(number))

    def take(self, frame: bytes) -> bool:
        """Take a frame of the connection; False if it is for the agent."""
        taken = self._orders.take(frame)
        self._settle()
        return taken

    def call(self, call_id: int, call: VenueCall) -> bool:
        """Hand a call over; False if it has not left this way and never will."""
        handed_over = self._orders.call(call_id, call, self._simulator.now_ns)
        self._settle()
        return handed_over

    def _write(self, message: bytes) -> bool:
        number, lost = self._number, self._simulator.chance(self._venue.request_loss)
        if number is None:
            return False
        carried_out = not lost or self._simulator.chance(0.5)
        text = message.decode()

        def arrive() -> None:
            if carried_out and self._venue.up:
                self._venue.exchange.ws_message(number, text, self._simulator.wall_ns)
                self._venue.advance()
            if lost and self._number == number:
                self._lose("connection reset")

        self._in_order(number, arrive)
        return True

    def _in_order(self, number: int, event: Callable[[], None]) -> None:
        self._simulator.in_order("venue", f"out/{ORDERS}/{number}", self._node.name, event)

    def _replied(self, reply: VenueReply) -> None:
        self._node.venue_replied(reply)

    def _changed(self, up: bool, reason: str) -> None:
        self._node.socket_changed(ORDERS, up, reason)

    def _settle(self) -> None:
        orders = self._orders
        if orders.finished and not orders.outstanding and self._number is not None:
            self._lose(orders.finished)
        if orders.due_ns < self._timer_ns:
            due_ns = self._timer_ns = orders.due_ns
            self._simulator.schedule(due_ns - self._simulator.now_ns, lambda: self._due(due_ns))

    def _due(self, due_ns: int) -> None:
        if self._timer_ns == due_ns:
            self._timer_ns = NEVER_NS
            self._orders.expire(self._simulator.now_ns)
            self._settle()
