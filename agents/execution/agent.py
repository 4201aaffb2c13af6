"""Execution: the one writer of a venue account. Places, follows, cancels and reconciles limit orders.

Only risk may have it create an order. An order is taken on when the private stream is up and the account is reconciled;
it is in the log, with the id that the venue will know it by, before anything is sent. Cancels are always taken on. Every
event of the account goes out on one stream, so their order is total; the state is the fold of that stream, and a restart
folds it again and then asks the venue what happened since.

Which orders are taken on stands in `agents.execution.order_entry`, what is done about one in `agents.execution.order_desk`,
how the private stream is kept in `agents.execution.private_stream`, the comparison with the venue in
`agents.execution.reconciliation`. This file is compiled (`agent.pxd`).
"""

from collections.abc import Sequence

from agents.execution.account_balances import AccountBalances
from agents.execution.contracts import Contracts
from agents.execution.lifetimes import LIFETIME
from agents.execution.logged_state import VERSION, LoggedState
from agents.execution.order_connection import ORDER_CONNECTION, OrderConnection
from agents.execution.order_desk import OrderDesk
from agents.execution.order_entry import OrderEntry
from agents.execution.order_figures import open_orders, order_figures
from agents.execution.order_lookup import PURSUE
from agents.execution.private_stream import REPLACE, SUBSCRIBE, TAKE_OVER, PrivateStream
from agents.execution.readiness import Readiness
from agents.execution.reconciliation import Reconciliation
from agents.execution.safeguards import Safeguards, Surroundings, surroundings
from agents.execution.stream_key import STREAM_KEY
from agents.execution.transfers import TransferBook
from agents.execution.venue_calls import ReconcilePass
from agents.execution.venue_margin import MARGIN
from agents.execution.venue_time import VENUE_CLOCK, VenueTime
from agents.execution.venue_watch import BREAKER, VenueWatch
from agents.instruments import InstrumentInfo, InstrumentTable, require_whole_log
from agents.venues.adapters import ADAPTERS, kinds_with_accounts
from agents.venues.base import Heartbeat
from agents.venues.connection_life import ConnectionLife
from agents.venues.order_socket import ORDER_CONNECTIONS
from agents.venues.port import TradingAccount
from agents.venues.reports import (
    BalanceReport,
    ExecutionEvent,
    PrivateEvent,
    StreamEnded,
    SubscriptionReply,
)
from core.token_bucket import TokenBucket
from mesh.agent import Agent, Context, Handlers, Subscription
from mesh.agent_io import FRAME_TOO_LARGE, Shell
from schemas.config import Config, ExecutionConfig
from schemas.counters import Counter
from schemas.errors import ConfigError, VenueError
from schemas.figures import ExecutionFigures
from schemas.streams import Kind, StreamState, stream_id
from schemas.units import MS

POLL_NS_MAX = 1_000 * MS
"""How often to reconcile while the private stream is away, and after a pass that failed."""
PASSES_WEIGHT_SHARE = 2.0 / 3.0
"""What passes may take of the venue's request weight; the rest is for orders, and for market data from this address."""
PASSES_WEIGHT_BURST_SHARE = 1.0 / 6.0
"""How much of a minute's weight may be taken at once."""
BALANCES_PASSES = 12
"""Balances are asked for with every so many passes, and with the one that lets orders be created."""


