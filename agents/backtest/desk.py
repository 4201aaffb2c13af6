"""The replay of a backtest: the agents of a configuration, and the venues that they trade at, in recorded time.

Market data agents are recordings; archive, reaper and paper venues are not run. Who has I/O has it with a
`SimulatedVenue`, whose exchange is the paper venue's and whose market is led by the recordings.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from agents.backtest.assumptions import VenueAssumptions, assumptions_of
from agents.backtest.venue_market import MessageMarket
from agents.paper.exchange import PaperExchange
from agents.paper.market.market import Listener
from agents.paper.market.market_writer import MarketWriter
from agents.paper.money import Listing
from agents.paper.simulated import SimulatedVenue
from mesh.processes import start_order
from mesh.roles import role_of
from mesh.sim.recording import Recording
from mesh.sim.replay import Replay
from mesh.sim.simulator import SimulatedNode
from mesh.sim.venue_side import LedRecording, VenueSide
from schemas.config import Config, ExecutionConfig, MarketDataConfig, VenueConfig
from schemas.errors import ConfigError
from schemas.units import SECOND

RUN = frozenset({"portfolio", "execution", "risk", "signal"})
CREDENTIALS = ("backtest-key", "backtest-secret", "backtest-passphrase")
SETTLE_NS = 5 * SECOND
"""How long after the last message agents and venues go on: what is on its way arrives."""


class Distance:
    """Implements `agents.paper.simulated_delays.Delays` by the models of a venue."""

    def __init__(self, assumed: VenueAssumptions) -> None:
        """Take the models of entry and answer."""
        self.there_ns = assumed.entry.draw
        self.back_ns = assumed.answer.draw


class BacktestDesk:
    """One backtest, ready to `play`."""

    def __init__(
        self,
        config: Config,
        recordings: Mapping[str, Sequence[Recording]],
        folder: Path,
        *,
        seed: int,
        clocks_ns: Mapping[str, int] | None = None,
    ) -> None:
        """Start the agents on `recordings`, by market data agent, with their logs below the empty `folder`.

        `clocks_ns` is by market data agent what its venue's clock showed more than the one that received.

        Raises:
            ConfigError: If a venue's assumptions do not fit, or an agent follows market data that is not recorded.
        """
        traded = {each.venue for each in config.agents.values() if isinstance(each, ExecutionConfig)}
        self.assumed = {v.name: assumptions_of(config, v, seed) for v in config.venues if v.name in traded}
        self.names = [name for name in start_order(config) if role_of(name, config) in RUN]
        _check_followed(config, self.names, recordings)
        self.exchanges = {v.name: self._exchange(config, v) for v in config.venues if v.name in traded}
        self.replay = Replay(config, self._led(config, recordings, clocks_ns or {}), state_dir=folder)
        self._join(config)
        for name in self.names:
            self.replay.start(name)
        self.replay.begin()

    @property
    def nodes(self) -> Mapping[str, SimulatedNode]:
        """Return what runs, by agent."""
        return self.replay.nodes

    def settle(self) -> None:
        """Let what is on its way after the last message arrive."""
        self.replay.run(SETTLE_NS)

    def _exchange(self, config: Config, venue: VenueConfig) -> PaperExchange:
        assumed = self.assumed[venue.name]
        instruments = [(venue.id, each) for each in config.instruments if each.venue == venue.name]

        def source(listings: Mapping[str, Listing], listener: Listener, writer: MarketWriter) -> MessageMarket:
            return MessageMarket(listings, instruments, listener, assumed.queue)

        return PaperExchange(assumed.paper, venue, config.instruments, source, CREDENTIALS)

    def _led(
        self, config: Config, recordings: Mapping[str, Sequence[Recording]], clocks_ns: Mapping[str, int]
    ) -> dict[str, list[Recording]]:
        """Return the recordings, each leading the market of its venue."""
        found: dict[str, list[Recording]] = {}
        for name, several in recordings.items():
            table = config.agents[name]
            assert isinstance(table, MarketDataConfig), "market data is what is recorded"
            exchange = self.exchanges.get(table.venue)
            side = VenueSide() if exchange is None else exchange.market
            assert isinstance(side, VenueSide)
            feed = None if exchange is None else self.assumed[table.venue].feed
            found[name] = [LedRecording(each, side, feed, clocks_ns.get(name, 0)) for each in several]
        return found

    def _join(self, config: Config) -> None:
        """Have each execution agent talk to its venue."""
        for name in self.names:
            table = config.agents[name]
            if not isinstance(table, ExecutionConfig):
                continue
            exchange = self.exchanges[table.venue]
            exchange.attach_log(_not_kept, 1)
            exchange.begin(self.replay.wall_ns)
            venue = SimulatedVenue(self.replay, exchange, Distance(self.assumed[table.venue]))
            market = exchange.market
            assert isinstance(market, MessageMarket)
            market.settle = venue.advance
            self.replay.shells[name] = venue.shell(orders=table.orders_over == "socket")


def _check_followed(config: Config, names: Sequence[str], recordings: Mapping[str, Sequence[Recording]]) -> None:
    for name in names:
        missing = [each for each in getattr(config.agents[name], "market_data", ()) if each not in recordings]
        if missing:
            raise ConfigError(
                f"agents.{name}.market_data: nothing is recorded of {', '.join(missing)}"
                f" (found: {', '.join(recordings) or 'nothing'})"
            )


def _not_kept(event: object) -> None:
    """Forget an event of a venue's account, which no second life folds."""
