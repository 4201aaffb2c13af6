"""Risk agent: decides every signal, sends what it approved to execution, and holds limits against the worst case.

An approved order counts in full from its approval on, logged before anyone hears of it, until there is evidence that it
ended: an order event, or the proof that execution never took it. A submission that was not answered stays reserved; risk
then asks execution to cancel that id, and only the answer that it was never initialised, after the time in which the
submission could still be acted on, releases it. So position + open + UNKNOWN + approved-unsent never exceed a limit.

Everything that must outlive a crash is folded from two logs: decisions, releases and the trading state from risk's own,
positions and orders from execution's. The same signal gets the same answer. Cancels pass in every state.
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentTable, require_whole_log
from agents.risk.controls import Controls
from agents.risk.decision_path import DecisionPath
from agents.risk.decisions import Decisions
from agents.risk.limits import parse_limits
from agents.risk.modes import Modes
from agents.risk.pre_trade import PreTradeChecks
from agents.risk.reservations import Reservations
from agents.risk.strategy_limits import StrategyLimits
from agents.state.account import Account
from agents.state.market_view import KINDS, MarketView, clock_streams, feeds_of
from agents.state.positions import text_e8
from core.correlation import SERIES_MAX
from core.frame import Header
from mesh.agent import Agent, Context, Handlers, Outcome, Reply, Request, Start, Subscription
from schemas.config import Config, ExecutionConfig, PortfolioConfig, RiskConfig, SignalConfig
from schemas.counters import Counter
from schemas.errors import ConfigError
from schemas.figures import HeldFigures, RiskFigures
from schemas.messages import (
    Ack,
    Approved,
    CancelAll,
    CancelOrder,
    Denied,
    Message,
    Released,
    SubmitOrder,
    TradingState,
)
from schemas.orders import Reason
from schemas.streams import AGENT_STREAM, Kind, StreamState, stream_id
from schemas.units import MS

PROBE_INTERVAL_NS = 1_000 * MS
SAMPLE_NS = 1_000 * MS
EQUITY_AGE_NS_MAX = 3_000 * MS
EQUITY_INTERVALS_MAX = 3
"""Equity is too old after three seconds, or three times as long as the portfolio takes from one to the next."""
NOT_PROOF = frozenset({Reason.DEADLINE_EXPIRED, Reason.DUPLICATE_ID, Reason.ALREADY_TERMINAL, Reason.OUTCOME_UNKNOWN})
"""Refusals of a submission after which execution may have the order all the same, from a repeat of the request."""
NEWEST = frozenset({Kind.TRADE, Kind.QUOTE})
"""Streams whose newest message says all that a judgement needs of them."""
LIVE = StreamState.LIVE
NOT_SENT = Outcome.NOT_SENT


class RiskAgent(Agent):
    """Stands between every strategy and one venue account."""

    def __init__(
        self,
        config: RiskConfig,
        table: InstrumentTable,
        feeds: Mapping[int, MarketView],
        venue_id: int,
        equity_age_ns_max: int,
        strategies: frozenset[str],
    ) -> None:
        """Decide on the instruments of `feeds`, for the account at venue `venue_id`, by equity of at most that age.

        `strategies` are those whose signals it decides.
        """
        self._config = config
        self._feeds = feeds
        self._order_stream = stream_id(Kind.ORDER, venue_id, 0)
        self._equity_stream = stream_id(Kind.EQUITY, 0, 0)
        self._account = Account(table)
        self._modes = Modes(venue_id)
        self._checks = PreTradeChecks(
            parse_limits(config.limits, "limits"),
            config.limits,
            feeds,
            self._account,
            self._modes,
            StrategyLimits(config.strategies, self._account, "strategies"),
            (config.execution[0], self._order_stream),
            (config.portfolio, self._equity_stream),
            equity_age_ns_max,
        )
        self._decisions = Decisions()
        self._reservations = Reservations(self._account.orders, config.submit_ttl_ms)
        self._forwarded: dict[int, Request] = {}
        self._probes: dict[int, str] = {}
        self._path = DecisionPath(
            config, feeds, self._order_stream, self._account, self._checks, self._decisions, self._reservations
        )
        self._controls = Controls(config, self._checks, self._account, self._modes, strategies, self._path.close)

    def handlers(self) -> Handlers:
        """Have the path of the decisions take what comes with every tick and every order."""
        return Handlers(self, message=self._path, request=self._path.on_request)

    def bind(self, ctx: Context) -> None:
        """Give the path its context too."""
        super().bind(ctx)
        self._path.bind(ctx, self._on_other, self._controls.take_notice)
        self._controls.bind(ctx)

    # The log and the streams

    def restore(self, header: Header, message: Message) -> None:
        """Fold decisions, releases and the trading state."""
        if isinstance(message, Approved):
            self._decisions.add(message)
            self._reservations.hold(message, self.ctx.now_ns)
        elif isinstance(message, Denied):
            self._decisions.add(message)
        elif isinstance(message, Released):
            self._reservations.release(message.client_order_id)
        elif isinstance(message, TradingState):
            self._modes.apply(message)

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow the market and the equity from now on; order events, and what peers tell of themselves, from the first.

        A judgement needs the last trade and the last quote; only of a book does it need every change.
        """
        kinds = (*KINDS, Kind.INSTRUMENT)
        return [
            *(
                Subscription(publisher=feed.publisher, stream=feed.info.stream(kind), conflate=kind in NEWEST)
                for kind in kinds
                for feed in self._feeds.values()
            ),
            *(Subscription(publisher=p, stream=s) for p, s in clock_streams(self._feeds.values())),
            Subscription(publisher=self._config.execution[0], stream=self._order_stream, start=Start.FIRST),
            Subscription(publisher=self._config.portfolio, stream=self._equity_stream),
            Subscription(publisher=self._config.execution[0], stream=AGENT_STREAM, start=Start.FIRST),
            Subscription(publisher=self._config.portfolio, stream=AGENT_STREAM, start=Start.FIRST),
        ]

    def start(self) -> None:
        """Start the timers; after a restart begin without tokens, and prove what became of every reservation."""
        now_ns = self.ctx.now_ns
        self._path.begin(self.ctx.wall_ns // MS)
        self._checks.bucket.fill(now_ns, share=0 if self._decisions.approved else 1)
        self._reservations.restart(now_ns)
        self.ctx.set_timer("sample", now_ns + SAMPLE_NS)
        self.ctx.set_timer("probe", now_ns + PROBE_INTERVAL_NS)
        self._controls.begin()

    def on_timer(self, name: str) -> None:
        """Sample the market, prove reservations, or look after what stops trading."""
        if name == "sample":
            self.ctx.set_timer(name, self.ctx.now_ns + SAMPLE_NS)
            self._checks.correlations.sample(self._fresh_mids())
        elif name == "probe":
            self.ctx.set_timer(name, self.ctx.now_ns + PROBE_INTERVAL_NS)
            self._probe()
        else:
            self._controls.on_timer(name)

    # Requests

    def _on_other(self, request: Request) -> None:
        """Pass on a cancel, or do an operator's word."""
        message = request.message
        if isinstance(message, CancelOrder | CancelAll):
            ttl_ms = request.header.ttl_ms or self._config.submit_ttl_ms
            request_id = self.ctx.request(self._config.execution[0], message, ttl_ms=ttl_ms, corr=request.header.corr)
            self._forwarded[request_id] = request
        elif not self._controls.take_request(request):
            self.ctx.reply(request, Ack(accepted=False, text=f"risk does not take {type(message).__name__}"))

    def on_reply(self, reply: Reply) -> None:
        """Take execution's answer to a submission, a cancel, or the cancel of a halt."""
        message = reply.request
        if type(message) is SubmitOrder:
            self._on_submitted(self._path.end_submission(reply.request_id), reply)
            return
        if self._controls.take_reply(reply.request_id, _ack_of(reply).accepted):
            return
        request = self._forwarded.pop(reply.request_id, None)
        probed = self._probes.pop(reply.request_id, None)
        if request is not None:
            self.ctx.reply(request, _ack_of(reply))
        elif probed is not None:
            self._on_probed(probed, _ack_of(reply))

    def figures(self) -> RiskFigures:
        """Return decisions of all epochs by reason, the trading state, and what is held."""
        orders = self._account.orders
        ledgers = self._account.ledgers.values()
        return RiskFigures(
            decisions=self._decisions.figures(),
            released=self._reservations.released,
            trading=self._modes.figures(),
            open=HeldFigures(orders=orders.count_open, reserved=len(self._reservations), unknown=orders.count_unknown),
            exposure_gross=text_e8(self._checks.exposures.gross_e8()),
            positions={ledger.info.name: text_e8(ledger.net_qty_e8) for ledger in ledgers},
            feed_faults=self._feed_faults(),
            flattening=self._controls.flattening.figures(),
            books_damaged=sum(feed.damaged for feed in self._feeds.values()),
        )

    # Reservations

    def _release(self, client_order_id: str, reason: int) -> None:
        order = self._account.orders.get(client_order_id)
        signal_id = self._reservations.release(client_order_id)
        if order is not None and signal_id is not None:
            released = Released(client_order_id=client_order_id, reason=int(reason))
            self.ctx.publish(AGENT_STREAM, released, corr=signal_id)

    def _on_submitted(self, client_order_id: str, reply: Reply) -> None:
        if reply.outcome is NOT_SENT:
            self._release(client_order_id, Reason.EXECUTION_UNAVAILABLE)
            return
        ack = reply.message
        if isinstance(ack, Ack) and (ack.accepted or ack.reason not in NOT_PROOF):
            if not ack.accepted:
                self.ctx.count(Counter.SUBMISSIONS_REFUSED)
                self._release(client_order_id, ack.reason)
            return
        self.ctx.count(Counter.SUBMISSIONS_UNKNOWN)
        self._account.orders.doubt(client_order_id)

    def _probe(self) -> None:
        if self.ctx.stream_state(self._config.execution[0], self._order_stream) is not LIVE:
            return
        for due in self._reservations.begin_probes(self.ctx.now_ns):
            cancel = CancelOrder(client_order_id=due, reason=int(Reason.OUTCOME_UNKNOWN))
            request_id = self.ctx.request(self._config.execution[0], cancel, ttl_ms=self._config.submit_ttl_ms)
            self._probes[request_id] = due

    def _on_probed(self, client_order_id: str, ack: Ack) -> None:
        # Only probes count as proof: they are sent when the submission can no longer be acted on.
        self._reservations.end_probe(client_order_id)
        if not ack.accepted and ack.reason == Reason.ORDER_NOT_FOUND:
            self._release(client_order_id, Reason.NEVER_REACHED_VENUE)

    def _fresh_mids(self) -> dict[int, int]:
        age_ns_max = self._checks.limits.market_data_age_ns_max
        return {
            number: feed.mid_e8() for number, feed in self._feeds.items() if feed.fault(self.ctx, age_ns_max) is None
        }

    def _feed_faults(self) -> dict[str, str]:
        age_ns_max = self._checks.limits.market_data_age_ns_max
        faults = ((feed.info.name, feed.fault(self.ctx, age_ns_max)) for feed in self._feeds.values())
        return {symbol: fault[0].name for symbol, fault in faults if fault is not None}


def build(name: str, config: Config) -> RiskAgent:
    """Return the risk agent `name` of the configuration.

    Raises:
        ConfigError: If a peer has another role, a limit is not exact, instruments are not quoted in one currency, or its
            log would not be kept.
    """
    own = config.agents[name]
    if not isinstance(own, RiskConfig):
        raise ConfigError(f"agents.{name}: not an agent of role risk")
    if len(own.execution) != 1:
        raise ConfigError(f"agents.{name}.execution: one agent (found: {len(own.execution)})")
    (account,) = own.execution
    execution = config.agents.get(account)
    if not isinstance(execution, ExecutionConfig):
        raise ConfigError(f"agents.{name}.execution: {account!r} is not an agent of role execution")
    portfolio = config.agents.get(own.portfolio)
    if not isinstance(portfolio, PortfolioConfig):
        raise ConfigError(f"agents.{name}.portfolio: {own.portfolio!r} is not an agent of role portfolio")
    require_whole_log(name, own)
    rivals = [
        other
        for other, agent in config.agents.items()
        if other != name and isinstance(agent, RiskConfig) and account in agent.execution
    ]
    if rivals:
        raise ConfigError(
            f"agents.{name}.execution: {account!r} takes orders of {rivals[0]!r} too, and each would spend all of "
            "the limits; one risk agent for each execution"
        )
    parse_limits(own.limits, f"agents.{name}.limits")
    table = InstrumentTable(config)
    traded = {info.id for info in table.traded_by(account, execution)}
    feeds: dict[int, MarketView] = {}
    for feed in feeds_of(config, table, own.market_data, f"agents.{name}.market_data"):
        if feed.info.id in traded:
            feeds.setdefault(feed.info.id, feed)
    if len(feeds) > SERIES_MAX:
        raise ConfigError(
            f"agents.{name}.market_data: {len(feeds)} instruments, at most {SERIES_MAX} can be correlated"
        )
    quotes = {feed.info.config.quote for feed in feeds.values()}
    if len(quotes) > 1:
        found = ", ".join(sorted(quotes))
        raise ConfigError(f"agents.{name}.market_data: exposure adds up in one quote currency only (found: {found})")
    strategies = frozenset(
        strategy.name
        for agent in config.agents.values()
        if isinstance(agent, SignalConfig) and agent.risk == name
        for strategy in agent.strategies
    )
    StrategyLimits(own.strategies, Account(table), f"agents.{name}.strategies")
    unknown = sorted(set(own.strategies) - strategies)
    if unknown:
        known = ", ".join(sorted(strategies)) or "none"
        raise ConfigError(
            f"agents.{name}.strategies: {unknown[0]!r} is not a strategy that asks it (those are: {known})"
        )
    equity_age_ns_max = max(EQUITY_AGE_NS_MAX, EQUITY_INTERVALS_MAX * portfolio.equity_interval_ms * MS)
    return RiskAgent(own, table, feeds, table.venues[execution.venue].id, equity_age_ns_max, strategies)


def _ack_of(reply: Reply) -> Ack:
    if isinstance(reply.message, Ack):
        return reply.message
    unsent = reply.outcome is Outcome.NOT_SENT
    reason = Reason.EXECUTION_UNAVAILABLE if unsent else Reason.OUTCOME_UNKNOWN
    return Ack(accepted=False, reason=int(reason), text=f"execution: {reply.outcome.name}")
