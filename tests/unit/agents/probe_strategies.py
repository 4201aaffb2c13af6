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
