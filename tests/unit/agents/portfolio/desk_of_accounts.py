"""A portfolio of three accounts on a fake context: coins in USDT, coins in USDC, and contracts beside coins."""

import msgspec

from agents.portfolio.builder import build
from schemas.config import (
    Config,
    DeskConfig,
    ExecutionConfig,
    InstrumentConfig,
    MarketDataConfig,
    PortfolioConfig,
    VenueConfig,
)
from schemas.messages import FundingSettled, Quote
from schemas.streams import Kind, StreamState, stream_id
from tests.unit.agents.fake_context import FakeContext
from tests.unit.agents.trading_desk import reconciled

S = 1_000_000_000
ONE, TWO, THREE = 1, 2, 3
"""Accounts by the number of their venue."""
NAMES = {ONE: "one", TWO: "two", THREE: "three"}
BTC_ONE, BTC_TWO, USDC_ONE, COIN_THREE, PERP_THREE = 1, 2, 3, 4, 5
INSTRUMENTS = {
    BTC_ONE: (ONE, "BTCUSDT", "BTC", "USDT", "spot"),
    BTC_TWO: (TWO, "BTCUSDC", "BTC", "USDC", "spot"),
    USDC_ONE: (ONE, "USDCUSDT", "USDC", "USDT", "spot"),
    COIN_THREE: (THREE, "BTCUSDT", "BTC", "USDT", "spot"),
    PERP_THREE: (THREE, "BTC-PERP", "BTC", "USDT", "linear"),
}
JOINED = {"USDC": "USDCUSDT"}
DESK = DeskConfig(currency="USDT", joined=JOINED)


def of_venue(kind, venue):
    return stream_id(kind, venue, 0)


def desk_config(*, desk=DESK, executions=("one", "two", "three"), kinds=("binance_spot", "binance_spot", "bybit")):
    """Three venues: the first trades no USDC, its market of it only tells what that is worth."""
    instruments = tuple(
        InstrumentConfig(
            id=number,
            venue=NAMES[venue],
            symbol=symbol,
            base=base,
            quote=quote,
            category=category,
            tick_size="0.0001" if base == "USDC" else "0.01",
            lot_size="0.00001",
            feeds=("bookTicker",),
        )
        for number, (venue, symbol, base, quote, category) in INSTRUMENTS.items()
    )
    symbols = {venue: tuple(i.symbol for i in instruments if i.venue == NAMES[venue]) for venue in NAMES}
    traded = {ONE: ("BTCUSDT",), TWO: (), THREE: ()}
    return Config(
        venues=tuple(VenueConfig(id=n, name=NAMES[n], kind=kind) for n, kind in zip(NAMES, kinds, strict=True)),
        instruments=instruments,
        desk=desk,
        agents={
            **{f"md-{NAMES[n]}": MarketDataConfig(id=n, venue=NAMES[n], instruments=symbols[n]) for n in NAMES},
            **{NAMES[n]: ExecutionConfig(id=10 + n, venue=NAMES[n], instruments=traded[n]) for n in NAMES},
            "folio": PortfolioConfig(id=20, execution=executions, market_data=tuple(f"md-{n}" for n in NAMES.values())),
        },
    )


class DeskOfAccounts:
    """The portfolio, and what its accounts and markets tell."""

    def __init__(self, *, log=(), epoch=1, states=None, wall_ns=None, config=None, **changes):
        good = config or desk_config()
        agents = good.agents | {"folio": msgspec.structs.replace(good.agents["folio"], **changes)}
        self.agent = build("folio", msgspec.structs.replace(good, agents=agents))
        self.ctx = FakeContext("folio", sender=20, epoch=epoch)
        self.ctx.wall_ns = wall_ns or self.ctx.wall_ns
        self.ctx.stream_states.update(states or {})
        self.agent.bind(self.ctx)
        for item in log:
            self.agent.restore(item.header, item.message)
        self.agent.start()
        self.events = []

    def event(self, venue, message):
        self.events.append((venue, message))
        return self.ctx.deliver(self.agent, NAMES[venue], of_venue(Kind.ORDER, venue), message)

    def opened(self, one=None, two=None, three=None):
        """Have the venues tell what their accounts hold; a million of their currency unless told otherwise."""
        self.event(ONE, reconciled(**(one or {"USDT": "1000000"})))
        self.event(TWO, reconciled(**(two or {"USDC": "1000000"})))
        self.event(THREE, reconciled(**(three or {"USDT": "1000000"})))
        return self

    def market(self, instrument, bid, ask):
        venue = INSTRUMENTS[instrument][0]
        told = Quote(self.ctx.wall_ns, self.ctx.wall_ns, 1, bid, 1_000, ask, 1_000)
        self.ctx.deliver(self.agent, f"md-{NAMES[venue]}", stream_id(Kind.QUOTE, venue, instrument), told)

    def marked(self, btc=6_000_000, usdc=10_000):
        """Tell a market of each instrument, around a price in ticks."""
        for instrument in (BTC_ONE, BTC_TWO, COIN_THREE, PERP_THREE):
            self.market(instrument, btc - 1, btc + 1)
        self.market(USDC_ONE, usdc - 1, usdc + 1)
        return self

    def market_state(self, instrument, state):
        """Have the stream of an instrument's quotes be in a state."""
        venue = INSTRUMENTS[instrument][0]
        self.ctx.stream_states[f"md-{NAMES[venue]}", stream_id(Kind.QUOTE, venue, instrument)] = state

    def orders_state(self, venue, state):
        self.ctx.stream_states[NAMES[venue], of_venue(Kind.ORDER, venue)] = state
        self.agent.on_stream_state(NAMES[venue], of_venue(Kind.ORDER, venue), state)

    def equity(self, venue=0):
        """Return what was published of the equity of an account, or of the desk."""
        return self.ctx.messages(of_venue(Kind.EQUITY, venue))

    def wait(self, seconds=1):
        self.ctx.advance(self.agent, round(seconds * S))
        return self

    def again(self, *, epoch=2, btc=6_000_000, usdc=10_000, **changes):
        """Return the portfolio after a restart: order events come again, markets tell, and then all is live."""
        syncing = {(NAMES[n], of_venue(Kind.ORDER, n)): StreamState.SYNCING for n in NAMES}
        desk = DeskOfAccounts(log=self.ctx.published, epoch=epoch, states=syncing, wall_ns=self.ctx.wall_ns, **changes)
        for venue, message in self.events:
            desk.event(venue, message)
        desk.marked(btc, usdc)
        for venue in NAMES:
            desk.orders_state(venue, StreamState.LIVE)
        return desk


def funding(amount, funding_id="f1", instrument=PERP_THREE, asset="USDT"):
    return FundingSettled(instrument, asset, amount, funding_id, 7, 8)
