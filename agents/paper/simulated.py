"""The paper venue in virtual time: the simulator's stand-in for sockets and HTTP between agents and the venue.

One `SimulatedVenue` plays one `PaperExchange`; each agent that talks to it gets a `SimulatedVenueShell`, which signs and
writes as the venue's adapter does. Requests and frames take the network's latency each way, and what `Delays` say of the
venue's own, in order on each connection. A REST call may be lost before the venue carried
it out, or its reply after, or come too late: all look alike to the caller, an UNKNOWN at its timeout. Over the socket for
orders nothing is lost by itself: the connection breaks instead, before the venue carried a message out or after, and with
it whatever else is out. The venue may crash: then its connections are closed, calls are refused, and it goes on as another
exchange that was given the account's events.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from agents.paper.exchange import PaperExchange
from agents.paper.simulated_delays import Delays, NoDelays
from agents.paper.simulated_orders import SimulatedOrders
from agents.venues.adapters import ADAPTERS
from agents.venues.signing import Signer
from mesh.context import CallOutcome, VenueCall, VenueReply
from mesh.sim.simulator import SimulatedNode, Simulator
from schemas.units import MS

RECONNECT_NS = 100 * MS


class SimulatedVenue:
    """Plays an exchange's market and carries its frames to the connections of all agents."""

    def __init__(self, simulator: Simulator, exchange: PaperExchange, delays: Delays | None = None) -> None:
        """Join `exchange` to `simulator`; clients have the credentials of its account."""
        self.simulator = simulator
        self.exchange = exchange
        self.delays = delays or NoDelays()
        self.request_loss = 0.0
        self.up = True
        self._connections: dict[int, tuple[SimulatedVenueShell, str]] = {}
        self._last_id = 0
        self._due_ns = 0
        exchange.attach(self._send, self._close)

    def shell(self, *, orders: bool = False) -> "SimulatedVenueShell":
        """Return the shell for one agent; with `orders` it takes orders over a websocket if the agent opens that."""
        return SimulatedVenueShell(self, orders=orders)

    def connect(self, shell: "SimulatedVenueShell", connection: str, path: str) -> int | None:
        """Open a websocket; return its id, None if the venue does not serve the path; the venue is up."""
        self._last_id += 1
        number = self._last_id
        self._connections[number] = (shell, connection)
        if not self.exchange.ws_open(number, path, self.simulator.wall_ns):
            del self._connections[number]
            return None
        self.advance()
        return number

    def disconnect(self, number: int) -> None:
        """Close a websocket from the client's side."""
        if self._connections.pop(number, None) is not None:
            self.exchange.ws_close(number)

    def crash(self) -> None:
        """Kill the venue: every connection is closed, and nothing is carried out before `restart`."""
        self.up = False
        self._due_ns = 0
        for number in list(self._connections):
            self._close(number)

    def restart(self, exchange: PaperExchange) -> None:
        """Go on with `exchange`, which has begun where the account's events end."""
        self.exchange = exchange
        self.up = True
        exchange.attach(self._send, self._close)
        self.advance()

    def advance(self) -> None:
        """Play what is due, and come back when more is."""
        if not self.up:
            return
        wall_ns = self.simulator.wall_ns
        due = self.exchange.advance(wall_ns)
        while due is not None and due <= wall_ns:
            due = self.exchange.advance(wall_ns)
        if due is not None and (self._due_ns <= wall_ns or due < self._due_ns):
            self._due_ns = due
            self.simulator.schedule(due - wall_ns, self._played(due))

    def _played(self, due: int) -> Any:
        def play() -> None:
            if self._due_ns == due:
                self._due_ns = 0
                self.advance()

        return play

    def _send(self, number: int, frame: bytes) -> None:
        found = self._connections.get(number)
        if found is not None:
            found[0].deliver(number, found[1], frame)

    def _close(self, number: int) -> None:
        found = self._connections.pop(number, None)
        if found is not None:
            found[0].closed(found[1], "closed by the venue")


