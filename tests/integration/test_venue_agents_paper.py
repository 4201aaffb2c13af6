"""Market data and execution against the paper venue, over real websockets and REST on loopback."""

import asyncio

import pytest

from agents.execution.agent import build as build_execution
from agents.market_data.agent import build as build_market_data
from agents.paper.agent import build as build_paper
from agents.paper.server import PaperServer
from agents.venues.binance import spot
from agents.venues.credentials import Credentials
from agents.venues.http_ws import VenueShell
from schemas.config import (
    Config,
    ExecutionConfig,
    InstrumentConfig,
    MarketDataConfig,
    PaperConfig,
    RiskConfig,
    VenueConfig,
)
from schemas.messages import Ack, CancelOrder, OrderFilled, Reconciled
from schemas.orders import OrderStatus, Side, TimeInForce
from tests.integration.live_context import LiveContext
from tests.unit.agents.submissions import approved, submission

S = OrderStatus
ACCOUNT = Credentials("k" * 64, "s" * 64)
LOTS = 1000


OVER = pytest.mark.parametrize("over", ["socket", "rest"])


def config(port, over="socket"):
    base = f"127.0.0.1:{port}"
    return Config(
        venues=(
            VenueConfig(
                id=1,
                name="paper",
                kind="binance_spot",
                rest_url=f"http://{base}",
                ws_url=f"ws://{base}",
                ws_api_url=f"ws://{base}/ws-api/v3",
                credentials="PAPER",
            ),
        ),
        instruments=(
            InstrumentConfig(
                id=1, venue="paper", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size="0.01", lot_size="0.00001"
            ),
        ),
        agents={
            "venue": PaperConfig(id=9, venue="paper", speed=10.0, balances={"BTC": "10", "USDT": "1000000"}),
            "md": MarketDataConfig(id=1, venue="paper", instruments=("BTCUSDT",)),
            "execution": ExecutionConfig(id=2, venue="paper", reconcile_interval_ms=500, orders_over=over),
            "risk": RiskConfig(id=3, market_data=("md",), execution=("execution",), portfolio="portfolio"),
        },
    )


class Desk:
    """The paper venue, and one agent of each kind on it, whose orders go `over` the one way or the other."""

    def __init__(self, over="socket"):
        self.over = over

    async def __aenter__(self):
        self.server = PaperServer(build_paper("venue", config(0)).exchange, "127.0.0.1:0")
        await self.server.start()
        self.config = config(self.server.port, self.over)
        self.market_data = await self.run(build_market_data("md", self.config), None)
        self.execution = await self.run(build_execution("execution", self.config), ACCOUNT)
        return self

    async def __aexit__(self, *_):
        for ctx in (self.market_data, self.execution):
            await ctx.shell.stop()
        await self.server.stop()

    async def run(self, agent, credentials, log=()):
        venue = self.config.venues[0]
        signer = spot.signer(venue, credentials)
        order_wire = spot.order_wire(venue, signer) if self.over == "socket" and credentials else None
        shell = VenueShell(venue.name, signer, None, order_wire)
        ctx = LiveContext(agent, shell)
        await shell.start(ctx)
        agent.bind(ctx)
        for item in log:
            agent.restore(item.header, item.message)
        agent.start()
        return ctx

    async def ready(self):
        books = self.market_data.agent.figures
        await self.market_data.until(lambda: books().books[0].compared >= 5)
        await self.execution.until(lambda: self.execution.agent.figures().reconciled)
        way = "socket" if self.over == "socket" else "REST"
        await self.execution.until(lambda: self.execution.agent.figures().orders_over == way)

    def price(self, side):
        """Return a price that trades at once (BUY, a hundredth above the ask) or the one far from the market."""
        feed = self.market_data.agent.figures()
        assert feed.books
        book = next(iter(self.market_data.agent._books.books.values())).levels
        return book.best_ask * 101 // 100 if side == Side.BUY else book.best_bid * 9 // 10

    def submit(self, client_id, price, time_in_force=TimeInForce.GTC):
        message = submission(approved(client_id, LOTS, price, Side.BUY, time_in_force))
        return self.execution.ask(self.execution.agent, message)

    def at_venue(self, client_id):
        """Return the status of an order in the venue's own books, None if it has none of that id."""
        order = self.server.exchange.trading.ledger.by_client_id.get(("BTCUSDT", client_id))
        return order and order.status

    def statuses(self, client_id, ctx=None):
        return [
            S(message.status)
            for message in (ctx or self.execution).messages()
            if getattr(message, "client_order_id", "") == client_id and hasattr(message, "status")
        ]


