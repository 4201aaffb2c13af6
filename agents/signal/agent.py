"""Signal agent: keeps the market of its instruments, runs strategies on it, and asks risk for what they want.

Strategies are named in the configuration as `module:Class` or `FILE.py:Class` and see only the instruments that they
are given, so signal agents are sharded by instrument: an agent follows no other market. Positions and open orders of
its strategies are folded from the account's order events, from the first one on, and so are the same after a restart;
so is what they saved and which of them were stopped, from the agent's own log.

What the strategies ask for goes through `agents.signal.signal_client`; when they begin, and what becomes of one that
raises, is for `agents.signal.lifecycle`.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from agents.instruments import InstrumentTable
from agents.signal.feed_watch import CHECK_NS, FeedWatch
from agents.signal.lifecycle import Lifecycle
from agents.signal.logged_state import VERSION, LoggedStrategies
from agents.signal.order_event import OrderEvent
from agents.signal.order_news import OrderNews
from agents.signal.runner import Runner
from agents.signal.seen import seen
from agents.signal.shard import BARS_TIMER, Shard
from agents.signal.signal_client import SignalClient, TradedAccount
from agents.signal.strategy_context import StrategyContext
from agents.signal.warm_up import WarmUp
from agents.state.account import Account
from agents.state.market_view import KINDS, MarketView, clock_streams, feeds_of
from agents.state.positions import text_e8
from core.frame import Header
from mesh.agent import Agent, Context, Handlers, Start, Subscription
from schemas.config import Config, ExecutionConfig, RiskConfig, SignalConfig, StrategyConfig
from schemas.errors import ConfigError
from schemas.figures import SignalFigures, StrategyFigures
from schemas.messages import BreakerChanged, Instrument, Message, OrderFilled, Released, Signal, StrategyState
from schemas.streams import AGENT_STREAM, Kind, StreamState, stream_id
from schemas.units import MS

FEEDS_TIMER = "feeds"
SENDER_MAX = 0x7FFF
"""Signal ids are `sender << 48 | epoch << 24 | n` in a signed 64-bit number."""


class SignalAgent(Agent):
    """Runs the strategies of one shard of instruments."""

    restores = frozenset({Signal, StrategyState, BreakerChanged})
    anchored = VERSION
    logged: LoggedStrategies

    def __init__(
        self,
        config: SignalConfig,
        table: InstrumentTable,
        runners: Sequence[Runner],
        accounts: Sequence[tuple[str, int]],
        age_ns_max: int,
    ) -> None:
        """Serve `runners`; orders go to `accounts` (execution agent, venue number), by a market no older than that."""
        self._config = config
        self.takes_batches = any(runner.takes_batches for runner in runners)
        self._runners = {runner.name: runner for runner in runners}
        feeds = list(dict.fromkeys(feed for runner in runners for feed in runner.feeds.values()))
        sources = [(publisher, stream_id(Kind.ORDER, venue_id, 0)) for publisher, venue_id in accounts]
        self._wishes = SignalClient(config, [TradedAccount(*each, Account(table)) for each in sources], age_ns_max)
        self._shard = Shard(runners, feeds, self._wishes)
        self._lifecycle = Lifecycle(runners, self._wishes, config.breaker)
        self.logged = LoggedStrategies(self._runners, self._wishes, self._lifecycle)
        self.counted_by = self.logged.counted_by
        self._warm_up = WarmUp(self._shard.series(), runners)
        self._watch: FeedWatch | None = None
        if any(runner.takes_feeds for runner in runners):
            self._watch = FeedWatch(self._wishes, feeds, runners)
        if any(runner.takes_orders for runner in runners):
            self._wishes.news = OrderNews(self._wishes.order, table.by_id)

    def handlers(self) -> Handlers:
        """Have the shard take what comes with every tick, and the client of risk its answers."""
        return Handlers(self, message=self._shard, reply=self._wishes.on_reply)

    def bind(self, ctx: Context) -> None:
        """Give the strategies their contexts."""
        super().bind(ctx)
        self.logged.bind(ctx)
        self._wishes.bind(ctx, self._lifecycle.cancels_ended)
        self._shard.bind(ctx, self._on_fill, self._on_other, self._watch)
        self._lifecycle.bind(ctx, self._shard.refresh, self._watch)
        self._warm_up.bind(ctx, self._lifecycle.begin)
        self._wishes.history = self._warm_up.on_reply
        quotes = self._shard.last_quotes()
        for runner in self._runners.values():
            feeds, indicators, bar_ms = runner.feeds, runner.indicators, runner.bars_ms[0]
            runner.strategy.ctx = StrategyContext(runner.name, ctx, feeds, indicators, self._wishes, bar_ms, quotes)
            if runner.takes_orders and self._wishes.news is not None:
                self._wishes.news.listeners[runner.name] = partial(self._tell_order, runner)

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow the shard's market and what risk gives back from now on, and the account's orders from the first one."""
        feeds = self._shard.feeds
        market = [Subscription(publisher=f.publisher, stream=f.info.stream(kind)) for f in feeds for kind in KINDS]
        bars = [Subscription(publisher=p, stream=s) for p, s in self._shard.bar_streams()]
        sizes = [Subscription(publisher=f.publisher, stream=f.info.stream(Kind.INSTRUMENT)) for f in feeds]
        orders = [
            Subscription(publisher=a.publisher, stream=a.stream, start=Start.FIRST, whole=True)
            for a in self._wishes.accounts
        ]
        clocks = [Subscription(publisher=p, stream=s) for p, s in clock_streams(feeds)]
        releases = Subscription(publisher=self._config.risk, stream=AGENT_STREAM)
        return [*market, *bars, *sizes, *clocks, *orders, releases]

    def start(self) -> None:
        """Start the strategies' timers, and those strategies that are ready."""
        for runner in self._runners.values():
            self.ctx.set_timer(runner.timer, self.ctx.now_ns + runner.strategy.timer_ms * MS)
        if self._watch is not None:
            self.ctx.set_timer(FEEDS_TIMER, self.ctx.now_ns + CHECK_NS)
        self._lifecycle.start()
        self._warm_up.start()
        self._lifecycle.begin()

    def stop(self) -> None:
        """Have the strategies end in order."""
        self._shard.begin(None)
        self._lifecycle.stop()

    def on_stream_state(self, publisher: str, stream: int, state: StreamState) -> None:
        """Begin the strategies when the account is known; tell of feeds."""
        self._shard.begin(None)
        if state is not StreamState.LIVE:
            self._shard.interrupt(publisher, stream)
        if self._wishes.account_of(stream) is not None:
            self._lifecycle.begin()
        elif self._watch is not None:
            self._watch.check()

    def on_timer(self, name: str) -> None:
        """Close the bars whose time has come, or call a strategy's timer."""
        self._shard.begin(None)
        self._wishes.drop_old()
        if name == BARS_TIMER:
            self._shard.close_bars()
        elif name == FEEDS_TIMER and self._watch is not None:
            self.ctx.set_timer(name, self.ctx.now_ns + CHECK_NS)
            self._watch.check()
        elif not self._warm_up.on_timer(name) and not self._lifecycle.on_timer(name):
            runner = next((r for r in self._runners.values() if r.timer == name), None)
            if runner is not None:
                self.ctx.set_timer(name, self.ctx.now_ns + runner.strategy.timer_ms * MS)
                if runner.active:
                    runner.tell("on_timer", self.ctx.now_ns)

    def figures(self) -> SignalFigures:
        """Return signals (of all epochs), bars (since the start), and positions and open orders of each strategy."""
        return SignalFigures(
            signals=sum(runner.strategy.ctx.signals for runner in self._runners.values()),
            bars=sum(runner.bars for runner in self._runners.values()),
            books_damaged=sum(feed.damaged for feed in self._shard.feeds),
            late_trades=self._shard.late_trades(),
            bars_left_out=sum(each.left_out for each in self._shard.series()),
            strategies={runner.name: self._strategy_figures(runner) for runner in self._runners.values()},
        )

    def seen(self) -> dict[str, Any]:
        """Return the market as it reached this agent, and the indicators of each strategy."""
        return seen(self._shard.feeds, self._runners.values())

    def _strategy_figures(self, runner: Runner) -> StrategyFigures:
        ledgers = runner.strategy.ctx.ledgers.values()
        return StrategyFigures(
            signals=runner.strategy.ctx.signals,
            bars=runner.bars,
            fills=runner.fills,
            open_orders=sum(len(runner.strategy.ctx.open_orders(ledger.info)) for ledger in ledgers),
            positions={ledger.info.name: text_e8(ledger.net_qty_e8) for ledger in ledgers},
            state=runner.state,
            error=runner.error or runner.breaker.text,
            warm=self._warm_up.text(runner),
        )

    def _tell_order(self, runner: Runner, event: OrderEvent) -> None:
        if runner.started:
            runner.tell("on_order", event)

    def _on_fill(self, fill: OrderFilled) -> None:
        """Book a fill of one of the strategies."""
        runner = self._runners.get(fill.strategy)
        if runner is None:
            return
        ledger = runner.strategy.ctx.ledgers.get(fill.instrument_id)
        if ledger is not None:
            ledger.apply(fill)
            runner.take_fill(fill)

    def _on_other(self, header: Header, message: Message) -> None:
        """Take what the venue lists, and what risk gives back."""
        if isinstance(message, Released):
            self._wishes.take_released(header, message)
        elif isinstance(message, Instrument):
            for runner in self._runners.values():
                if message.instrument_id in runner.feeds:
                    steps = (message.qty_step_lots, message.price_step_ticks)
                    runner.strategy.ctx.set_steps(message.instrument_id, *steps)


