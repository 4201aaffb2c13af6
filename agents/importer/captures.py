"""Captures: frames as a venue sent them, through the real market data agent in recorded time, into the archive.

The paper venue plays the capture, as for `up --capture`, and the agent follows it in a simulation whose network takes no
time: so books are built and found wrong by the venue's rules, trades that are missing are asked for, and each message has
the time of receipt that was recorded. What the agent publishes is what is archived; the venue's listing and clock are not,
for those would be the paper venue's. A capture is in memory while it is imported, as while it is played.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from agents.importer.faults import Faults
from agents.importer.sink import ArchiveSink
from agents.importer.targets import Targets
from agents.instruments import InstrumentInfo
from agents.paper.exchange import PaperExchange
from agents.paper.market.capture import Capture
from agents.paper.market.market import Listener
from agents.paper.market.market_writer import MarketWriter
from agents.paper.market.recorded import RecordedMarket
from agents.paper.money import Listing
from agents.paper.simulated import SimulatedVenue
from core.frame import unpack
from mesh.protocol.codec import decode_frame
from mesh.sim.simulator import START_NS, Network, Simulator
from schemas.config import Config, MarketDataConfig, PaperConfig
from schemas.errors import CaptureError, ConfigError
from schemas.streams import Kind, stream_kind
from schemas.units import MS, SECOND

LEAD_IN_NS = 2 * SECOND
"""The agent is up for so long before the first frame."""
STEP_NS = 5 * SECOND
"""Recorded time between two looks at how far it is."""
KEPT = frozenset({Kind.TRADE, Kind.BOOK, Kind.QUOTE, Kind.MARK, Kind.BAR})
LOG_BYTES = 4 << 20

_NO_DELAY = Network(latency_ns_min=0, latency_ns_max=0, reconnect_ns=0)
_KEY = ("import", "import", "import")


class OpenCapture:
    """A capture, and the configured instruments that it is of."""

    def __init__(self, path: Path, targets: Targets, faults: Faults) -> None:
        """Read the file, and whatever beside it belongs to it.

        Raises:
            CaptureError: If it is missing, in no known format, or holds no frames of an instrument that was asked for.
            ConfigError: If its venue or one of its instruments is not in the configuration.
            DamagedFileError: If it is damaged and `faults` is strict.
        """
        self.path = path
        self.capture = Capture.open([str(path)], faults)
        for note in self.capture.notes:
            faults.note(note)
        kind = self.capture.market.replace("-", "_")
        venues = targets.venues((kind,), f"the capture is of {kind}")
        self._feeds: dict[int, tuple[str, ...]] = {}
        self.instruments: list[InstrumentInfo] = []
        for symbol in self.capture.symbols:
            feeds = [each.feed for each in self.capture.stream_table if each.symbol == symbol and each.feed]
            name = self.capture.venue.instrument(symbol).get("venue_symbol", symbol)
            info = targets.find(name, venues, "the capture") if feeds else None
            if info is not None:
                self.instruments.append(info)
                self._feeds[info.id] = tuple(dict.fromkeys(feeds))
        if not self.instruments:
            raise CaptureError(f"{path}: holds {list(self.capture.symbols)}, and nothing of what was asked for")
        if len({info.venue.name for info in self.instruments}) > 1:
            raise ConfigError(
                f"{path}: its instruments are at several venues of the configuration: name one with --venue"
            )

    def play(self, config: Config, sink: ArchiveSink, folder: Path, progress: Callable[[int, int], None]) -> None:
        """Import it; `progress` hears how many of its frames are played, of how many. `folder` is for a log and empty."""
        venue = self.instruments[0].venue
        instruments = tuple(
            msgspec.structs.replace(info.config, feeds=self._feeds[info.id]) for info in self.instruments
        )
        own = _market_data(config, venue.name)
        names = tuple(info.symbol for info in self.instruments)
        agent = msgspec.structs.replace(own, instruments=names, log_retention_bytes=LOG_BYTES, tcp="", group="")
        paper = PaperConfig(id=own.id % 60_000 + 1, venue=venue.name, lead_in_ms=LEAD_IN_NS // MS)
        alone = msgspec.structs.replace(
            config, venues=(venue,), instruments=instruments, agents={"md": agent, "paper": paper}
        )
        begin_ns = self.capture.ts_ns(0)
        simulator = _Importing(alone, sink, folder, begin_ns - LEAD_IN_NS - START_NS)
        for info in self.instruments:
            sink.list_instrument(info, begin_ns)
        exchange = PaperExchange(paper, venue, instruments, self._market, _KEY)
        exchange.attach_log(lambda event: None, 1)
        exchange.begin(simulator.wall_ns)
        simulator.shells["md"] = SimulatedVenue(simulator, exchange).shell()
        simulator.start("md")
        market, total = exchange.market, len(self.capture)
        while not market.done:
            simulator.run(STEP_NS)
            assert isinstance(market, RecordedMarket)
            progress(market.played, total)
        simulator.stop("md")

    def _market(self, listings: object, listener: Listener, writer: MarketWriter) -> RecordedMarket:
        assert isinstance(listings, dict)
        own: dict[str, Listing] = listings
        return RecordedMarket(self.capture, own, speed=1, lead_in_ns=LEAD_IN_NS, listener=listener)


class _Importing(Simulator):
    """Hands what is published to the archive."""

    def __init__(self, config: Config, sink: ArchiveSink, folder: Path, wall_start_ns: int) -> None:
        super().__init__(config, seed=0, state_dir=folder, network=_NO_DELAY, wall_start_ns=wall_start_ns)
        self._sink = sink

    def carry_publication(self, publisher: str, frame: bytes) -> None:
        header = unpack(frame)
        if stream_kind(header.stream) in KEPT:
            self._sink.add_message(header.stream, decode_frame(header, frame), header.seq, header.flags)


def _market_data(config: Config, venue: str) -> MarketDataConfig:
    """Return how the configuration follows a venue, or the usual way if it does not."""
    for agent in config.agents.values():
        if isinstance(agent, MarketDataConfig) and agent.venue == venue:
            return agent
    return MarketDataConfig(id=1, venue=venue, instruments=())