def run(test, monkeypatch):
    monkeypatch.setenv("PAPER_KEY", ACCOUNT.key)
    monkeypatch.setenv("PAPER_SECRET", ACCOUNT.secret)
    asyncio.run(asyncio.wait_for(test(), 90))


def test_book_is_the_venues_and_nothing_is_lost(monkeypatch):
    async def test():
        async with Desk() as desk:
            await desk.market_data.until(lambda: desk.market_data.agent.figures().books[0].compared >= 30)
            figures = desk.market_data.agent.figures()
            assert figures.books[0].equal == figures.books[0].compared
            assert figures.ticks.received == figures.ticks.published
            assert "venue_frame_bad" not in desk.market_data.counters

    run(test, monkeypatch)


@OVER
def test_orders_live_and_end_as_the_venue_says(monkeypatch, over):
    async def test():
        async with Desk(over) as desk:
            await desk.ready()
            before = dict(desk.execution.agent.figures().balances)
            assert desk.submit("T1", desk.price(Side.BUY), TimeInForce.IOC) == Ack(True)
            await desk.execution.until(lambda: S.FILLED in desk.statuses("T1"))
            assert desk.submit("T2", desk.price(Side.SELL)) == Ack(True)
            await desk.execution.until(lambda: S.NEW in desk.statuses("T2"))
            assert desk.execution.ask(desk.execution.agent, CancelOrder("T2", 61)) == Ack(True)
            await desk.execution.until(lambda: S.CANCELED in desk.statuses("T2"))
            assert desk.submit("T3", desk.price(Side.BUY), TimeInForce.GTX) == Ack(True)
            await desk.execution.until(lambda: S.REJECTED in desk.statuses("T3"))
            assert desk.statuses("T2") == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.CANCELED]
            fills = [m for m in desk.execution.messages() if isinstance(m, OrderFilled)]
            assert sum(m.last_qty_lots for m in fills) == LOTS
            passes = desk.execution.agent.figures().passes
            await desk.execution.until(lambda: desk.execution.agent.figures().passes >= passes + 2)
            gained = desk.execution.agent.figures().balances["BTC"] - before["BTC"]
            paid = sum(m.commission_e8 for m in fills if m.commission_asset == "BTC")
            assert gained == LOTS * 1000 - paid
            assert desk.execution.agent.figures().orders.unknown == 0

    run(test, monkeypatch)


@OVER
def test_a_second_life_takes_up_the_orders_of_the_first(monkeypatch, over):
    async def test():
        async with Desk(over) as desk:
            await desk.ready()
            assert desk.submit("T1", desk.price(Side.SELL)) == Ack(True)
            await desk.execution.until(lambda: S.NEW in desk.statuses("T1"))
            resting, filling = desk.price(Side.SELL) + 5, desk.price(Side.BUY)
            desk.submit("T2", resting)
            desk.submit("T3", filling, TimeInForce.IOC)
            log = list(desk.execution.published)
            await desk.execution.until(lambda: desk.at_venue("T2") == "NEW" and desk.at_venue("T3") == "FILLED")
            await desk.execution.shell.stop()
            agent = build_execution("execution", desk.config)
            second = desk.execution = await desk.run(agent, ACCOUNT, log)
            await second.until(lambda: any(isinstance(m, Reconciled) for m in second.messages()))
            await second.until(lambda: agent.figures().orders.unknown == 0)
            assert desk.statuses("T1") == []
            assert desk.statuses("T2") == [S.UNKNOWN, S.NEW]
            assert desk.statuses("T3")[0] == S.UNKNOWN
            assert desk.statuses("T3")[-1] == S.FILLED
            assert all(call.method == "GET" for call in second.calls.values())
            assert "T1" in [order.client_order_id for order in agent.figures().open]

    run(test, monkeypatch)