class Execution(Agent):
    """The role: one account of one venue."""

    anchored = VERSION

    def __init__(
        self,
        config: ExecutionConfig,
        stream: int,
        instruments: list[InstrumentInfo],
        account: TradingAccount,
        around: Surroundings,
        life_ms: int,
    ) -> None:
        """Take the account and what is around it: its market, and the agents that may have something done to it.

        `life_ms` is after how long the venue ends a connection, 0 if its age does not end it.
        """
        self._stream = stream
        self._instruments = {info.id: info for info in instruments}
        self._account = account
        self._interval_ns = config.reconcile_interval_ms * MS
        self._readiness = Readiness()
        self._desk = OrderDesk(stream, account, self._instruments, config.order_lifetime_ms, config.cancel_reserve)
        self._balances = AccountBalances()
        self._guards = Safeguards(
            config, stream, self._desk, account, instruments, self._balances, self._readiness, around
        )
        self._entry = OrderEntry(
            self._desk,
            self._readiness,
            self._instruments,
            around.risks,
            config.open_orders_max,
            self._guards.modes,
            self._guards.opening,
            self._guards.brackets,
            self._guards.replacements,
        )
        self._contracts = Contracts(stream, self._desk, account, self._guards.margin, self._guards.modes)
        self._guards.requests.book_differences = self._contracts.book_differences
        self._transfers = TransferBook(stream, account)
        self._reconciliation = Reconciliation(self._desk, account, instruments, self._contracts, self._transfers)
        passes_per_minute = account.weight_per_minute_max / account.pass_weight
        burst = max(1, int(passes_per_minute * PASSES_WEIGHT_BURST_SHARE))
        self._passes = TokenBucket(passes_per_minute * PASSES_WEIGHT_SHARE / 60, burst)
        self._run_due_ns = 0
        life = ConnectionLife(life_ms)
        self._private = PrivateStream(
            account, self._desk.calls, self._begin_run, self._begin_again, self._on_event, life
        )
        self._subscription_of_run = -1
        self._balances_changed_ns = 0
        """When balances changed that have not been asked for since."""
        calls = self._desk.calls
        self._orders = OrderConnection(account, calls, life, wanted=config.orders_over == "socket")
        self._time = VenueTime(account, calls, self._readiness, config.clock_offset_max_ms)
        calls.watch = self._watch = VenueWatch(account, calls, self._readiness, self._time, config.breaker)
        states = self._guards.modes.states
        self.logged = LoggedState(
            stream, self._desk, self._balances, self._contracts, self._transfers, self._watch, states
        )

    def handlers(self) -> Handlers:
        """Have order entry take requests, and the desk the ends of its calls: they come with every order.

        Of messages quotes alone are anything; what peers tell of themselves is heard, and no more.
        """
        return Handlers(
            self,
            message=self._guards.quotes,
            request=self._entry.on_request,
            venue_reply=self._desk.on_venue_reply,
        )

    def bind(self, ctx: Context) -> None:
        """Take the context, for the desk and order entry too."""
        super().bind(ctx)
        self._desk.bind(ctx, self._on_run_idle)
        self._entry.bind(self._guards.requests.on_request)
        self._guards.bind(ctx)
        self._contracts.bind(ctx)
        self._transfers.bind(ctx)
        self._private.bind(ctx)
        self._orders.bind(ctx)
        self._time.bind(ctx)
        self._watch.bind(ctx)

    def subscriptions(self) -> Sequence[Subscription]:
        """Return what tells whether the owners of orders are there, and the quotes of what may have to be closed."""
        return self._guards.subscriptions()

    def start(self) -> None:
        """Take up open orders, begin to reconcile, and open the private stream."""
        self._desk.fills.since_ns = self._desk.fills.since_ns or self.ctx.wall_ns
        self._passes.fill(self.ctx.now_ns)
        self._watch.start()
        self._time.start()
        self._desk.resume()
        self._guards.start()
        self._private.open()
        self._orders.open()
        self._begin_run()

    def stopping(self) -> bool:
        """Cancel what rests, unless it is to be left; done when the venue has confirmed that."""
        return self._guards.life.stopping()

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        """Take note that an owner of orders is there, or is not."""
        self._guards.peers.on_stream_state(publisher, stream, state)

    def on_socket(self, connection: str, up: bool, reason: str) -> None:
        """Subscribe, or fall back to polling; nothing is created meanwhile. Orders have REST while their socket is away."""
        if reason.startswith(FRAME_TOO_LARGE):
            self.ctx.count(Counter.VENUE_FRAME_TOO_LARGE)
        if connection in ORDER_CONNECTIONS:
            self._orders.on_socket(connection, up, reason)
        else:
            self._private.on_socket(connection, up, reason)

    def on_frame(self, connection: str, frame: bytes) -> None:
        """Take what a frame of the private stream says, or that the connection for orders ends."""
        if connection in ORDER_CONNECTIONS:
            if self._account.ends_soon(frame):
                self._orders.on_announced(connection)
            else:
                self.ctx.count(Counter.ORDER_ANSWERS_LATE)
            return
        try:
            events = self._account.private_events(frame)
        except VenueError as error:
            self.ctx.count(Counter.VENUE_FRAME_BAD)
            self._begin_again(str(error))
            return
        if not events and self._account.ends_soon(frame):
            self._private.on_announced(connection)
        if self._private.spare is not None and self._private.on_frame(connection, frame, events):
            return
        for event in events:
            self._on_event(event)

    def _on_event(self, event: PrivateEvent) -> None:
        if isinstance(event, ExecutionEvent):
            self._desk.on_execution(event)
        elif isinstance(event, BalanceReport):
            self._balances.change(event)
            self._contracts.on_event(event)
        elif isinstance(event, SubscriptionReply):
            self._private.on_reply(event)
        elif isinstance(event, StreamEnded):
            self._private.on_ended(event.text)
        elif self._transfers.on_event(event) or self._contracts.on_event(event):
            self._ask_balances()

    def on_timer(self, name: str) -> None:
        """Go on with an order, end those that rest too long, reconcile, or subscribe again."""
        if name.startswith(PURSUE):
            self._desk.lookup.on_timer(name)
        elif name == LIFETIME:
            self._desk.end_lifetimes()
        elif name == "reconcile":
            self._run_due_ns = 0
            self._begin_run()
        elif name in (SUBSCRIBE, REPLACE, TAKE_OVER, STREAM_KEY):
            self._private.on_timer(name)
        elif name == ORDER_CONNECTION:
            self._orders.on_timer()
        elif name == VENUE_CLOCK:
            self._time.on_timer()
        elif name == BREAKER:
            self._watch.on_timer()
        elif name == MARGIN:
            self._contracts.on_timer()
        else:
            self._guards.on_timer(name)

    @property
    def heartbeat(self) -> Heartbeat | None:
        """How the private stream is kept open."""
        return self._account.heartbeat

    @property
    def healthy(self) -> bool:
        """Whether orders are taken: the venue's private stream is up and everything is reconciled."""
        return self._readiness.reconciled

    def figures(self) -> ExecutionFigures:
        """Return orders by state, the open ones, balances, whether the account is reconciled, and how the venue is."""
        return ExecutionFigures(
            orders=order_figures(self._desk.table),
            open=open_orders(self._desk.table, self._instruments),
            reconciled=self._readiness.reconciled,
            trouble="; ".join(text for text in (self._readiness.told, self._contracts.told) if text),
            passes=self._reconciliation.passes,
            balances=self._balances.fitting_e8,
            amounts=self._balances.texts,
            trading=self._guards.figures(),
            breakers=self._watch.figures,
            venue_clock=self._time.text,
            venue_budget=self._desk.calls.budget.figures(self.ctx.now_ns, self.ctx.wall_ns),
            dead_man_switch=self._guards.dead_man_switch.state(),
            orders_over=self._orders.text,
            contracts=self._contracts.figures(),
        )

    # Reconciliation

    def _begin_again(self, trouble: str) -> None:
        """Stop creating orders until a pass that begins from now on agrees with the venue."""
        if self._readiness.reconciled:
            self.ctx.count(Counter.RECONCILED_LOST)
        self._readiness.lose(trouble)
        self._subscription_of_run = -1
        if self._reconciliation.run is None:
            self._run_by(self.ctx.now_ns + self._poll_ns())

    def _run_by(self, at_ns: int) -> None:
        """Have a pass begin at `at_ns`; if one is due earlier, that stands, however often the stream is lost."""
        if not self._run_due_ns or at_ns < self._run_due_ns:
            self._run_due_ns = at_ns
            self.ctx.set_timer("reconcile", at_ns)

    def _begin_run(self) -> None:
        """Begin a pass, or have one begin when the venue's limits allow it."""
        now_ns = self.ctx.now_ns
        calls = self._desk.calls
        budget_ns = calls.budget.wait_ns(now_ns, self.ctx.wall_ns, self._account.pass_weight, False)
        wait_ns = max(calls.blocked_until_ns - now_ns, self._passes.wait_ns(now_ns), budget_ns)
        if wait_ns > 0:
            self._run_by(now_ns + wait_ns)
            return
        self._passes.take(now_ns)
        self._run_due_ns = 0
        self.ctx.cancel_timer("reconcile")
        self._subscription_of_run = self._private.number if self._private.subscribed else -1
        opens = self._private.subscribed and not self._readiness.reconciled
        wanted = opens or self._balances_changed_ns > 0 or self._looks_again()
        wanted = wanted or self._contracts.is_margin_old or self._reconciliation.passes % BALANCES_PASSES == 0
        # Where nobody says why a balance moved, what is told to be equal must have asked.
        wanted = wanted or (self._balances.has_moved and not self._account.tells_of_transfers())
        self._reconciliation.begin(balances=wanted)

    def _looks_again(self) -> bool:
        return self._contracts.looks_again or self._transfers.looks_again

    def _on_run_idle(self, run: ReconcilePass) -> None:
        """Go on with a pass that has no call out any more."""
        if self._reconciliation.advance(run):
            self._on_run_ended(run)

    def _on_run_ended(self, run: ReconcilePass) -> None:
        if run.failed:
            self.ctx.count(Counter.RECONCILIATIONS_FAILED)
            self._readiness.note(run.failed)
        elif self._private.subscribed and self._subscription_of_run == self._private.number:
            self._on_agreed(run)
        good = not run.failed and self._readiness.reconciled and not self._looks_again()
        self._run_by(self.ctx.now_ns + (self._interval_ns if good else self._poll_ns()))

    def _ask_balances(self) -> None:
        """Have the next pass, now if the venue's limits allow it, ask for the balances: no trade of ours changed them."""
        self.ctx.count(Counter.BALANCES_CHANGED)
        self._balances_changed_ns = self.ctx.now_ns
        self._run_by(self.ctx.now_ns)

    def _on_agreed(self, run: ReconcilePass) -> None:
        """Publish that both views are equal, if that or something in it is new."""
        if run.balances_e8 is not None and run.started_ns >= self._balances_changed_ns:
            self._balances_changed_ns = 0
        fills, open_orders = self._desk.fills, len(self._desk.table.open)
        new = self._balances.replace(run.balances_e8) or not self._readiness.reconciled or run.fills or fills.moved
        self._readiness.agree()
        if new:
            fills.moved = False
            told = (open_orders, run.fills, fills.since_ns, fills.cursors, self.ctx.wall_ns)
            self.ctx.publish(self._stream, self._balances.reconciled(*told))
        self._transfers.agreed(self.ctx.wall_ns)
        self._contracts.agreed()
        self._guards.life.on_agreed()

    def _poll_ns(self) -> int:
        return min(self._interval_ns, POLL_NS_MAX)


