"""Strategies that a bench's signal agent runs."""

from collections.abc import Sequence

from agents.instruments import InstrumentInfo
from agents.signal.strategy import Market, Params, Strategy
from schemas.messages import Trade
from schemas.orders import Side, TimeInForce

QTY_LOTS = 1_000_000
QTY_SMALL = 100


class EveryTick(Strategy):
    """Wants to buy at every trade, as much as was traded: so the order tells which tick it answers."""

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Ask for an order."""
        self.ctx.buy(instrument, trade.qty_lots, trade.price_ticks)


class EveryNth(Strategy):
    """Wants to buy and to sell by turns at every `n`-th trade, and follows all of them."""

    def __init__(self, params: Params, market: Market) -> None:
        """Take `n`."""
        super().__init__(params, market)
        self._n = int(params.get("n", 70))
        self.seen = 0

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Count, and ask for an order when it is time."""
        self.seen += 1
        if self.seen % self._n == 0:
            act = self.ctx.buy if self.seen // self._n % 2 else self.ctx.sell
            act(instrument, QTY_LOTS, trade.price_ticks)


class EveryNthOfBatches(EveryNth):
    """The same, told of trades that came together at once."""

    def on_trades(self, instrument: InstrumentInfo, trades: Sequence[Trade]) -> None:
        """Count, and ask for an order when it is time."""
        before = self.seen // self._n
        self.seen += len(trades)
        if self.seen // self._n != before:
            act = self.ctx.buy if self.seen // self._n % 2 else self.ctx.sell
            act(instrument, QTY_LOTS, trades[-1].price_ticks)


class Rest(Strategy):
    """Keeps orders resting far below the market; one that goes is placed again."""

    BELOW = 0.8
    PENDING_MAX = 4

    def __init__(self, params: Params, market: Market) -> None:
        """Take how many `orders` are to rest in each instrument."""
        super().__init__(params, market)
        self._orders = int(params.get("orders", 1))

    def on_trade(self, instrument: InstrumentInfo, trade: Trade) -> None:
        """Place what is missing, a few at a time."""
        pending = self.ctx.pending(instrument)
        missing = self._orders - len(self.ctx.open_orders(instrument)) - pending
        for _ in range(min(missing, self.PENDING_MAX - pending)):
            price_ticks = int(trade.price_ticks * self.BELOW)
            self.ctx.signal(instrument, Side.BUY, QTY_SMALL, price_ticks, TimeInForce.GTC, 1.0, "to rest")
