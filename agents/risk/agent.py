"""Risk agent: decides every signal, sends what it approved to execution, and holds limits against the worst case.

It stands above one account or several: each signal goes to the account of its instrument's venue (`agents.risk.desk`).

An approved order counts in full from its approval on, logged before anyone hears of it, until there is evidence that it
ended: an order event, or the proof that execution never took it. A submission that was not answered stays reserved; risk
then asks execution to cancel that id, and only the answer that it was never initialised, after the time in which the
submission could still be acted on, releases it. So position + open + UNKNOWN + approved-unsent never exceed a limit.

Everything that must outlive a crash is folded from two logs: decisions, releases and the trading state from risk's own,
positions and orders from each execution's. The same signal gets the same answer. Cancels pass in every state.
"""

from collections.abc import Mapping, Sequence

from agents.instruments import InstrumentInfo
from agents.risk.cancels import Cancels, ack_of
from agents.risk.controls import Controls
from agents.risk.decision_path import DecisionPath
from agents.risk.decisions import Decisions
from agents.risk.desk import Desk
from agents.risk.judged_account import JudgedAccount
from agents.risk.judged_market import JudgedMarket
from agents.risk.logged_state import VERSION, LoggedDesk
from agents.risk.modes import Modes
from agents.risk.pre_trade import PreTradeChecks
from agents.risk.strategy_limits import StrategyLimits
from agents.state.market_view import KINDS, Figures, MarketView, clock_streams
from agents.state.positions import text_e8
from mesh.agent import Agent, Context, Handlers, Outcome, Reply, Request, Start, Subscription
from schemas.config import RiskConfig
from schemas.counters import Counter
from schemas.figures import AccountFigures, HeldFigures, RiskFigures
from schemas.messages import (
    Ack,
    CancelAll,
    CancelOrder,
    Released,
    SubmitOrder,
)
from schemas.orders import Reason
from schemas.streams import AGENT_STREAM, Kind, StreamState
from schemas.units import MS

PROBE_INTERVAL_NS = 1_000 * MS
SAMPLE_NS = 1_000 * MS
NOT_PROOF = frozenset({Reason.DEADLINE_EXPIRED, Reason.DUPLICATE_ID, Reason.ALREADY_TERMINAL, Reason.OUTCOME_UNKNOWN})
"""Refusals of a submission after which execution may have the order all the same, from a repeat of the request."""
NEWEST = frozenset({Kind.TRADE, Kind.QUOTE})
"""Streams whose newest message says all that a judgement needs of them."""
LIVE = StreamState.LIVE
NOT_SENT = Outcome.NOT_SENT