class SimulatedVenueShell:
    """What `agents.venues.http_ws` is live: one agent's websockets and REST calls."""

    def __init__(self, venue: SimulatedVenue, *, orders: bool = False) -> None:
        """Talk to `venue`; with `orders`, over its socket for them too."""
        self._venue = venue
        self._adapter = ADAPTERS[venue.exchange.venue.kind]
        self._has_orders = orders and self._adapter.order_wire is not None
        self._orders: SimulatedOrders | None = None
        self._simulator = venue.simulator
        self._signer = self._new_signer()
        self._node: SimulatedNode | None = None
        self._wanted: dict[str, str] = {}
        self._open: dict[str, int] = {}

    def attach(self, node: SimulatedNode) -> None:
        """Deliver inputs to a new process of the agent."""
        self._node = node
        self._signer = self._new_signer()
        if self._has_orders:
            self._orders = self._new_orders(node)

    def detach(self) -> None:
        """The process died, and its connections with it."""
        if self._orders is not None:
            for connection in self._orders.died():
                self._open.pop(connection, None)
        self._node = self._orders = None
        self._wanted.clear()
        for number in self._open.values():
            self._venue.disconnect(number)
        self._open.clear()

    async def start(self, inputs: object) -> None:
        """Nothing to get ready: the simulator attaches nodes itself."""

    async def stop(self) -> None:
        """Nothing to close: the simulator detaches nodes itself."""

    def open_socket(self, connection: str, url: str) -> None:
        """Open the websocket after one latency and keep it open."""
        orders = self._orders_on(connection)
        if orders is not None:
            orders.wanted(connection)
        self._wanted[connection] = url
        self._later(self._simulator.latency(), lambda: self._connect(connection, url))

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Send JSON after one latency, signed as the venue wants it."""
        text = msgspec.json.encode(self._signer.message(message) if signed else message).decode()

        def arrive() -> None:
            number = self._open.get(connection)
            if number is not None and self._venue.up:
                self._venue.exchange.ws_message(number, text, self._simulator.wall_ns)
                self._venue.advance()

        self._ordered(f"out/{connection}", arrive, self._venue.delays.there_ns())

    def close_socket(self, connection: str) -> None:
        """Close the websocket for good."""
        self._wanted.pop(connection, None)
        number = self._open.pop(connection, None)
        if number is not None:
            self._venue.disconnect(number)

    def set_venue_clock(self, offset_ns: int) -> None:
        """Sign by the venue's time."""
        self._signer.set_clock(offset_ns)

    def call(self, call_id: int, call: VenueCall) -> None:
        """Hand a call to the socket for orders, or carry it to the venue by REST."""
        if self._orders is None or not self._orders.call(call_id, call):
            self._request(call_id, call)

    def _request(self, call_id: int, call: VenueCall) -> None:
        """Carry a REST call to the venue, and its reply back, or lose one of them."""
        node, exchange, delays = self._node, self._venue.exchange, self._venue.delays
        ended = False
        request = self._signer.request(call)
        assert request is not None, "the account has credentials, and the paper venue all paths of its adapter"
        url = urlsplit(request.url)
        body = b"" if request.body is None else request.body.encode()
        lost = self._simulator.chance(self._venue.request_loss)
        carried_out = not lost or self._simulator.chance(0.5)

        def end(reply: VenueReply) -> None:
            nonlocal ended
            if node is not None and not ended:
                ended = True
                node.venue_replied(reply)

        def unknown(text: str) -> None:
            end(VenueReply(call_id, call, CallOutcome.UNKNOWN, text=text))

        def arrive() -> None:
            if not self._same_life(exchange):
                self._simulator.schedule(self._simulator.latency(), lambda: unknown("connection reset"))
                return
            answer = exchange.http(call.method, url.path, url.query, request.headers, body, self._simulator.wall_ns)
            self._venue.advance()
            if not lost and answer.status:
                named = {name.title(): value for name, value in answer.headers.items()}
                reply = VenueReply(call_id, call, CallOutcome.ANSWERED, answer.status, answer.body, named)
                back_ns = self._simulator.latency() + delays.back_ns() + answer.delay_ms * MS
                self._simulator.schedule(back_ns, lambda: come_back(reply))

        def come_back(reply: VenueReply) -> None:
            if self._same_life(exchange):
                end(reply)
            else:
                unknown("connection reset")

        if not self._venue.up:
            refused = VenueReply(call_id, call, CallOutcome.NOT_SENT, text="connection refused")
            self._simulator.schedule(self._simulator.latency(), lambda: end(refused))
            return
        self._simulator.schedule(call.timeout_ms * MS, lambda: unknown("no answer within the timeout"))
        if carried_out:
            self._simulator.schedule(self._simulator.latency() + delays.there_ns(), arrive)

    def deliver(self, number: int, connection: str, frame: bytes) -> None:
        """Carry a frame to the agent, in order on its connection."""
        self._ordered(f"in/{number}", lambda: self._frame(connection, number, frame), self._venue.delays.back_ns())

    def closed(self, connection: str, reason: str) -> None:
        """Tell the agent that the venue closed a websocket, and open it again."""
        self._open.pop(connection, None)
        orders = self._orders_on(connection)
        if orders is not None:
            orders.closed(connection, reason)
            if orders.is_over(connection):
                self._wanted.pop(connection, None)
        url = self._wanted.get(connection)
        if url is not None:
            self._tell(connection, False, reason)
            self._later(RECONNECT_NS, lambda: self._connect(connection, url))

    def break_orders(self, connection: str, reason: str) -> None:
        """Lose a connection for orders."""
        number = self._open.get(connection)
        if number is not None:
            self._venue.disconnect(number)
            self.closed(connection, reason)

    def _orders_on(self, connection: str) -> SimulatedOrders | None:
        return self._orders if self._orders is not None and self._orders.is_on(connection) else None

    def _connect(self, connection: str, url: str) -> None:
        if self._wanted.get(connection) != url or connection in self._open:
            return
        if not self._venue.up:
            self._tell(connection, False, "connection refused")
            self._later(RECONNECT_NS, lambda: self._connect(connection, url))
            return
        parts = urlsplit(url)
        number = self._venue.connect(self, connection, parts.path + (f"?{parts.query}" if parts.query else ""))
        if number is None:
            self._tell(connection, False, f"no such stream address: {url}")
        else:
            self._open[connection] = number
            self._tell(connection, True, "")
            orders = self._orders_on(connection)
            if orders is not None:
                orders.connected(connection, number)

    def _same_life(self, exchange: PaperExchange) -> bool:
        return self._venue.up and self._venue.exchange is exchange

    def _frame(self, connection: str, number: int, frame: bytes) -> None:
        if self._node is None or self._open.get(connection) != number:
            return
        orders = self._orders_on(connection)
        if orders is None or not orders.take(connection, frame):
            self._node.frame_received(connection, frame)

    def _tell(self, connection: str, up: bool, reason: str) -> None:
        node, orders = self._node, self._orders_on(connection)
        if node is not None and (orders is None or orders.shared):
            node.socket_changed(connection, up, reason)

    def _later(self, delay_ns: int, event: Any) -> None:
        node = self._node

        def fire() -> None:
            if node is not None and node is self._node:
                event()

        self._simulator.schedule(delay_ns, fire)

    def _ordered(self, pipe: str, event: Any, held_ns: int) -> None:
        node = self._node

        def fire() -> None:
            if node is not None and node is self._node:
                event()

        self._simulator.in_order("venue", pipe, node.name if node else "", fire, held_ns)

    def _new_signer(self) -> Signer:
        """Return what signs for the account, by virtual time."""
        exchange, simulator = self._venue.exchange, self._simulator
        signer = self._adapter.signer(exchange.venue, exchange.credentials)
        signer.wall_ns = lambda: simulator.wall_ns
        return signer

    def _new_orders(self, node: SimulatedNode) -> SimulatedOrders:
        """Return what carries orders over a websocket."""
        assert self._adapter.order_wire is not None
        wire = self._adapter.order_wire(self._venue.exchange.venue, self._signer)
        return SimulatedOrders(self._venue, node, wire, self._signer, self.break_orders)
