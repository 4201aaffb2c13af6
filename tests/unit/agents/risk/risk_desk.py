"""Risk with a market, an account and equity, and what its tests ask of it."""

import msgspec

from agents.risk.agent import build
from schemas.config import LimitsConfig
from schemas.messages import (
    E8,
    Approved,
    Denied,
    Equity,
)
from schemas.orders import OrderStatus, Reason
from schemas.streams import Kind
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