class RiskAgent(Agent):
    """Stands between every strategy and the accounts of one desk."""

    anchored = VERSION

    def __init__(
        self,
        config: RiskConfig,
        desk: Desk,
        infos: Mapping[int, InstrumentInfo],
        feeds: Mapping[int, MarketView],
        strategies: frozenset[str],
    ) -> None:
        """Decide on the instruments of `feeds`, each for the account of `desk` that it is traded on.

        `infos` are all instruments by number; `strategies` are those whose signals it decides.
        """
        self._config = config
        self._desk = desk
        self._feeds = feeds
        self._modes = Modes(desk.venues)
        strategy_limits = StrategyLimits(config.strategies, [own.account for own in desk.accounts], "strategies")
        half_life_ms = config.limits.correlation_half_life_ms
        self._checks = PreTradeChecks(desk, feeds, infos, self._modes, strategy_limits, half_life_ms)
        self._decisions = Decisions()
        self.logged = self._logged = LoggedDesk(desk, self._decisions, self._modes)
        self._cancels = Cancels(desk, config.submit_ttl_ms)
        self._probes: dict[int, tuple[JudgedAccount, str]] = {}
        self._path = DecisionPath(config.submit_ttl_ms, desk, self._checks, self._decisions)
        self._controls = Controls(config, desk, self._checks, self._modes, strategies, self._path.close)

    def handlers(self) -> Handlers:
        """Have the path of the decisions take what comes with every tick and every order."""
        return Handlers(self, message=self._path, request=self._path.on_request)

    def bind(self, ctx: Context) -> None:
        """Give the path its context too."""
        super().bind(ctx)
        self._logged.bind(ctx)
        self._path.bind(ctx, self._on_other, self._controls.take_notice)
        self._controls.bind(ctx)

    # The log and the streams

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow the market and the equity from now on; order events, and what peers tell of themselves, from the first.

        A judgement needs the last trade and the last quote; only of a book does it need every change.
        """
        kinds = (*KINDS, Kind.INSTRUMENT)
        equities = [self._desk.equity, *(own.equity for own in self._desk.accounts)]
        return [
            *(
                Subscription(publisher=feed.publisher, stream=feed.info.stream(kind), conflate=kind in NEWEST)
                for kind in kinds
                for feed in self._feeds.values()
            ),
            *(Subscription(publisher=p, stream=s) for p, s in clock_streams(self._feeds.values())),
            *(
                Subscription(publisher=own.execution, stream=own.order_stream, start=Start.FIRST, whole=True)
                for own in self._desk.accounts
            ),
            *(
                Subscription(publisher=self._config.portfolio, stream=stream)
                for stream in dict.fromkeys(equity.stream for equity in equities)
            ),
            *(
                Subscription(publisher=own.execution, stream=own.margin_stream, start=Start.FIRST)
                for own in self._desk.accounts
                if own.venue_id in {feed.info.venue.id for feed in self._feeds.values() if feed.info.margin}
            ),
            *(
                Subscription(publisher=peer, stream=AGENT_STREAM, start=Start.FIRST)
                for peer in (*self._config.execution, self._config.portfolio)
            ),
        ]

    def start(self) -> None:
        """Start the timers; after a restart begin without tokens, and prove what became of every reservation."""
        now_ns = self.ctx.now_ns
        self._path.begin(self.ctx.wall_ns // MS)
        for own in self._desk.accounts:
            own.bucket.fill(now_ns, share=0 if self._decisions.approved else 1)
            own.reservations.restart(now_ns)
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
            self._cancels.take(self.ctx, request, message)
        elif not self._controls.take_request(request):
            self.ctx.reply(request, Ack(accepted=False, text=f"risk does not take {type(message).__name__}"))

    def on_reply(self, reply: Reply) -> None:
        """Take execution's answer to a submission, a cancel, or the cancel of a halt."""
        message = reply.request
        if type(message) is SubmitOrder:
            self._on_submitted(self._path.end_submission(reply.request_id), reply)
            return
        if self._controls.take_reply(reply.request_id, ack_of(reply).accepted):
            return
        if self._cancels.take_reply(self.ctx, reply):
            return
        probed = self._probes.pop(reply.request_id, None)
        if probed is not None:
            self._on_probed(*probed, ack_of(reply))

    def figures(self) -> RiskFigures:
        """Return decisions of all epochs by reason, the trading state, and what is held."""
        accounts = {own.execution: self._figures_of(own) for own in self._desk.accounts}
        held = [each.open for each in accounts.values()]
        return RiskFigures(
            decisions=self._decisions.figures(),
            released=sum(own.reservations.released for own in self._desk.accounts),
            trading=self._modes.figures(),
            open=HeldFigures(
                orders=sum(each.orders for each in held),
                reserved=sum(each.reserved for each in held),
                unknown=sum(each.unknown for each in held),
            ),
            exposure_gross=text_e8(sum(self._checks.exposures.gross_e8(own.account) for own in self._desk.accounts)),
            positions={
                ledger.info.name: text_e8(ledger.net_qty_e8)
                for own in self._desk.accounts
                for ledger in own.account.ledgers.values()
            },
            feed_faults=self._feed_faults(),
            flattening=self._controls.flattening.figures(),
            books_damaged=sum(feed.damaged for feed in self._feeds.values()),
            accounts=accounts,
            coins=self._checks.desk_exposures.figures(),
        )

    def _figures_of(self, own: JudgedAccount) -> AccountFigures:
        orders, equity, margin = own.account.orders, own.equity.equity, own.margin_power.margin
        fault = own.fault(self.ctx)
        return AccountFigures(
            open=HeldFigures(orders=orders.count_open, reserved=len(own.reservations), unknown=orders.count_unknown),
            exposure_gross=text_e8(self._checks.exposures.gross_e8(own.account)),
            trouble="" if fault is None else fault.reason.name,
            equity="" if equity is None else text_e8(equity.equity_e8),
            margin_available="" if margin is None else f"{text_e8(margin.available_e8)} {margin.currency}",
        )

    # Reservations

    def _release(self, own: JudgedAccount, client_order_id: str, reason: int) -> None:
        order = own.account.orders.get(client_order_id)
        signal_id = own.reservations.release(client_order_id)
        if order is not None and signal_id is not None:
            released = Released(client_order_id=client_order_id, reason=int(reason))
            self.ctx.publish(AGENT_STREAM, released, corr=signal_id)

    def _on_submitted(self, client_order_id: str, reply: Reply) -> None:
        ack = reply.message
        if isinstance(ack, Ack) and ack.accepted:
            return
        own = self._desk.with_order(client_order_id)
        if reply.outcome is NOT_SENT:
            if own is not None:
                self._release(own, client_order_id, Reason.EXECUTION_UNAVAILABLE)
            return
        if isinstance(ack, Ack) and ack.reason not in NOT_PROOF:
            self.ctx.count(Counter.SUBMISSIONS_REFUSED)
            if own is not None:
                self._release(own, client_order_id, ack.reason)
            return
        self.ctx.count(Counter.SUBMISSIONS_UNKNOWN)
        if own is not None:
            own.account.orders.doubt(client_order_id)

    def _probe(self) -> None:
        for own in self._desk.accounts:
            if self.ctx.stream_state(own.execution, own.order_stream) is not LIVE:
                continue
            for due in own.reservations.begin_probes(self.ctx.now_ns):
                cancel = CancelOrder(client_order_id=due, reason=int(Reason.OUTCOME_UNKNOWN))
                request_id = self.ctx.request(own.execution, cancel, ttl_ms=self._config.submit_ttl_ms)
                self._probes[request_id] = own, due

    def _on_probed(self, own: JudgedAccount, client_order_id: str, ack: Ack) -> None:
        # Only probes count as proof: they are sent when the submission can no longer be acted on.
        own.reservations.end_probe(client_order_id)
        if not ack.accepted and ack.reason == Reason.ORDER_NOT_FOUND:
            self._release(own, client_order_id, Reason.NEVER_REACHED_VENUE)

    def _fresh_mids(self) -> dict[int, int]:
        markets = self._checks.markets.items()
        return {number: each.feed.mid_e8() for number, each in markets if self._fault(each) is None}

    def _feed_faults(self) -> dict[str, str]:
        faults = ((each.feed.info.name, self._fault(each)) for each in self._checks.markets.values())
        return {symbol: fault[0].name for symbol, fault in faults if fault is not None}

    def _fault(self, market: JudgedMarket) -> tuple[Reason, Figures] | None:
        return market.feed.fault(self.ctx, market.account.limits.market_data_age_ns_max)
