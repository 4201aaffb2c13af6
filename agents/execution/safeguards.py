"""What guards an account beside the orders that it is told to create, and how these parts go together.

All of them act through the order desk, most by canceling: an operator's modes, owners of orders that are gone, stop and
start, flattening; the venue's own dead man's switch is kept armed. What they have in common is in `opening_orders` and
`mass_cancel`. What they need of the agent's inputs is handed on here.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agents.execution.account_balances import AccountBalances
from agents.execution.account_view import AccountView
from agents.execution.amendments import AMENDMENTS
from agents.execution.bookings import Bookings
from agents.execution.brackets import BRACKETS, Brackets
from agents.execution.dead_man_switch import DEAD_MAN, DeadManSwitch
from agents.execution.flatten import FLATTEN, AccountFlatten
from agents.execution.life_cycle import LifeCycle
from agents.execution.mass_cancel import MassCancel
from agents.execution.opening_orders import OpeningOrders
from agents.execution.order_desk import OrderDesk
from agents.execution.order_table import Order
from agents.execution.peer_watch import PEER, PeerWatch, Traded, traded_by_signals
from agents.execution.quotes import Quotes
from agents.execution.readiness import Readiness
from agents.execution.replacements import REPLACEMENTS, Replacements
from agents.execution.requests import OtherRequests
from agents.execution.trading_modes import MODES, TradingModes
from agents.execution.venue_margin import VenueMargin
from agents.instruments import InstrumentInfo, InstrumentTable
from agents.state.market_view import MarketView, feeds_of
from agents.venues.port import TradingAccount
from mesh.agent import Subscription
from mesh.context import Context
from schemas.config import Config, ExecutionConfig, PortfolioConfig, RiskConfig
from schemas.streams import Kind, stream_id


class Surroundings(NamedTuple):
    """What is around an account: agents that may have something done to it, and its market."""

    risks: frozenset[str]
    """May have orders created."""
    signals: Mapping[str, Traded]
    """What each signal agent trades on it."""
    portfolios: frozenset[str]
    """May have transfers booked."""
    feeds: Sequence[MarketView]
    """The market data that is named to execution, of what is traded."""


def surroundings(name: str, config: Config, table: InstrumentTable, instruments: list[InstrumentInfo]) -> Surroundings:
    """Return what is around the account of the execution agent `name`, on which `instruments` are traded.

    Raises:
        ConfigError: If its market data is none.
    """
    own = config.agents[name]
    assert isinstance(own, ExecutionConfig)
    traded = {info.id for info in instruments}
    roles = config.agents.items()
    return Surroundings(
        frozenset(peer for peer, role in roles if isinstance(role, RiskConfig) and name in role.execution),
        traded_by_signals(name, config, instruments),
        frozenset(peer for peer, role in roles if isinstance(role, PortfolioConfig) and name in role.execution),
        [
            feed
            for feed in feeds_of(config, table, own.market_data, f"agents.{name}.market_data")
            if feed.info.id in traded
        ],
    )


class Safeguards:
    """The guards of one account."""

    def __init__(
        self,
        config: ExecutionConfig,
        stream: int,
        desk: OrderDesk,
        account: TradingAccount,
        instruments: list[InstrumentInfo],
        balances: AccountBalances,
        readiness: Readiness,
        around: Surroundings,
    ) -> None:
        """Guard the account of `desk`, which publishes on `stream`."""
        spot = not any(info.margin for info in instruments)
        venue_id = instruments[0].venue.id if instruments else 0
        infos = {info.id: info for info in instruments}
        self.opening = OpeningOrders(desk.table, infos, balances, spot=spot)
        mass_cancel = MassCancel(desk, self.opening)
        contracts = [info for info in instruments if info.margin] if account.position_calls() else []
        self.margin = VenueMargin(stream_id(Kind.ACCOUNT, venue_id, 0), contracts)
        view = AccountView(desk.table, readiness, instruments, balances, self.margin)
        self.modes = TradingModes(venue_id, self.opening, mass_cancel)
        self.peers = PeerWatch(around.risks, around.signals, config.peer_timeout_ms, mass_cancel)
        self.quotes = Quotes(around.feeds)
        self.flatten = AccountFlatten(
            desk, account, instruments, view, self.quotes, readiness, mass_cancel, self.peers.heard_risk
        )
        self.life = LifeCycle(
            desk.table,
            readiness,
            mass_cancel,
            cancel_at_stop=config.at_stop == "cancel",
            cancel_at_start=config.at_start == "cancel",
        )
        self.brackets = Brackets(desk, infos, self.quotes, readiness, self.modes.states, venue_id, self.opening)
        desk.table.keep = self.brackets.keep
        self.replacements = Replacements(desk)
        self.dead_man_switch = DeadManSwitch(account, instruments, desk.calls, config.dead_man_ms)
        desk.watch = self._on_watched
        self._desk = desk
        bookings = Bookings(desk, stream, around.portfolios)
        self.requests = OtherRequests(desk, mass_cancel, self.modes, view, self.flatten, bookings, self.life)

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self.modes.bind(ctx)
        self.peers.bind(ctx)
        self.quotes.bind(ctx)
        self.flatten.bind(ctx)
        self.brackets.bind(ctx)
        self.replacements.bind(ctx)
        self.dead_man_switch.bind(ctx)

    def subscriptions(self) -> list[Subscription]:
        """Return what tells whether the owners of orders are there, and the quotes of what may have to be closed."""
        return [*self.peers.subscriptions(), *self.quotes.subscriptions()]

    def start(self) -> None:
        """Begin to guard, with the orders and modes of earlier lives."""
        self.modes.start()
        self.peers.start()
        self.brackets.start()
        self.dead_man_switch.tell()

    def on_timer(self, name: str) -> None:
        """Take a timer, if it is of one of the guards."""
        if name == MODES:
            self.modes.on_timer()
        elif name == FLATTEN:
            self.flatten.on_timer()
        elif name == BRACKETS:
            self.brackets.on_timer()
        elif name == REPLACEMENTS:
            self.replacements.on_timer()
        elif name == AMENDMENTS:
            self._desk.amendments.on_timer()
        elif name == DEAD_MAN:
            self.dead_man_switch.tell()
        elif name.startswith(PEER):
            self.peers.on_timer(name)

    def figures(self) -> list[str]:
        """Return in a line each what an operator has stopped, and what is being closed."""
        return [*self.modes.states.figures(), *self.flatten.figures(), *self.brackets.figures()]

    def _on_watched(self, order: Order) -> None:
        self.brackets.note(order)
        self.replacements.note(order)
