"""The bars of one instrument and length as strategies get them: each interval once, in order, none of them partial.

Own bars are handed on as they close. Where one is partial or some are missing, what follows waits while the venue's bars
are asked for (`agents.signal.warm_up`), and joins behind them by its start. What the venue cannot give either is left
out and counted. So is told apart who closed a bar, and nothing else: a bar of the venue's is a bar like another.

Of bars that become known together only the last is acted upon (`on_bar`); those before it are of the past when they
come (`on_past_bar`). Indicators contain each.
"""

from collections import deque
from collections.abc import Callable, Sequence

from agents.instruments import InstrumentInfo
from agents.signal.bars import Bar
from agents.signal.runner import Runner
from schemas.messages import Kline
from schemas.units import MS

QUEUE_MAX = 4_096
"""Bars that wait at most; the oldest are left out before there are more."""


class BarSeries:
    """The sequence of bars of one instrument and length, and who gets them."""

    def __init__(self, publisher: str, info: InstrumentInfo, bar_ms: int, runners: Sequence[Runner]) -> None:
        """Begin without a bar; `runners` get them, `publisher` is who can be asked for the venue's."""
        self.publisher = publisher
        self.info = info
        self.bar_ms = bar_ms
        self.duration_ns = bar_ms * MS
        self.runners = list(runners)
        self.history = max([runner.history_bars(info.id, bar_ms) for runner in runners], default=0)
        """How many bars of before are wanted at the beginning; 0 if the venue is not to be asked at all."""
        self.next_ns = 0
        """Start of the bar that comes next; 0 while none was handed on."""
        self.waiting = self.history > 0
        """Whether bars wait for the venue's."""
        self.left_out = 0
        """Bars that could not be had whole."""
        self._queue: deque[Bar] = deque()
        self._ask: Callable[[BarSeries], None] | None = None

    def bind(self, ask: Callable[["BarSeries"], None]) -> None:
        """Take what is called when the venue's bars are needed."""
        self._ask = ask

    def take(self, bars: Sequence[Bar]) -> None:
        """Take own bars that have closed, and hand on what can be."""
        if len(bars) == 1 and bars[0].start_ns == self.next_ns and not (self.waiting or bars[0].partial):
            self.next_ns += self.duration_ns
            for runner in self.runners:
                runner.on_bar(self.info, bars[0])
            return
        was_waiting = self.waiting
        self._queue.extend(bars)
        self._hand(self._drain(), 0)
        if self.waiting and not was_waiting and self._ask is not None:
            self._ask(self)

    def missing(self) -> int:
        """Return how many bars of the venue's are needed, from `next_ns` on; the whole history if there was none yet."""
        if self.next_ns == 0:
            return self.history
        last_ns = self._queue[-1].start_ns if self._queue else self.next_ns
        return min(max(self.history, 1), max(1, (last_ns - self.next_ns) // self.duration_ns + 1))

    def until_ns(self) -> int:
        """Return the time before which the venue's bars that are needed begin; 0 for now."""
        return self._queue[-1].start_ns + self.duration_ns if self.next_ns and self._queue else 0

    def join(self, klines: Sequence[Kline]) -> bool:
        """Take bars of the venue's, oldest first; return whether nothing has to wait any more."""
        found: list[Bar] = []
        begins = self.next_ns == 0
        for kline in klines:
            if kline.open_ns >= self.next_ns:
                self._take_in(self._bar(kline), found)
        self.waiting = False
        history = len(found) if begins else 0
        self._hand(found + self._drain(), history)
        return not self.waiting

    def give_up(self) -> None:
        """Go on without what the venue does not give."""
        self.waiting = False
        found: list[Bar] = []
        while self._queue:
            self._take_in(self._queue.popleft(), found)
        self._hand(found, 0)

    def _drain(self) -> list[Bar]:
        """Return the bars that are next; wait for the venue's where one is partial or missing."""
        found: list[Bar] = []
        while self._queue and not self.waiting:
            bar = self._queue[0]
            if self.history and bar.start_ns >= self.next_ns and (bar.partial or bar.start_ns > self.next_ns > 0):
                self.next_ns = self.next_ns or bar.start_ns
                self.waiting = True
            else:
                self._take_in(self._queue.popleft(), found)
        while len(self._queue) > QUEUE_MAX:
            self._queue.popleft()
        return found

    def _take_in(self, bar: Bar, found: list[Bar]) -> None:
        """Append a bar unless it was handed on before or is partial; what is missing before it is left out."""
        if bar.start_ns < self.next_ns:
            return
        if self.next_ns:
            self.left_out += (bar.start_ns - self.next_ns) // self.duration_ns
        self.next_ns = bar.start_ns + self.duration_ns
        if bar.partial:
            self.left_out += 1
        else:
            found.append(bar)

    def _hand(self, bars: list[Bar], history: int) -> None:
        """Hand bars on; of the first ones, `history` of them, a strategy gets as many as it wants of before."""
        last = len(bars) - 1
        skips = [history - min(history, each.history_bars(self.info.id, self.bar_ms)) for each in self.runners]
        for place, bar in enumerate(bars):
            for runner, skip in zip(self.runners, skips, strict=True):
                if place < skip:
                    continue
                if place < last:
                    runner.on_past_bar(self.info, bar)
                else:
                    runner.on_bar(self.info, bar)

    def _bar(self, kline: Kline) -> Bar:
        prices = (kline.open_ticks, kline.high_ticks, kline.low_ticks, kline.close_ticks)
        return Bar(kline.open_ns, self.duration_ns, *prices, kline.volume_lots, kline.trades)
