"""Risk with a market, an account and equity, and what its tests ask of it."""

import msgspec

from agents.risk.builder import build
from schemas.config import LimitsConfig
from schemas.messages import (
    E8,
    Approved,
    Denied,
    Equity,
    TradingState,
)
from schemas.orders import OrderStatus, Reason
from schemas.streams import AGENT_STREAM, Kind
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import (
    BTC,
    EQUITY,
    ORDERS,
    initialized,
    quote,
    reconciled,
    stream,
    updated,
)
from tests.unit.agents.trading_desk import config as default_config

S = 1_000_000_000


class Desk:
    """Risk with a live market at 60000.00, a reconciled account and equity of a million."""

    def __init__(self, *, epoch=1, log=(), ready=True, now_ns=S, config=None, **limits):
        self.agent = build("risk", config or default_config(LimitsConfig(**limits)))
        self.ctx = FakeContext("risk", sender=3, epoch=epoch, now_ns=now_ns)
        self.agent.bind(self.ctx)
        for item in log:
            self.agent.restore(item.header, item.message)
        self.agent.start()
        if ready:
            self.event(reconciled())
            self.equity(1_000_000)
            self.market()

    def market(self, bid=5_999_900, ask=6_000_100, instrument=BTC):
        self.ctx.deliver(self.agent, "md", stream(Kind.QUOTE, instrument), quote(self.ctx, bid, ask))

    def equity(self, now, day_start=1_000_000, peak=1_000_000):
        message = Equity(self.ctx.wall_ns, now * E8, 0, 0, 0, day_start * E8, peak * E8)
        self.ctx.deliver(self.agent, "folio", EQUITY, message)

    def pass_time(self, seconds, *, market=True, equity=1_000_000, **more):
        """Let time pass with a market and equity that are heard of, unless told otherwise."""
        for _ in range(round(seconds * 5)):
            self.ctx.advance(self.agent, S // 5)
            if market:
                self.market()
            if equity:
                self.equity(equity, **more)

    def told(self, peer, message):
        """Have a peer tell of itself."""
        self.ctx.deliver(self.agent, peer, AGENT_STREAM, message)

    def modes(self):
        """The trading modes that risk has published, oldest first, and forget them."""
        found = [each.message for each in self.ctx.published if isinstance(each.message, TradingState)]
        self.ctx.published[:] = [e for e in self.ctx.published if not isinstance(e.message, TradingState)]
        return found

    def event(self, message):
        self.ctx.deliver(self.agent, "exec", ORDERS, message)

    def ask(self, message, sender=2):
        return self.ctx.ask(self.agent, message, client="signal", sender=sender)

    def deny(self, message):
        answer = self.ask(message)
        assert isinstance(answer, Denied), answer
        return Reason(answer.reason), answer.figures

    def approve(self, message):
        answer = self.ask(message)
        assert isinstance(answer, Approved), answer
        return answer.client_order_id

    def asked(self, cls):
        return [asked for asked in self.ctx.requests if isinstance(asked.message, cls)]

    def work(self, order_id, **more):
        """Show an order as initialised and new."""
        self.event(initialized(order_id, **more))
        self.event(updated(order_id, OrderStatus.NEW))

    def open(self):
        return msgspec.structs.asdict(self.agent.figures().open)
