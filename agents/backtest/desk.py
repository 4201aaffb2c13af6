"""The replay of a backtest: the agents of a configuration, and the venues that they trade at, in recorded time.

Market data agents are recordings; archive, reaper and paper venues are not run. Who has I/O has it with a
`SimulatedVenue`, whose exchange is the paper venue's and whose market is led by the recordings.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from agents.backtest.assumptions import VenueAssumptions, assumptions_of
from agents.backtest.market_data import Told
from agents.backtest.venue_market import MessageMarket
from agents.paper.account.account_log import PaperEvent
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
STEPS = 100
"""In so many steps of recorded time the past is watched; progress is told after each."""


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
        starts: bool = True,
    ) -> None:
        """Start the agents on `recordings`, by market data agent, with their logs below the empty `folder`.

        `clocks_ns` is by market data agent what its venue's clock showed more than the one that received. Unless it
        `starts`, only the market is played before `open` and `start_again`.

        Raises:
            ConfigError: If a venue's assumptions do not fit, or an agent follows market data that is not recorded.
        """
        traded = {each.venue for each in config.agents.values() if isinstance(each, ExecutionConfig)}
        self.assumed = {v.name: assumptions_of(config, v, seed) for v in config.venues if v.name in traded}
        self.names = desk_names(config)
        _check_followed(config, self.names, recordings)
        self.exchanges = {v.name: self._exchange(config, v) for v in config.venues if v.name in traded}
        self._seed, self._clocks_ns = seed, dict(clocks_ns or {})
        sides = {name: _side_of(exchange) for name, exchange in self.exchanges.items()}
        self.replay = Replay(config, self._led(config, recordings, self.assumed, sides), state_dir=folder)
        if starts:
            self.open({})
        for name in self.names if starts else ():
            self.replay.start(name)
        self.replay.begin()

    @property
    def nodes(self) -> Mapping[str, SimulatedNode]:
        """Return what runs, by agent."""
        return self.replay.nodes

    def settle(self) -> None:
        """Let what is on its way after the last message arrive."""
        self.replay.run(SETTLE_NS)

    def open(self, lives: Mapping[str, tuple[int, Sequence[PaperEvent]]]) -> None:
        """Open the venues to the agents: each begins where the events of its account end, after so many earlier lives."""
        for name in self.names:
            table = self.replay.config.agents[name]
            if not isinstance(table, ExecutionConfig):
                continue
            exchange = self.exchanges[table.venue]
            earlier, events = lives.get(table.venue, (0, ()))
            for event in events:
                exchange.restore(event)
            exchange.attach_log(_not_kept, earlier + 1)
            exchange.begin(self.replay.wall_ns)
            venue = SimulatedVenue(self.replay, exchange, Distance(self.assumed[table.venue]))
            market = exchange.market
            assert isinstance(market, MessageMarket)
            market.settle = venue.advance
            self.replay.shells[name] = venue.shell(orders=table.orders_over == "socket")

    def start_again(
        self, names: Sequence[str], config: Config, recordings: Mapping[str, Sequence[Recording]], told: Told
    ) -> None:
        """End some agents as a crash does, if they run, and start them by `config` on their logs, at this moment.

        Before they hear of any other agent they see the market as it was up to now, by `recordings`, of which no message
        was taken and which are the same as those that are played: books, bars and indicators are what they would be had
        an agent of that configuration been there from the beginning. `told` is told how far that is.

        Raises:
            ConfigError: If an agent cannot be made of `config`.
        """
        replay = self.replay
        for name in names:
            if name in replay.nodes:
                replay.leave(name)
        replay.config = msgspec.structs.replace(config, mesh=replay.config.mesh)
        watching = [name for name in names if not isinstance(config.agents[name], ExecutionConfig)]
        nodes = self._watched(watching, recordings, told) if watching else []
        for name in names:
            if name not in watching:
                replay.start_late(name)
        replay.take_over(nodes)

    def _watched(
        self, names: Sequence[str], recordings: Mapping[str, Sequence[Recording]], told: Told
    ) -> list[SimulatedNode]:
        """Return agents that have seen the market up to now."""
        replay = self.replay
        venues = [venue for venue in replay.config.venues if venue.name in self.assumed]
        assumed = {venue.name: assumptions_of(replay.config, venue, self._seed) for venue in venues}
        sides = {name: VenueSide() for name in self.exchanges}
        past = Replay(replay.config, self._led(replay.config, recordings, assumed, sides), state_dir=replay.state_dir)
        nodes = [past.start(name) for name in names]
        past.begin(apart=True)
        whole_ns = replay.now_ns - past.now_ns
        step_ns, first_ns = max(1, whole_ns // STEPS), past.now_ns
        while past.now_ns < replay.now_ns and past.play(min(past.now_ns + step_ns, replay.now_ns)):
            told(past.now_ns - first_ns, whole_ns)
        return nodes

    def _exchange(self, config: Config, venue: VenueConfig) -> PaperExchange:
        assumed = self.assumed[venue.name]
        instruments = [(venue.id, each) for each in config.instruments if each.venue == venue.name]

        def source(listings: Mapping[str, Listing], listener: Listener, writer: MarketWriter) -> MessageMarket:
            return MessageMarket(listings, instruments, listener, assumed.queue)

        return PaperExchange(assumed.paper, venue, config.instruments, source, CREDENTIALS)

    def _led(
        self,
        config: Config,
        recordings: Mapping[str, Sequence[Recording]],
        assumed: Mapping[str, VenueAssumptions],
        sides: Mapping[str, VenueSide],
    ) -> dict[str, list[Recording]]:
        """Return the recordings, each leading what stands for its venue."""
        found: dict[str, list[Recording]] = {}
        for name, several in recordings.items():
            table = config.agents[name]
            assert isinstance(table, MarketDataConfig), "market data is what is recorded"
            side = sides.get(table.venue, VenueSide())
            feed = assumed[table.venue].feed if table.venue in assumed else None
            clock_ns = self._clocks_ns.get(name, 0)
            found[name] = [LedRecording(each, side, feed, clock_ns) for each in several]
        return found


def desk_names(config: Config) -> tuple[str, ...]:
    """Return the agents that a backtest runs, in the order in which they start."""
    return tuple(name for name in start_order(config) if role_of(name, config) in RUN)


def _side_of(exchange: PaperExchange) -> VenueSide:
    side = exchange.market
    assert isinstance(side, VenueSide)
    return side


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
