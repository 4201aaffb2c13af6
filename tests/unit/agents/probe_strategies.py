"""Strategies for tests of the signal agent: one that notes every call, and things that are not strategies."""

from agents.signal.strategy import Strategy
from schemas.errors import ConfigError


class Recorder(Strategy):
    """Notes every call in `calls`; buys on each trade, bar or book if the parameter says so."""

    timer_ms = 500

    def __init__(self, params, market):
        super().__init__(params, market)
        self.calls = []
        self.asked = []
        self.buy_on = params.get("buy_on", "")
        if params.get("refuse"):
            raise ConfigError("params: refuse is set")

    def on_trade(self, instrument, trade):
        self._note("trade", instrument, trade)

    def on_book(self, instrument, book):
        self._note("book", instrument, (book.best_bid, book.best_ask))

    def on_bar(self, instrument, bar):
        self._note("bar", instrument, (bar, self.ctx.indicators(instrument).count))

    def on_timer(self, now_ns):
        self.calls.append(("timer", None, now_ns))

    def on_fill(self, fill):
        self.calls.append(("fill", None, fill.trade_id))

    def of(self, kind):
        return [what for name, _, what in self.calls if name == kind]

    def _note(self, name, instrument, what):
        self.calls.append((name, instrument.symbol, what))
        if self.buy_on == name:
            self.asked.append(self.ctx.buy(instrument, 1_000, 6_000_100, confidence=2.0, reason=name))


class NotAStrategy:
    """Has the right arguments and the wrong base."""

    def __init__(self, params, market):
        pass


class BatchRecorder(Recorder):
    """The same, told of trades that came together."""

    def on_trades(self, instrument, trades):
        self._note("trades", instrument, tuple(trades))


class Told(Recorder):
    """Notes what it is told beside the market too, and raises where the parameter says so, as often as it says."""

    raised = 0

    def __init__(self, params, market):
        super().__init__(params, market)
        self.raise_on = params.get("raise_on", "")
        self.sell_on_fill = params.get("sell_on_fill", False)

    def on_restore(self, state):
        self._take("restore", state)

    def on_start(self):
        self._take("start", self.ctx.now_ns)

    def on_stop(self):
        self._take("stop", self.ctx.now_ns)

    def on_trade(self, instrument, trade):
        super().on_trade(instrument, trade)
        self._raise("trade")

    def on_quote(self, instrument, quote):
        self._take("quote", quote)

    def on_bar(self, instrument, bar):
        super().on_bar(instrument, bar)
        self._raise("bar")

    def on_timer(self, now_ns):
        super().on_timer(now_ns)
        self._raise("timer")

    def on_feed(self, instrument, fault):
        self._take("feed", fault)

    def on_fill(self, fill):
        super().on_fill(fill)
        if self.sell_on_fill:
            self.asked.append(self.ctx.sell(self.market.instruments[0], 1_000, 5_999_900))
        self._raise("fill")

    def on_order(self, event):
        self._take("order", event)

    def _take(self, name, what):
        self.calls.append((name, None, what))
        self._raise(name)

    def _raise(self, name):
        if self.raise_on == name:
            raise RuntimeError(f"no {name}, please")


class Warm(Strategy):
    """Notes what it is told of bars: (what, second, bars that the indicators contain)."""

    def __init__(self, params, market):
        super().__init__(params, market)
        self.told = []

    def names(self):
        return [name for name, _, _ in self.told]

    def on_past_bar(self, instrument, bar):
        self._note("past", bar.start_ns)

    def on_start(self):
        self._note("start", 0)

    def on_bar(self, instrument, bar):
        self._note("bar", bar.start_ns)

    def _note(self, name, start_ns):
        count = self.ctx.indicators(self.market.instruments[0]).count
        self.told.append((name, start_ns // 1_000_000_000, count))
