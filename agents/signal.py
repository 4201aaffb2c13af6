"""Signal agent: keeps the market of its instruments, runs strategies on it, and asks risk for what they want.

Strategies are named in the configuration as `module:Class` and see only the instruments that they are given, so signal
agents are sharded by instrument: an agent follows no other stream. Positions and open orders of its strategies are folded
from the account's order events, from the first one on, and so are the same after a restart.

A signal leaves only when every stream that it rests on is LIVE and young enough; risk enforces the same once more. It is
published first and asked of risk then. A signal that was not answered in time is not repeated: a missing signal can only
reduce risk.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agents.account import Account
from agents.common import InstrumentTable
from agents.feed import KINDS, Feed, feeds_of
from agents.positions import text_e8
from agents.shard import AGE_NS_MAX, BARS_TIMER, MS, Runner, Shard
from agents.strategy import StrategyContext, Wish
from core.frame import Header
from mesh.agent import Agent, Context, Outcome, Reply, Start, Subscription
from schemas.config import Config, ExecutionConfig, SignalConfig, StrategyConfig
from schemas.errors import ConfigError
from schemas.messages import Approved, CancelOrder, Cause, Instrument, Message, OrderFilled, Signal
from schemas.orders import Reason
from schemas.streams import Kind, StreamState, stream_id

ORDER_WAIT_NS = 5_000 * MS
"""An approved signal whose order has not shown up for so long is not waited for: risk released it."""
SENDER_MAX = 0x7FFF
"""Signal ids are `sender << 48 | epoch << 24 | n` in a signed 64-bit number."""


class _Pending(msgspec.Struct):
    strategy: str
    instrument_id: int
    until_ns: int


class SignalAgent(Agent):
    """Runs the strategies of one shard of instruments."""

    def __init__(self, config: SignalConfig, table: InstrumentTable, runners: Sequence[Runner], venue_id: int) -> None:
        """Serve `runners`; `venue_id` is that of the account that their orders go to."""
        self._config = config
        self.takes_batches = any(runner.takes_batches for runner in runners)
        self._runners = {runner.name: runner for runner in runners}
        self._shard = Shard(runners)
        self._order_stream = stream_id(Kind.ORDER, venue_id, 0)
        self._account = Account(table)
        self._pending: dict[int, _Pending] = {}
        self._asked = 0
        # The engine calls the shard itself: nothing of this class stands between it and a tick.
        self.taker = self._shard
        self.on_message = self._shard.take  # type: ignore[method-assign]
        self.on_messages = self._shard.take_all  # type: ignore[method-assign]

    def bind(self, ctx: Context) -> None:
        """Give the strategies their contexts."""
        super().bind(ctx)
        self._shard.bind(ctx, self._on_other)
        for runner in self._runners.values():
            runner.strategy.ctx = StrategyContext(
                runner.name,
                ctx,
                runner.feeds,
                runner.indicators,
                self._account.orders,
                self._ask,
                self._cancel,
                self._count_pending,
            )

    def restore(self, header: Header, message: Message) -> None:
        """Count the signals of earlier epochs."""
        if isinstance(message, Signal) and (runner := self._runners.get(message.strategy)) is not None:
            runner.signals += 1

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow the market of the shard from now on, and the account's order events from the first one."""
        feeds = self._shard.feeds
        market = [Subscription(publisher=f.publisher, stream=f.info.stream(kind)) for f in feeds for kind in KINDS]
        sizes = [Subscription(publisher=f.publisher, stream=f.info.stream(Kind.INSTRUMENT)) for f in feeds]
        orders = Subscription(publisher=self._config.execution, stream=self._order_stream, start=Start.FIRST)
        return [*market, *sizes, orders]

    def start(self) -> None:
        """Start the strategies' timers."""
        for runner in self._runners.values():
            self.ctx.set_timer(runner.timer, self.ctx.now_ns + runner.strategy.timer_ms * MS)

    def on_reply(self, reply: Reply) -> None:
        """Forget a signal that was refused or never left; one that was approved waits for its order."""
        if not isinstance(reply.request, Signal):
            if reply.outcome is not Outcome.ANSWERED:
                self.ctx.count("cancels_unanswered")
            return
        if reply.outcome is Outcome.ANSWERED:
            approved = isinstance(reply.message, Approved)
            self.ctx.count("signals_approved" if approved else "signals_denied")
            if not approved:
                self._pending.pop(reply.request.signal_id, None)
        else:
            self.ctx.count("signals_unanswered")
            if reply.outcome is Outcome.NOT_SENT:
                self._pending.pop(reply.request.signal_id, None)

    def on_timer(self, name: str) -> None:
        """Close the bars whose time has come, or call a strategy's timer."""
        self._shard.begin(None)
        self._drop_pending()
        if name == BARS_TIMER:
            self._shard.close_bars()
            return
        runner = next((r for r in self._runners.values() if r.timer == name), None)
        if runner is not None:
            self.ctx.set_timer(name, self.ctx.now_ns + runner.strategy.timer_ms * MS)
            runner.strategy.on_timer(self.ctx.now_ns)

    def figures(self) -> dict[str, Any]:
        """Return signals (of all epochs), bars (since the start), and positions and open orders of each strategy."""
        return {
            "signals": sum(runner.signals for runner in self._runners.values()),
            "bars": sum(runner.bars for runner in self._runners.values()),
            "books_damaged": sum(feed.damaged for feed in self._shard.feeds),
            "late_trades": self._shard.late_trades(),
            "strategies": {runner.name: self._strategy_figures(runner) for runner in self._runners.values()},
        }

    def _strategy_figures(self, runner: Runner) -> dict[str, Any]:
        ledgers = runner.strategy.ctx.ledgers.values()
        return {
            "signals": runner.signals,
            "bars": runner.bars,
            "fills": runner.fills,
            "open_orders": sum(len(runner.strategy.ctx.open_orders(ledger.info)) for ledger in ledgers),
            "positions": {ledger.info.symbol: text_e8(ledger.net_qty_e8) for ledger in ledgers},
        }

    def _on_other(self, header: Header, message: Message) -> None:
        """Take a message that is not of the market: of the account, or what the venue lists."""
        if header.stream == self._order_stream:
            self._on_order(header, message)
        elif isinstance(message, Instrument):
            for runner in self._runners.values():
                if message.instrument_id in runner.feeds:
                    steps = (message.qty_step_lots, message.price_step_ticks)
                    runner.strategy.ctx.set_steps(message.instrument_id, *steps)

    def _on_order(self, header: Header, message: Message) -> None:
        fill = self._account.apply(header, message, self.ctx.now_ns)
        self._pending.pop(header.corr, None)
        if isinstance(fill, OrderFilled) and (runner := self._runners.get(fill.strategy)) is not None:
            ledger = runner.strategy.ctx.ledgers.get(fill.instrument_id)
            if ledger is not None:
                ledger.apply(fill)
                runner.fills += 1
                runner.strategy.on_fill(fill)

    def _ask(self, wish: Wish) -> int:
        runner = self._runners[wish.strategy]
        feed = runner.feeds[wish.instrument.id]
        if not self._may_ask(feed):
            self.ctx.count("signals_withheld")
            return 0
        self._asked += 1
        signal_id = self.ctx.sender << 48 | self.ctx.epoch << 24 | self._asked
        signal = Signal(
            signal_id=signal_id,
            strategy=wish.strategy,
            instrument_id=wish.instrument.id,
            side=int(wish.side),
            qty_lots=wish.qty_lots,
            price_ticks=wish.price_ticks,
            time_in_force=int(wish.time_in_force),
            confidence=min(1.0, max(0.0, wish.confidence)),
            reason=wish.reason[:400],
            causes=self._causes(feed),
        )
        runner.signals += 1
        until_ns = self.ctx.now_ns + self._config.request_ttl_ms * MS + ORDER_WAIT_NS
        self._pending[signal_id] = _Pending(wish.strategy, wish.instrument.id, until_ns)
        self.ctx.publish(stream_id(Kind.SIGNAL, 0, wish.instrument.id), signal, corr=signal_id)
        self.ctx.request(self._config.risk, signal, ttl_ms=self._config.request_ttl_ms, corr=signal_id)
        return signal_id

    def _may_ask(self, feed: Feed) -> bool:
        live = self.ctx.stream_state(self._config.execution, self._order_stream) is StreamState.LIVE
        return live and not self._shard.muted and feed.fault(self.ctx, AGE_NS_MAX) is None

    def _causes(self, feed: Feed) -> tuple[Cause, ...]:
        header = self._shard.trigger
        trigger = () if header is None else ((header.stream, header.epoch, header.seq),)
        return tuple(dict.fromkeys((*trigger, *feed.causes)))

    def _cancel(self, client_order_id: str) -> None:
        request = CancelOrder(client_order_id=client_order_id, reason=int(Reason.CANCELED_BY_STRATEGY))
        self.ctx.request(self._config.risk, request, ttl_ms=self._config.request_ttl_ms)

    def _count_pending(self, strategy: str, instrument_id: int) -> int:
        now_ns = self.ctx.now_ns
        return sum(
            p.strategy == strategy and p.instrument_id == instrument_id and p.until_ns > now_ns
            for p in self._pending.values()
        )

    def _drop_pending(self) -> None:
        for signal_id in [key for key, p in self._pending.items() if p.until_ns <= self.ctx.now_ns]:
            del self._pending[signal_id]


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
    execution = config.agents.get(own.execution)
    if not isinstance(execution, ExecutionConfig):
        raise ConfigError(f"agents.{name}.execution: {own.execution!r} is not an agent of role execution")
    table = InstrumentTable(config)
    traded = {info.id for info in table.traded_by(own.execution, execution)}
    feeds: dict[str, Feed] = {}
    for feed in feeds_of(config, table, own.market_data, f"agents.{name}.market_data"):
        if feed.info.id in traded:
            feeds.setdefault(feed.info.symbol, feed)
    names = [strategy.name for strategy in own.strategies]
    if len(set(names)) < len(names):
        raise ConfigError(f"agents.{name}.strategies: two strategies have the same name ({', '.join(names)})")
    runners = [Runner(strategy, _pick(strategy, feeds, f"agents.{name}.strategies")) for strategy in own.strategies]
    return SignalAgent(own, table, runners, table.venues[execution.venue].id)


def _pick(strategy: StrategyConfig, feeds: Mapping[str, Feed], key: str) -> list[Feed]:
    for symbol in strategy.instruments:
        if symbol not in feeds:
            allowed = ", ".join(feeds) or "none"
            raise ConfigError(f"{key}.{strategy.name}.instruments: no feed of {symbol!r} (there are: {allowed})")
    return [feeds[symbol] for symbol in strategy.instruments]
