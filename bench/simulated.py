"""The bench's desk in recorded time: real agents, ticks from recordings, and a venue that fills what it is asked to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.desk import BESIDE, desk_config
from bench.shells import ANSWERS, SUBSCRIBED
from core.log import LogWriter
from mesh.agent import CallOutcome, VenueCall, VenueReply
from mesh.protocol.codec import Packer
from mesh.protocol.publication import Publisher
from mesh.sim.recording import LogRecording, MessageRecording, Recording
from mesh.sim.replay import Replay
from mesh.sim.simulator import SimulatedNode, Simulator
from schemas.config import InstrumentConfig, StrategyConfig
from schemas.messages import Quote, Trade
from schemas.streams import Kind, stream_id
from schemas.units import MS

AGENTS = ("execution", BESIDE, "risk", "signal")
MARKET_DATA_ID = 2
TRADES, QUOTES = stream_id(Kind.TRADE, 1, 1), stream_id(Kind.QUOTE, 1, 1)
BEGIN_NS = 1_700_000_000_000_000_000
TICK_NS = 1_000_000
QUOTE_EVERY = 100
VENUE_NS = 100_000
END_NS = 1_000_000_000
BID, ASK, LOTS = 9_999, 10_000, 100_000
FILLED = (
    b'{"symbol":"BENCHUSDT","orderId":%d,"clientOrderId":"%s","transactTime":1700000000000,"price":"%s",'
    b'"origQty":"%s","executedQty":"%s","status":"FILLED","timeInForce":"IOC","type":"LIMIT","side":"%s",'
    b'"fills":[{"price":"%s","qty":"%s","commission":"0.00000000","commissionAsset":"USDT","tradeId":%d}]}'
)


class SimulatedVenue:
    """One agent's venue: says that it is up, and fills every order whole at its limit."""

    def __init__(self, simulator: Simulator) -> None:
        """Answer in `simulator`'s time."""
        self._simulator = simulator
        self.orders = 0
        self.node: SimulatedNode | None = None

    def attach(self, node: SimulatedNode) -> None:
        """Deliver to `node`."""
        self.node = node

    def detach(self) -> None:
        """Deliver to nobody."""
        self.node = None

    async def start(self, inputs: object) -> None:
        """Never called: a simulation has no loop."""

    async def stop(self) -> None:
        """Never called: a simulation has no loop."""

    def open_socket(self, connection: str, url: str) -> None:
        """Say that it is up."""
        assert self.node is not None
        node = self.node
        self._simulator.schedule(VENUE_NS, lambda: node.socket_changed(connection, True, ""))

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Say that the private stream is subscribed."""
        assert self.node is not None
        node = self.node
        self._simulator.schedule(VENUE_NS, lambda: node.frame_received(connection, SUBSCRIBED))

    def close_socket(self, connection: str) -> None:
        """Nothing is open."""

    def set_venue_clock(self, offset_ns: int) -> None:
        """Nothing is signed."""

    def call(self, call_id: int, call: VenueCall) -> None:
        """Answer: an order is filled, of anything else there is none."""
        assert self.node is not None
        node = self.node
        if call.method == "POST":
            self.orders += 1
            body = self._filled(call.params)
        elif call.path.endswith("/time"):
            body = b'{"serverTime":%d}' % (self._simulator.wall_ns // MS)
        else:
            body = ANSWERS.get(call.path.rpartition("/")[2], b"[]")
        reply = VenueReply(call_id, call, CallOutcome.ANSWERED, 200, body)
        self._simulator.schedule(VENUE_NS, lambda: node.venue_replied(reply))

    def _filled(self, params: Mapping[str, str]) -> bytes:
        name, side = params["newClientOrderId"].encode(), params["side"].encode()
        price, qty = params["price"].encode(), params["quantity"].encode()
        return FILLED % (self.orders, name, price, qty, qty, side, price, qty, self.orders)


class ReplayedDesk:
    """The desk's agents but market data, whose place a recording takes, ready to `play`."""

    def __init__(
        self,
        folder: Path,
        strategy: StrategyConfig,
        recordings: Sequence[Recording],
        instruments: Sequence[InstrumentConfig] | None = None,
    ) -> None:
        """Start the agents in an empty `folder` and let them join."""
        config = desk_config(folder, strategies=[strategy], instruments=instruments)
        self.replay = Replay(config, {"md": recordings}, state_dir=folder / "logs")
        self._venue = SimulatedVenue(self.replay)
        self.replay.shells["execution"] = self._venue
        for name in AGENTS:
            self.replay.start(name)
        self.replay.begin()

    def end(self) -> None:
        """Let what is on its way arrive, and stop."""
        self.replay.run(END_NS)
        self.replay.end()

    @property
    def orders(self) -> int:
        """Return how many orders reached the venue."""
        return self._venue.orders


def trade(number: int) -> Trade:
    """Return the `number`-th trade, one every millisecond."""
    at_ns = BEGIN_NS + number * TICK_NS
    return Trade(at_ns, at_ns, BID + number % 2, LOTS, 1, str(number))


def quote(number: int) -> Quote:
    """Return the quote that comes with the `number`-th trade."""
    at_ns = BEGIN_NS + number * TICK_NS
    return Quote(at_ns, at_ns, number, BID, LOTS, ASK, LOTS)


def recorded(count: int) -> list[Recording]:
    """Return `count` trades, and a quote every hundred, in memory."""
    quotes = [quote(number) for number in range(0, count, QUOTE_EVERY)]
    trades = [trade(number) for number in range(count)]
    return [MessageRecording(s, m, sender=MARKET_DATA_ID) for s, m in ((QUOTES, quotes), (TRADES, trades))]


def logged(count: int, folder: Path) -> list[Recording]:
    """Return the same out of a publication log in `folder`."""
    log = LogWriter(str(folder))
    publisher = Publisher(Packer(MARKET_DATA_ID), 1, log)
    for number in range(count):
        if number % QUOTE_EVERY == 0:
            publisher.publish(QUOTES, quote(number), 0, 0, 1, 1, 1)
        publisher.publish(TRADES, trade(number), 0, 0, 1, 1, 1)
    log.close()
    return [LogRecording(str(folder))]
