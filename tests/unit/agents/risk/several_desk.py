"""Risk above several accounts, and what its tests ask of it.

Venue 1 (agent `one`) trades BTC and ETH for USDT, venue 2 (`two`) contracts on both, venue 3 (`three`) BTC for USDC, which
is joined to USDT. BTC is at 60000, ETH at 3000; of each, 100_000 and 10_000 lots are one coin.
"""

from schemas.config import (
    Config,
    DeskConfig,
    DeskLimitsConfig,
    ExecutionConfig,
    InstrumentConfig,
    LimitsConfig,
    MarketDataConfig,
    PortfolioConfig,
    RiskConfig,
    SignalConfig,
    VenueConfig,
)
from schemas.messages import E8, Equity
from schemas.orders import OrderStatus
from schemas.streams import Kind, stream_id
from tests.unit.agents.risk.risk_desk import Desk
from tests.unit.agents.trading_desk import initialized, quote, reconciled, strategy, updated

BTC_ONE, ETH_ONE, BTC_TWO, ETH_TWO, BTC_THREE = 1, 2, 3, 4, 5
VENUE_OF = {BTC_ONE: 1, ETH_ONE: 1, BTC_TWO: 2, ETH_TWO: 2, BTC_THREE: 3}
EXECUTION = {1: "one", 2: "two", 3: "three"}
MARKET_DATA = {1: "md1", 2: "md2", 3: "md3"}
MIDS = {BTC_ONE: 6_000_000, ETH_ONE: 300_000, BTC_TWO: 6_000_000, ETH_TWO: 300_000, BTC_THREE: 6_000_000}
WIDE = LimitsConfig(correlation_max=1.0, short_allowed=True, orders_per_second_max=1e6, orders_burst_max=1_000_000)


def instrument(number, venue, base, quote="USDT", **more):
    coin = {"BTC": "0.00001", "ETH": "0.0001"}[base]
    return InstrumentConfig(
        id=number,
        venue=venue,
        symbol=f"{base}{quote}",
        base=base,
        quote=quote,
        tick_size="0.01",
        lot_size=coin,
        min_notional="5",
        **more,
    )


def config(limits=WIDE, desk=None, accounts=None, joined=("USDC",), currency="USDT", **risk):
    return Config(
        desk=DeskConfig(currency=currency, joined=dict.fromkeys(joined, "1")),
        venues=(
            VenueConfig(id=1, name="a", kind="binance_spot"),
            VenueConfig(id=2, name="b", kind="bybit"),
            VenueConfig(id=3, name="c", kind="okx"),
        ),
        instruments=(
            instrument(BTC_ONE, "a", "BTC"),
            instrument(ETH_ONE, "a", "ETH"),
            instrument(BTC_TWO, "b", "BTC", category="linear"),
            instrument(ETH_TWO, "b", "ETH", category="linear"),
            instrument(BTC_THREE, "c", "BTC", "USDC", category="spot"),
        ),
        agents={
            "md1": MarketDataConfig(id=1, venue="a", instruments=("BTCUSDT", "ETHUSDT")),
            "md2": MarketDataConfig(id=2, venue="b", instruments=("BTCUSDT", "ETHUSDT")),
            "md3": MarketDataConfig(id=3, venue="c", instruments=("BTCUSDC",)),
            "signal": SignalConfig(
                id=4, market_data=("md1", "md2", "md3"), risk="risk", strategies=(strategy("test", "x:X"),)
            ),
            "risk": RiskConfig(
                id=5,
                market_data=("md1", "md2", "md3"),
                execution=("one", "two", "three"),
                portfolio="folio",
                limits=limits,
                accounts=accounts or {},
                desk=DeskLimitsConfig(**(desk or {})),
                **risk,
            ),
            "one": ExecutionConfig(id=6, venue="a"),
            "two": ExecutionConfig(id=7, venue="b"),
            "three": ExecutionConfig(id=8, venue="c"),
            "folio": PortfolioConfig(
                id=9, execution=("one", "two", "three"), market_data=("md1", "md2", "md3"), asset_marks={"USDC": "1"}
            ),
        },
    )


class SeveralDesk(Desk):
    """Risk with live markets, three accounts that agree with their venues, and equity of a million each."""

    def __init__(self, *, ready=True, epoch=1, log=(), config_of=config, **more):
        super().__init__(ready=False, epoch=epoch, log=log, config=config_of(**more))
        if ready:
            self.begin()

    def begin(self, venues=(1, 2, 3)):
        for venue in venues:
            self.at(venue, reconciled())
        self.refresh()

    def refresh(self, but=(), equity=1_000_000):
        """Have every market and equity told anew, but for the markets of the venues `but`."""
        for number, mid in MIDS.items():
            if VENUE_OF[number] not in but:
                self.market_of(number, mid)
        for venue in (0, 1, 2, 3):
            self.equity_of(venue, equity)

    def market_of(self, number, mid):
        venue = VENUE_OF[number]
        at = stream_id(Kind.QUOTE, venue, number)
        self.ctx.deliver(self.agent, MARKET_DATA[venue], at, quote(self.ctx, mid - 100, mid + 100))

    def equity_of(self, venue, now, day_start=1_000_000, peak=1_000_000):
        money = Equity(self.ctx.wall_ns, now * E8, 0, 0, 0, day_start * E8, peak * E8)
        self.ctx.deliver(self.agent, "folio", stream_id(Kind.EQUITY, venue, 0), money)

    def at(self, venue, message):
        """Have the execution agent of a venue tell an order event."""
        self.ctx.deliver(self.agent, EXECUTION[venue], stream_id(Kind.ORDER, venue, 0), message)

    def margin(self, message, venue=2):
        self.ctx.deliver(self.agent, EXECUTION[venue], stream_id(Kind.ACCOUNT, venue, 0), message)

    def work_at(self, order_id, number, **more):
        """Show an order as initialised and new."""
        venue = VENUE_OF[number]
        self.at(venue, initialized(order_id, instrument=number, **more))
        self.at(venue, updated(order_id, OrderStatus.NEW, instrument=number))

    def let_pass(self, seconds, but=(), equity=1_000_000):
        for _ in range(round(seconds * 5)):
            self.ctx.advance(self.agent, 200_000_000)
            self.refresh(but, equity)
