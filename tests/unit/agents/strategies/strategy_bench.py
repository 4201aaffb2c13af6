"""A strategy on a bench: the signal agent with it, a venue that fills what it is asked at the asked price, and books."""

import msgspec

from agents.signal.agent import build
from mesh.agent import Outcome
from schemas.messages import Ack, Approved, CancelOrder, KlinesAnswer, KlinesRequest, Signal
from schemas.orders import OrderStatus, Side, TimeInForce
from schemas.streams import Kind
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import (
    BTC,
    ORDERS,
    book,
    config,
    filled,
    initialized,
    quote,
    strategy,
    stream,
    trade,
)

S = 1_000_000_000
MS = 1_000_000


class Bench:
    """One strategy on BTCUSDT; `settle` fills its signals, GTX orders rest instead."""

    def __init__(self, path, warm_up_bars=0, **params):
        own = msgspec.structs.replace(strategy("test", path, **params), warm_up_bars=warm_up_bars)
        self.agent = build("signal", config(strategies=(own,)))
        self.ctx = FakeContext("signal", sender=2)
        self.agent.bind(self.ctx)
        self.agent.start()
        self.fills = 0
        self.seconds = 1_000

    @property
    def strategy(self):
        return self.agent._runners["test"].strategy

    @property
    def position(self):
        return self.strategy.ctx.position(self.strategy.market.instruments[0])

    def quote(self, bid, ask):
        self.ctx.deliver(self.agent, "md", stream(Kind.QUOTE), quote(self.ctx, bid, ask))

    def book(self, bid_lots, ask_lots, bid=5_999_900, ask=6_000_100):
        message = book(self.ctx, ((bid, bid_lots),), ((ask, ask_lots),))
        self.ctx.deliver(self.agent, "md", stream(Kind.BOOK), message)

    def bar(self, price):
        """One second with trades at `price` and two ticks beside it."""
        self.quote(price - 50, price + 50)
        for offset, at in ((0, price - 2), (1, price + 2), (2, price)):
            event_ns = self.seconds * S + offset
            self.ctx.deliver(self.agent, "md", stream(Kind.TRADE), trade(self.ctx, at, event_ns=event_ns))
        self.seconds += 1
        self.ctx.advance(self.agent, S)

    def warm_up(self, klines):
        """Answer what was asked of market data with the last of these."""
        asked = next(asked for asked in self.ctx.requests if isinstance(asked.message, KlinesRequest))
        want = asked.message
        last = tuple(klines[-want.count :])
        self.ctx.finish(self.agent, asked, KlinesAnswer(want.instrument_id, want.interval_ms, last))

    def signals(self):
        return [asked.message for asked in self.ctx.requests if isinstance(asked.message, Signal)]

    def cancels(self):
        return [asked.message for asked in self.ctx.requests if isinstance(asked.message, CancelOrder)]

    def settle(self):
        """Approve and fill every signal; return them."""
        taken = []
        for asked in [asked for asked in self.ctx.requests if isinstance(asked.message, Signal)]:
            taken.append(asked.message)
            self._settle(asked)
        return taken

    def refuse(self):
        """End every signal unanswered, proven not sent."""
        for asked in [asked for asked in self.ctx.requests if isinstance(asked.message, Signal)]:
            self.ctx.finish(self.agent, asked, None, Outcome.NOT_SENT)

    def _settle(self, asked):
        want = asked.message
        self.fills += 1
        order_id = f"o{self.fills}"
        form = (want.side, want.qty_lots, want.price_ticks, want.time_in_force)
        self.ctx.finish(self.agent, asked, Approved(want.signal_id, order_id, "test", BTC, *form))
        shown = initialized(order_id, side=Side(want.side), qty=want.qty_lots, price=want.price_ticks)
        self.ctx.deliver(self.agent, "exec", ORDERS, shown, corr=want.signal_id)
        if want.time_in_force != TimeInForce.GTX:
            done = filled(
                order_id,
                self.fills,
                want.qty_lots,
                want.price_ticks,
                Side(want.side),
                OrderStatus.FILLED,
                commission=want.qty_lots if want.side == Side.BUY else 0,
                asset="BTC",
            )
            self.ctx.deliver(self.agent, "exec", ORDERS, done)

    def accept_cancels(self):
        for asked in [asked for asked in self.ctx.requests if isinstance(asked.message, CancelOrder)]:
            self.ctx.finish(self.agent, asked, Ack(accepted=True))