def build(name: str, config: Config) -> Execution:
    """Return the agent `name` of the configuration.

    Raises:
        ConfigError: If its venue is not there, or not one whose account can be traded, or its log would not be kept.
    """
    own = config.agents[name]
    assert isinstance(own, ExecutionConfig)
    require_whole_log(name, own)
    table = InstrumentTable(config)
    venue = table.venues.get(own.venue)
    kinds = kinds_with_accounts()
    if venue is None or venue.kind not in kinds:
        raise ConfigError(f"agents.{name}.venue: {own.venue!r} is not a venue that takes orders of a kind in {kinds}")
    instruments = table.traded_by(name, own)
    make_account = ADAPTERS[venue.kind].account
    assert make_account is not None, "a kind with an account"
    account = make_account(venue, instruments)
    around = surroundings(name, config, table, instruments)
    life_ms = venue.connection_life_ms or account.connection_life_ms
    return Execution(own, stream_id(Kind.ORDER, venue.id), instruments, account, around, life_ms)


def shell(name: str, config: Config, agent: Agent) -> Shell:
    """Return the agent's I/O: the private stream and signed REST calls of its account.

    Raises:
        ConfigError: If the account's credentials are not configured or not there.
    """
    from agents.venues.credentials import load_credentials
    from agents.venues.http_ws import VenueShell
    from agents.venues.owner_proof import owner_of

    own = config.agents[name]
    assert isinstance(own, ExecutionConfig)
    venue = next(venue for venue in config.venues if venue.name == own.venue)
    assert isinstance(agent, Execution)
    adapter = ADAPTERS[venue.kind]
    signer = adapter.signer(venue, load_credentials(venue))
    order_wire = None
    if adapter.order_wire is not None and own.orders_over == "socket":
        order_wire = adapter.order_wire(venue, signer)
    owner = owner_of(venue, adapter.identity)
    return VenueShell(venue.name, signer, agent.heartbeat, order_wire, owner)