def build(name: str, config: Config) -> SignalAgent:
    """Return the signal agent `name` of the configuration.

    Raises:
        ConfigError: If a peer has another role, or a strategy, its parameters or its instruments are not usable.
    """
    own = config.agents[name]
    if not isinstance(own, SignalConfig):
        raise ConfigError(f"agents.{name}: not an agent of role signal")
    if own.id > SENDER_MAX:
        raise ConfigError(f"agents.{name}.id: {own.id} is over {SENDER_MAX}, the most that a signal id can hold")
    risk = config.agents.get(own.risk)
    if not isinstance(risk, RiskConfig):
        raise ConfigError(f"agents.{name}.risk: {own.risk!r} is not an agent of role risk")
    table = InstrumentTable(config)
    accounts: list[tuple[str, int]] = []
    traded: set[int] = set()
    for account in risk.execution:
        execution = config.agents.get(account)
        if not isinstance(execution, ExecutionConfig):
            raise ConfigError(f"agents.{own.risk}.execution: {account!r} is not an agent of role execution")
        accounts.append((account, table.venues[execution.venue].id))
        traded |= {info.id for info in table.traded_by(account, execution)}
    feeds: dict[int, MarketView] = {}
    for feed in feeds_of(config, table, own.market_data, f"agents.{name}.market_data"):
        if feed.info.id in traded:
            feeds.setdefault(feed.info.id, feed)
    names = [strategy.name for strategy in own.strategies]
    if len(set(names)) < len(names):
        raise ConfigError(f"agents.{name}.strategies: two strategies have the same name ({', '.join(names)})")
    folder = config.mesh.strategy_dir
    key, there = f"agents.{name}.strategies", list(feeds.values())
    runners = [Runner(each, _pick(each, there, key), folder, own.breaker) for each in own.strategies]
    age_ns_max = risk.limits.market_data_age_max_ms * MS
    return SignalAgent(own, table, runners, accounts, age_ns_max)


def _pick(strategy: StrategyConfig, feeds: Sequence[MarketView], key: str) -> list[MarketView]:
    return [_feed_named(symbol, feeds, f"{key}.{strategy.name}.instruments") for symbol in strategy.instruments]


def _feed_named(name: str, feeds: Sequence[MarketView], key: str) -> MarketView:
    found = [feed for feed in feeds if feed.info.is_named(name)]
    if not found:
        allowed = ", ".join(feed.info.name for feed in feeds) or "none"
        raise ConfigError(f"{key}: no feed of {name!r} (there are: {allowed})")
    if len(found) > 1:
        names = " or ".join(f"{feed.info.venue.name}:{name}" for feed in found)
        raise ConfigError(f"{key}: {name!r} is of several venues: say {names}")
    return found[0]
