"""One strategy as its agent runs it: its class, bars and indicators, and the wall between it and the others.

What a handler raises is caught here and nowhere else. It is told by the place in the strategy's own file, and the
strategy's circuit breaker counts it; once that is open nothing is told to the strategy any more, until it is built
anew: constructor, saved state, the fills of before, `on_start`, as by a restart. What the others see of it is nothing.

This file is compiled (`runner.pxd` has the C types).
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar
from agents.signal.strategy import Market, Strategy
from agents.signal.strategy_path import find_class
from agents.state.breaker import CLOSED, OPEN, CircuitBreaker
from agents.state.market_view import MarketView
from schemas.config import BreakerConfig, StrategyConfig
from schemas.errors import ConfigError
from schemas.markets import bar_feed, bar_length_ms
from schemas.messages import OrderFilled
from schemas.units import MS

MEMORY = 8
"""Bars that an indicator is warmed up with, as a multiple of the longest period."""
WARM_UP_BARS_MAX = 5_000
HISTORY_MAX = 10_000
"""Fills that are kept for a strategy that is built anew; with more it needs a restart, which reads them from the log."""


class Runner:
    """One strategy with its feeds, bars and indicators, by instrument number."""

    def __init__(
        self, config: StrategyConfig, feeds: Sequence[MarketView], folder: str, breaker: BreakerConfig
    ) -> None:
        """Find the strategy, in `folder` too, and build it; ConfigError if that cannot be done."""
        self.name = config.name
        lengths = config.bar_ms if isinstance(config.bar_ms, tuple) else (config.bar_ms,)
        if not lengths:
            raise ConfigError(f"strategies.{config.name}.bar_ms: [] has no length")
        self.bars_ms = tuple(dict.fromkeys(lengths))
        self.venue_bar_ms = config.venue_bar_ms
        _check_venue_bars(config, self.bars_ms, feeds)
        self.feeds = {feed.info.id: feed for feed in feeds}
        self.market = Market(tuple([feed.info for feed in feeds]), self.bars_ms[0], self.bars_ms, config.venue_bar_ms)
        self.config = config
        self._folder = folder
        self.strategy = self._build()
        self.indicators = {
            (number, bar_ms * MS): self.strategy.make_indicators() for number in self.feeds for bar_ms in self.bars_ms
        }
        self.cancels = config.on_error == "cancel"
        self.breaker = CircuitBreaker(self.timer, breaker)
        self.warm = True
        """Whether bars and indicators are what they would be if it had never been away; `on_start` waits for it."""
        self.started = False
        self.broken = False
        """Whether it has raised and is not told anything until it is built anew."""
        self.begun = False
        """Whether its agent has: what came before is told when it does."""
        self.error = ""
        """What it raised last, and where."""
        self.bars = 0
        self.fills = 0
        self.history: list[OrderFilled] | None = []
        cls = type(self.strategy)
        self.takes_batches = cls.on_trades is not Strategy.on_trades
        self.takes_trades = cls.on_trade is not Strategy.on_trade and not self.takes_batches
        self.takes_books = cls.on_book is not Strategy.on_book
        self.takes_quotes = cls.on_quote is not Strategy.on_quote
        self.takes_bars = (
            cls.on_bar is not Strategy.on_bar
            or cls.on_past_bar is not Strategy.on_past_bar
            or cls.make_indicators is not Strategy.make_indicators
        )
        """Whether bars matter to it: that it has a handler for them or chooses its indicators."""
        self.takes_feeds = cls.on_feed is not Strategy.on_feed
        self.takes_orders = cls.on_order is not Strategy.on_order
        self.takes_fills = cls.on_fill is not Strategy.on_fill
        self._on_failure: Callable[[Runner, str], None] | None = None

    def bind(self, on_failure: Callable[["Runner", str], None]) -> None:
        """Take what is called when the strategy raised, with what and where."""
        self._on_failure = on_failure

    @property
    def timer(self) -> str:
        """Name of the strategy's timer, and of its breaker."""
        return f"strategy:{self.name}"

    @property
    def active(self) -> bool:
        """Whether it is told what happens."""
        return self.started and not self.broken

    @property
    def state(self) -> str:
        """How it is, for people."""
        if self.broken or self.breaker.state is OPEN:
            return "stopped"
        if not self.started:
            return "waiting"
        return "running" if self.breaker.state is CLOSED else "on probation"

    def tell(self, handler: str, *what: Any) -> None:
        """Call a handler, unless the strategy has raised before."""
        if not self.broken:
            self._guarded(getattr(self.strategy, handler), what)

    def update(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Bring the indicators of a bar's length up to date with it."""
        to_float = instrument.price.to_float
        self.indicators[instrument.id, bar.duration_ns].update(
            to_float(bar.high_ticks),
            to_float(bar.low_ticks),
            to_float(bar.close_ticks),
            instrument.qty.to_float(bar.volume_lots),
        )

    def history_bars(self, number: int, bar_ms: int) -> int:
        """Return how many bars of before are wanted of an instrument and length; 0 if the venue is not to be asked."""
        if self.config.warm_up_bars >= 0:
            return self.config.warm_up_bars
        if not self.takes_bars:
            return 0
        return min(WARM_UP_BARS_MAX, MEMORY * self.indicators[number, bar_ms * MS].period_longest)

    def on_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Update the indicators with a closed bar and hand it to the strategy, as one of the past if it has not begun."""
        if not self.started:
            self.on_past_bar(instrument, bar)
            return
        self.update(instrument, bar)
        self.bars += 1
        self.tell("on_bar", instrument, bar)

    def on_past_bar(self, instrument: InstrumentInfo, bar: Bar) -> None:
        """Update the indicators with a bar that it is too late to act on, and tell the strategy of it."""
        self.update(instrument, bar)
        self.tell("on_past_bar", instrument, bar)

    def take_fill(self, fill: OrderFilled) -> None:
        """Hand on a fill of the strategy, and keep it for the case that it is built anew."""
        self.fills += 1
        if not self.takes_fills:
            return
        if self.history is not None:
            self.history.append(fill)
            if len(self.history) > HISTORY_MAX:
                self.history = None
        if self.begun:
            self.tell("on_fill", fill)

    def resume(self, fills: int, history: list[OrderFilled]) -> None:
        """Take how many fills there were, and those that the strategy is to be told of."""
        self.fills = fills
        self.history = history

    def begin(self, saved: bytes) -> None:
        """Give the strategy the state that it saved, if there is one, and the fills that were taken up before."""
        self.begun = True
        if saved:
            self.tell("on_restore", saved)
        for fill in self.history or ():
            self.tell("on_fill", fill)

    def rebuild(self) -> bool:
        """Build a strategy that has raised anew, up to its `on_start`; return whether that could be done."""
        if self.history is None:
            return False
        ctx = self.strategy.ctx
        self.started = ctx.started = self.broken = False
        if not self._guarded(self._renew, (ctx,)):
            return False
        self.begin(ctx.saved)
        return not self.broken

    def failed(self, error: Exception) -> None:
        """Take note of what the strategy raised."""
        self.error = self._told(error)
        if self._on_failure is not None:
            self._on_failure(self, self.error)

    def _guarded(self, call: Callable[..., Any], what: tuple[Any, ...]) -> bool:
        try:
            call(*what)
        except Exception as error:  # noqa: BLE001  whatever a strategy raises is its own
            self.failed(error)
            return False
        return True

    def _renew(self, ctx: Any) -> None:
        self.strategy = self._build()
        self.strategy.ctx = ctx

    def _build(self) -> Strategy:
        """Return the strategy that the configuration names; an error says which strategy it is of."""
        config = self.config
        try:
            cls = find_class(config.path, self._folder)
        except ConfigError as error:
            raise ConfigError(f"strategies.{config.name}.path: {config.path!r} {error}") from error
        try:
            return cls(config.params, self.market)
        except ConfigError as error:
            raise ConfigError(f"strategies.{config.name}.{error}") from error

    def _told(self, error: Exception) -> str:
        """Return what was raised, and the last place in the strategy's own file on the way there."""
        frames = traceback.extract_tb(error.__traceback__)
        file = getattr(sys.modules.get(type(self.strategy).__module__), "__file__", "")
        where = ""
        for frame in frames:
            if frame.filename == file or not where:
                where = f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: "
        return f"{where}{type(error).__name__}: {error}"


class Takers:
    """The strategies that are told of one kind of thing, and their handlers for it, in their order.

    Who is told may change while they are: what has begun goes on with those of before.
    """

    def __init__(self, handler: str) -> None:
        """Begin with nobody."""
        self.count = 0
        self._handler = handler
        self._runners: list[Runner] = []
        self._calls: list[Callable[[InstrumentInfo, Any], None]] = []

    def set(self, runners: list[Runner]) -> None:
        """Tell these from now on."""
        self._calls = [getattr(runner.strategy, self._handler) for runner in runners]
        self._runners = runners
        self.count = len(runners)

    def tell(self, instrument: InstrumentInfo, what: Any) -> None:
        """Call each handler, whatever another of them raises."""
        calls, runners, count = self._calls, self._runners, self.count
        place = 0
        while place < count:
            try:
                while place < count:
                    calls[place](instrument, what)
                    place += 1
            except Exception as error:  # noqa: BLE001  whatever a strategy raises is its own
                runner = runners[place]
                place += 1
                runner.failed(error)


def _check_venue_bars(config: StrategyConfig, bars_ms: tuple[int, ...], feeds: Sequence[MarketView]) -> None:
    """Raise ConfigError where the venue's bars are wanted and an instrument's feeds do not have them."""
    key, length_ms = f"strategies.{config.name}.venue_bar_ms", config.venue_bar_ms
    if length_ms == 0:
        return
    if length_ms not in bars_ms:
        raise ConfigError(f"{key}: {length_ms} is none of its bar_ms (allowed: {', '.join(map(str, bars_ms))})")
    for feed in feeds:
        if length_ms not in [bar_length_ms(name) for name in feed.info.feeds]:
            wanted = bar_feed(length_ms) or "none is so long"
            raise ConfigError(
                f"{key}: {feed.info.name} has no feed of the venue's bars of {length_ms} ms "
                f"(its feeds: {', '.join(feed.info.feeds)}; that of these bars: {wanted})"
            )
