"""A signal agent with strategies that record what they are shown."""

import msgspec

from agents.signal.agent import build
from schemas.messages import Signal, VenueBar
from schemas.streams import Kind
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import (
    BTC,
    ORDERS,
    book,
    config,
    strategy,
    stream,
    trade,
)

S = 1_000_000_000


RECORDER = "tests.unit.agents.probe_strategies:Recorder"


class Desk:
    """A signal agent with recorders."""

    def __init__(self, *strategies, epoch=1, log=(), limits=None, feeds=()):
        self.config = config(limits, strategies=strategies or (strategy("test", RECORDER),))
        instruments = [msgspec.structs.replace(each, feeds=feeds) for each in self.config.instruments]
        self.agent = build("signal", msgspec.structs.replace(self.config, instruments=tuple(instruments)))
        self.ctx = FakeContext("signal", sender=2, epoch=epoch)
        self.agent.bind(self.ctx)
        for item in log:
            self.agent.restore(item.header, item.message)
        self.agent.start()

    def strategy(self, name="test"):
        return self.agent._runners[name].strategy

    def market(self, message, kind, instrument=BTC, flags=0):
        return self.ctx.deliver(self.agent, "md", stream(kind, instrument), message, flags=flags)

    def book(self, **more):
        return self.market(book(self.ctx, **more), Kind.BOOK)

    def trade(self, **more):
        return self.market(trade(self.ctx, **more), Kind.TRADE)

    def venue_bar(self, start_s, price=6_000_000, length_s=60, flags=0, instrument=BTC):
        """A bar of the venue's stream that begins at that second."""
        begins_ns, ends_ns = start_s * S, (start_s + length_s) * S
        prices = (price, price + 2, price - 2, price + 1)
        bar = VenueBar(ends_ns, self.ctx.wall_ns, length_s * 1_000, begins_ns, *prices, 77, 9)
        return self.market(bar, Kind.BAR, instrument, flags)

    def event(self, message, corr=0):
        self.ctx.deliver(self.agent, "exec", ORDERS, message, corr=corr)

    def signals(self):
        return [m for m in self.ctx.messages() if isinstance(m, Signal)]


def buyer(on="trade", name="test", **more):
    return strategy(name, RECORDER, buy_on=on, **more)
