"""When a strategy begins, what happens when it raises, and how it is let in again.

A strategy begins when its positions and orders are known (the events of its accounts are LIVE) and its bars are warm. One
that raises is stopped at once: its circuit breaker opens, the change is logged, and its opening orders are canceled,
again until that was taken on and none can be on its way any more; the configuration may have them left alone. When the
breaker lets a probe through the strategy is built anew and on probation: each share of the breaker's window without a
failure is a probe that succeeded. A breaker that was open stays so over a restart.

A strategy on whose mistake money hangs must not flap, so the waits double as long as it raises on probation.
"""

from collections.abc import Callable, Sequence

from agents.signal.feed_watch import FeedWatch
from agents.signal.runner import Runner
from agents.signal.signal_client import SignalClient
from agents.state.breaker import CLOSED, HALF_OPEN, OPEN
from mesh.context import Context
from schemas.config import BreakerConfig
from schemas.counters import Counter
from schemas.messages import BreakerChanged, StrategyState
from schemas.streams import AGENT_STREAM
from schemas.units import MS

BREAKER_TIMER, CANCEL_TIMER = "breaker:", "cancel:"
CANCEL_INTERVAL_NS = 1_000 * MS


class Lifecycle:
    """The strategies of one agent, from their first handler to their last."""

    def __init__(self, runners: Sequence[Runner], client: SignalClient, breaker: BreakerConfig) -> None:
        """Take the strategies, and what their orders go through, which knows whether their accounts are known."""
        self._runners = {runner.name: runner for runner in runners}
        self.breakers: dict[str, BreakerChanged] = {}
        """By strategy, the last change of its breaker in earlier lives."""
        self._client = client
        self._probe_ns = breaker.window_ms * MS // breaker.probes

    def bind(self, ctx: Context, refresh: Callable[[], None], watch: FeedWatch | None) -> None:
        """Take the agent's context, what is called when other strategies are to be told things, and who tells of feeds."""
        self._ctx = ctx
        self._refresh = refresh
        self._watch = watch
        for runner in self._runners.values():
            runner.bind(self._on_failure)

    def restore(self, message: BreakerChanged | StrategyState) -> None:
        """Fold a strategy's breaker and state."""
        if isinstance(message, StrategyState):
            if (runner := self._runners.get(message.strategy)) is not None:
                runner.strategy.ctx.saved = message.state
            return
        for runner in self._runners.values():
            if runner.breaker.name == message.breaker:
                runner.breaker.restore(message, self._ctx.now_ns)
                self.breakers[runner.name] = message

    def start(self) -> None:
        """Give the strategies their states and fills back, and wait for breakers that are open."""
        for runner in self._runners.values():
            runner.begin(runner.strategy.ctx.saved)
            if runner.breaker.state is OPEN:
                self._ctx.set_timer(BREAKER_TIMER + runner.name, runner.breaker.retry_ns)

    def begin(self) -> None:
        """Begin each strategy that is ready for it, and whose accounts are known."""
        for runner in self._runners.values():
            if runner.warm and not runner.started and not runner.broken and runner.breaker.state is not OPEN:
                venues = {feed.info.venue.id for feed in runner.feeds.values()}
                if all(self._client.is_known(self._client.account_at(venue_id)) for venue_id in venues):
                    self._begin(runner)

    def stop(self) -> None:
        """Have the strategies end in order."""
        for runner in self._runners.values():
            if runner.active:
                runner.tell("on_stop")

    def on_timer(self, name: str) -> bool:
        """Take a timer if it is one of these."""
        kind, _, strategy = name.partition(":")
        runner = self._runners.get(strategy)
        if runner is None or f"{kind}:" not in (BREAKER_TIMER, CANCEL_TIMER):
            return False
        if f"{kind}:" == CANCEL_TIMER:
            if not runner.active:
                self._cancel(runner)
        elif runner.breaker.state is OPEN:
            self._let_in(runner)
        elif runner.breaker.state is HALF_OPEN:
            self._probe(runner)
        return True

    def cancels_ended(self, strategy: str, taken: bool) -> None:
        """Take the end of a request to cancel; it is repeated unless it was taken and nothing was on its way."""
        if taken and not self._client.waits(strategy):
            self._ctx.cancel_timer(CANCEL_TIMER + strategy)

    def _begin(self, runner: Runner) -> None:
        runner.started = runner.strategy.ctx.started = True
        self._refresh()
        runner.tell("on_start")
        if self._watch is not None and runner.active:
            self._watch.begin(runner)

    def _on_failure(self, runner: Runner, text: str) -> None:
        ctx, breaker = self._ctx, runner.breaker
        ctx.count(Counter.STRATEGY_ERRORS)
        self._log(breaker.fail(ctx.now_ns, ctx.wall_ns, text))
        if breaker.state is CLOSED or runner.broken:
            return
        runner.broken = True
        self._refresh()
        ctx.set_timer(BREAKER_TIMER + runner.name, breaker.retry_ns)
        if runner.cancels:
            self._cancel(runner)

    def _cancel(self, runner: Runner) -> None:
        self._ctx.set_timer(CANCEL_TIMER + runner.name, self._ctx.now_ns + CANCEL_INTERVAL_NS)
        self._client.cancel_opening(runner.name)

    def _let_in(self, runner: Runner) -> None:
        if runner.broken and runner.history is None:
            return
        self._log(runner.breaker.on_time(self._ctx.now_ns, self._ctx.wall_ns))
        self._ctx.set_timer(BREAKER_TIMER + runner.name, self._ctx.now_ns + self._probe_ns)
        if runner.broken and not runner.rebuild():
            return
        self.begin()

    def _probe(self, runner: Runner) -> None:
        if runner.active:
            self._log(runner.breaker.succeed(self._ctx.wall_ns))
        if runner.breaker.state is HALF_OPEN:
            self._ctx.set_timer(BREAKER_TIMER + runner.name, self._ctx.now_ns + self._probe_ns)

    def _log(self, change: BreakerChanged | None) -> None:
        if change is not None:
            self._ctx.publish(AGENT_STREAM, change)
