"""The bench's desk in virtual time: the simulator drives the real agents, ticks come from here and orders end here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.desk import BESIDE, CHAIN, desk_config
from bench.shells import ANSWERS, EXPIRED, QUOTE_FRAME, SUBSCRIBED, TRADE_FRAME
from mesh.agent import CallOutcome, VenueCall, VenueReply
from mesh.simulator import Network, SimulatedNode, Simulator
from schemas.config import StrategyConfig

TICK_NS = 1_000_000
QUOTE_EVERY = 100
VENUE_NS = 100_000
WARM_NS = 1_000_000_000


class SimulatedVenue:
    """One agent's venue: says that it is up, answers every call, and lets orders expire."""

    def __init__(self, simulator: Simulator) -> None:
        """Answer in `simulator`'s time."""
        self._simulator = simulator
        self._orders = 0
        self.node: SimulatedNode | None = None
        self.connection = ""

    def attach(self, node: SimulatedNode) -> None:
        """Deliver to `node`."""
        self.node = node

    def detach(self) -> None:
        """Deliver to nobody."""
        self.node = None

    async def start(self, inputs: object) -> None:
        """Never called: the simulator has no loop."""

    async def stop(self) -> None:
        """Never called: the simulator has no loop."""

    def open_socket(self, connection: str, url: str) -> None:
        """Say that it is up."""
        assert self.node is not None
        self.connection = connection
        node = self.node
        self._simulator.schedule(VENUE_NS, lambda: node.socket_changed(connection, True, ""))

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Say that the private stream is subscribed."""
        assert self.node is not None
        node = self.node
        self._simulator.schedule(VENUE_NS, lambda: node.frame_received(connection, SUBSCRIBED))

    def close_socket(self, connection: str) -> None:
        """Nothing is open."""

    def call(self, call_id: int, call: VenueCall) -> None:
        """Answer: an order expires, of anything else there is none."""
        assert self.node is not None
        node = self.node
        if call.method == "POST":
            self._orders += 1
            names = (call.params["newClientOrderId"].encode(), call.params["quantity"].encode())
            body = EXPIRED % (self._orders, *names)
        else:
            body = ANSWERS.get(call.path.rpartition("/")[2], b"[]")
        reply = VenueReply(call_id, call, CallOutcome.ANSWERED, 200, body)
        self._simulator.schedule(VENUE_NS, lambda: node.venue_replied(reply))


class SimulatedDesk:
    """All five agents of the desk, warmed up; `ticks` drives them."""

    def __init__(self, folder: Path, strategy: StrategyConfig) -> None:
        """Start the agents in an empty `folder` and let them join."""
        config = desk_config(folder, strategies=[strategy])
        self.simulator = Simulator(config, seed=1, state_dir=folder / "logs", network=Network())
        self._venues = {name: SimulatedVenue(self.simulator) for name in ("md", "execution")}
        self.simulator.shells.update(self._venues)
        self._sent = 0
        for name in (BESIDE, *CHAIN):
            self.simulator.start(name)
        self.simulator.run(WARM_NS)

    def ticks(self, count: int) -> None:
        """Let `count` trades come, one every millisecond of virtual time, and everything that they cause happen."""
        market = self._venues["md"]
        assert market.node is not None
        node, connection = market.node, market.connection
        for index in range(count):
            self._sent += 1
            if self._sent % QUOTE_EVERY == 1:
                quote = QUOTE_FRAME % self._sent
                self.simulator.schedule(index * TICK_NS, lambda quote=quote: node.frame_received(connection, quote))  # type: ignore[misc]
            frame = TRADE_FRAME % self._sent
            self.simulator.schedule(index * TICK_NS, lambda frame=frame: node.frame_received(connection, frame))  # type: ignore[misc]
        self.simulator.run(count * TICK_NS)

    @property
    def orders(self) -> int:
        """Return how many orders reached the venue."""
        return self._venues["execution"]._orders
