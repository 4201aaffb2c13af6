"""A configuration rehearsed: its agents and its paper venue in virtual time, in this process, without sockets.

It is the simulator with the venue that the configuration describes behind it, so agents and strategies run as they are. The
same configuration gives the same orders, to the nanosecond, and a minute takes a few seconds. The archive is left out:
ClickHouse knows no virtual time. A strategy's test is what this is for; how fast something is cannot be learnt here.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from agents.paper.agent import market_source
from agents.paper.exchange import PaperExchange
from agents.paper.simulated import SimulatedVenue
from core.frame import HEADER_SIZE, unpack
from mesh.processes import start_order
from mesh.protocol.codec import decode
from mesh.roles import OPENS_WHEN_BUILT, has_shell, role_of
from mesh.sim.simulator import Simulator
from schemas.config import Config, PaperConfig, ReaperConfig
from schemas.errors import ConfigError
from schemas.messages import Message
from schemas.units import SECOND

CREDENTIALS = ("rehearsal-key", "rehearsal-secret", "rehearsal-passphrase")


class Rehearsal:
    """One run of a configuration in virtual time; a context manager, after which its logs lie in the folder."""

    def __init__(self, config: Config, folder: Path, *, seed: int = 1) -> None:
        """Start every agent of `config` with its log below `folder`, which must not hold another run.

        `seed` is that of the network's latencies; the market has its own in the paper venue's table.

        Raises:
            ConfigError: If an agent trades at a venue that is not a paper venue, or a table is refused by its role.
        """
        self._simulator = Simulator(config, seed=seed, state_dir=folder)
        self._venues = {
            table.venue: self._open_venue(config, table)
            for table in config.agents.values()
            if isinstance(table, PaperConfig)
        }
        self._names = [n for n in start_order(config) if role_of(n, config) not in OPENS_WHEN_BUILT | {"paper"}]
        for name in self._names:
            if has_shell(name, config):
                self._simulator.shells[name] = self._venue_of(name, config).shell()
        for name in self._names:
            self._simulator.start(name)

    def __enter__(self) -> "Rehearsal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in reversed(self._names):
            self._simulator.stop(name)

    def run(self, seconds: float) -> None:
        """Let `seconds` of virtual time pass."""
        self._simulator.run(int(seconds * SECOND))

    def published(self, name: str) -> Iterator[Message]:
        """Yield all that the agent `name` has published so far, in order: `execution` order events, `risk` decisions."""
        for _, frame in self._simulator.nodes[name].log.scan():
            yield decode(unpack(frame).type, frame[HEADER_SIZE:])

    def _open_venue(self, config: Config, paper: PaperConfig) -> SimulatedVenue:
        venue = next(each for each in config.venues if each.name == paper.venue)
        exchange = PaperExchange(paper, venue, config.instruments, market_source(paper), CREDENTIALS)
        exchange.attach_log(lambda event: None, 1)
        exchange.begin(self._simulator.wall_ns)
        return SimulatedVenue(self._simulator, exchange)

    def _venue_of(self, name: str, config: Config) -> SimulatedVenue:
        table = config.agents[name]
        venue = getattr(config.agents[table.execution] if isinstance(table, ReaperConfig) else table, "venue", "")
        if venue not in self._venues:
            allowed = ", ".join(self._venues) or "none is defined"
            raise ConfigError(
                f"agents.{name}.venue: {venue!r} is no paper venue, which a rehearsal needs (allowed: {allowed})"
            )
        return self._venues[venue]
