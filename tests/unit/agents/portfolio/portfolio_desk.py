"""A portfolio on a fake context: what its account and its market tell, and restarts."""

import msgspec

from agents.portfolio.builder import build
from schemas.messages import Equity, ResetRequest
from schemas.streams import Kind, StreamState
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import BTC, EQUITY, ORDERS, config, quote, reconciled, stream, trade

S = 1_000_000_000
DAY_NS = 86_400 * S
POSITION = stream(Kind.POSITION)


def with_feeds(feeds, **changes):
    """The configuration with those feeds for every instrument, and other changes of it."""
    good = config()
    instruments = tuple(msgspec.structs.replace(each, feeds=tuple(feeds)) for each in good.instruments)
    return msgspec.structs.replace(good, **({"instruments": instruments} | changes))


class Desk:
    """Portfolio of an account that the venue says to hold a million USDT and nothing else, unless told otherwise."""

    def __init__(
        self,
        *,
        log=(),
        epoch=1,
        wall_ns=None,
        states=None,
        feeds=("trade", "depth@100ms", "bookTicker"),
        balances=None,
        mids=None,
        **changes,
    ):
        good = with_feeds(feeds)
        agents = dict(good.agents)
        agents["folio"] = msgspec.structs.replace(agents["folio"], **changes)
        self.agent = build("folio", msgspec.structs.replace(good, agents=agents))
        self.ctx = FakeContext("folio", sender=5, epoch=epoch)
        self.ctx.wall_ns = wall_ns or self.ctx.wall_ns
        self.ctx.stream_states.update(states or {})
        self.agent.bind(self.ctx)
        for item in log:
            self.agent.restore(item.header, item.message)
        self.agent.start()
        if balances is None:
            balances = {"USDT": "1000000"}
        self.events = []
        for instrument, mid in (mids or {}).items():
            self.market(mid - 1, mid + 1, instrument)
        if balances:
            self.event(reconciled(**balances))
        self.opening = list(self.ctx.published)
        """What was published of that, which is not looked at again but for restarts."""
        self.ctx.take()

    def event(self, message):
        self.events.append(message)
        return self.ctx.deliver(self.agent, "exec", ORDERS, message, corr=42)

    def again(self, *, epoch=2, market=None, **changes):
        """Return the portfolio after a restart: the order events come again, and then it is live."""
        desk = Desk(
            log=[*self.opening, *self.ctx.published],
            epoch=epoch,
            states={("exec", ORDERS): StreamState.SYNCING},
            balances={},
            **changes,
        )
        for event in self.events:
            desk.event(event)
        desk.ctx.stream_states["exec", ORDERS] = StreamState.LIVE
        if market is not None:
            desk.market(*market)
        desk.agent.on_stream_state("exec", ORDERS, StreamState.LIVE)
        return desk

    def market(self, bid, ask, instrument=BTC):
        self.ctx.deliver(self.agent, "md", stream(Kind.QUOTE, instrument), quote(self.ctx, bid, ask))

    def equity(self):
        return [m for m in self.ctx.messages(EQUITY) if isinstance(m, Equity)]

    def traded(self, price, instrument=BTC):
        self.ctx.deliver(self.agent, "md", stream(Kind.TRADE, instrument), trade(self.ctx, price))

    def wait(self, seconds=1):
        """Let so many equity intervals pass; return the last equity that was published in them, None if none was."""
        before = len(self.equity())
        self.ctx.advance(self.agent, round(seconds * S))
        return self.equity()[-1] if len(self.equity()) > before else None

    def reset(self, sender=0, **what):
        """Ask for a reset as an operator; return the answer if it was given at once."""
        return self.ctx.ask(self.agent, ResetRequest("looked into", **what), sender=sender, client="")
