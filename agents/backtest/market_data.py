"""What a backtest plays: the log of each market data agent, made of captures by the agent itself, in recorded time.

The agent gets each frame of a capture at the moment at which it was recorded, from a venue that has nothing else to do, and
publishes what it publishes live. Its log is then played as often as one likes, at the speed of a log and not of a parser.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from agents.paper.exchange import MarketSource, PaperExchange
from agents.paper.market.capture import Capture
from agents.paper.market.market import Listener
from agents.paper.market.market_writer import MarketWriter
from agents.paper.market.recorded import RecordedMarket
from agents.paper.money import Listing
from agents.paper.simulated import SimulatedVenue
from mesh.sim.replay import NO_DELAY
from mesh.sim.simulator import START_NS, Simulator
from schemas.config import Config, MarketDataConfig, PaperConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.units import MS, SECOND

LEAD_IN_NS = 5 * SECOND
"""How long before the first frame the agents begin: they connect, subscribe and ask for what is listed."""
TAIL_NS = 100 * MS
STEP_NS = SECOND
CREDENTIALS = ("backtest-key", "backtest-secret", "backtest-passphrase")

Told = Callable[[int, int], None]
"""Is told how much is done, of how much."""


def make_logs(config: Config, captures: Sequence[str], folder: Path, told: Told) -> list[str]:
    """Write the log of each market data agent whose venue has a capture to `folder`/AGENT/log; return their names.

    A capture may be given as VENUE=FILE; without, it is of the configured venue of its kind.

    Raises:
        CaptureError: If one cannot be read.
        ConfigError: If it is of no venue of the configuration, or of several, or does not have an agent's instruments.
    """
    by_venue = _by_venue(config, captures)
    agents = {n: t for n, t in config.agents.items() if isinstance(t, MarketDataConfig) and t.venue in by_venue}
    if not agents:
        raise ConfigError(f"agents: no market data agent follows a venue of the captures ({', '.join(by_venue)})")
    first_ns = min(capture.ts_ns(0) for capture in by_venue.values())
    last_ns = max(capture.ts_ns(len(capture) - 1) for capture in by_venue.values())
    simulator = Simulator(
        _keeping(config, agents),
        seed=0,
        state_dir=folder,
        network=NO_DELAY,
        wall_start_ns=first_ns - LEAD_IN_NS - START_NS,
    )
    venues = {name: _venue(config, name, capture, simulator) for name, capture in by_venue.items()}
    for name, table in agents.items():
        _check_instruments(name, table, venues[table.venue].exchange)
        simulator.shells[name] = venues[table.venue].shell()
        simulator.start(name)
    while simulator.wall_ns < last_ns + TAIL_NS:
        simulator.run(min(STEP_NS, last_ns + TAIL_NS - simulator.wall_ns))
        told(simulator.wall_ns - first_ns, last_ns + TAIL_NS - first_ns)
    for node in simulator.nodes.values():
        node.die()
    return list(agents)


def _by_venue(config: Config, captures: Sequence[str]) -> dict[str, Capture]:
    files: dict[str, list[str]] = {}
    names = {venue.name for venue in config.venues}
    for each in captures:
        name, equals, path = each.partition("=")
        if not equals or name not in names:
            name, path = _venue_of(config, each), each
        files.setdefault(name, []).append(path)
    return {name: Capture.open(paths) for name, paths in files.items()}


def _venue_of(config: Config, path: str) -> str:
    """Return the venue whose kind a capture is of."""
    kind = Capture.open([path]).market.replace("-", "_")
    found = [venue.name for venue in config.venues if venue.kind == kind]
    if len(found) != 1:
        there = ", ".join(f"{venue.name} ({venue.kind})" for venue in config.venues)
        several = f"name one of {', '.join(found)}: VENUE={path}" if found else f"the configuration has {there}"
        raise ConfigError(f"{path}: a capture of {kind}; {several}")
    return found[0]


def _keeping(config: Config, names: Mapping[str, MarketDataConfig]) -> Config:
    """Return a configuration in which the agents of those names keep all of their logs."""
    kept = {name: msgspec.structs.replace(table, log_retention_bytes=0) for name, table in names.items()}
    return msgspec.structs.replace(config, agents={**config.agents, **kept})


def _venue(config: Config, name: str, capture: Capture, simulator: Simulator) -> SimulatedVenue:
    venue = next(each for each in config.venues if each.name == name)
    exchange = PaperExchange(
        PaperConfig(id=0, venue=name), venue, config.instruments, _source(capture, venue), CREDENTIALS
    )
    exchange.begin(simulator.wall_ns)
    return SimulatedVenue(simulator, exchange)


def _source(capture: Capture, venue: VenueConfig) -> MarketSource:
    def recorded(listings: Mapping[str, Listing], listener: Listener, writer: MarketWriter) -> RecordedMarket:
        market = RecordedMarket(capture, listings, speed=1.0, lead_in_ns=LEAD_IN_NS, listener=listener)
        if not set(market.symbols) & set(listings):
            raise ConfigError(
                f"venue {venue.name}: the capture has {', '.join(market.symbols)}, and none of that is an instrument"
            )
        # Now is when the first frame is due less the lead-in: each frame comes at the very time of its recording.
        market.start(capture.ts_ns(0) - LEAD_IN_NS)
        return market

    return recorded


def _check_instruments(name: str, table: MarketDataConfig, exchange: PaperExchange) -> None:
    missing = [symbol for symbol in table.instruments if symbol not in exchange.market.symbols]
    if missing:
        found = ", ".join(exchange.market.symbols)
        raise ConfigError(f"agents.{name}.instruments: {', '.join(missing)} not in the capture (found: {found})")
