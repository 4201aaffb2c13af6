"""OKX's adapter against the paper venue's OKX dialect, which another hand wrote, over websockets and REST on loopback."""

import asyncio

import pytest

from agents.execution.agent import build as build_execution
from agents.market_data.agent import build as build_market_data
from agents.paper.agent import build as build_paper
from agents.paper.server import PaperServer
from agents.venues.credentials import Credentials
from agents.venues.http_ws import VenueShell
from agents.venues.okx import market
from agents.venues.okx.order_wire import OkxOrderWire
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
ACCOUNT = Credentials("k" * 36, "s" * 32, "Phrase-1")
SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
LOTS = 100
BOTH = pytest.mark.parametrize(("over", "number"), [("socket", 1), ("rest", 1), ("socket", 2), ("rest", 2)])
"""Spot (1) and the swap (2), over the private websocket and over REST."""


def config(port, over="socket"):
    base = f"127.0.0.1:{port}"
    more = {"venue": "okx", "base": "BTC", "quote": "USDT", "tick_size": "0.1"}
    return Config(
        venues=(
            VenueConfig(
                id=1, name="okx", kind="okx", rest_url=f"http://{base}", ws_url=f"ws://{base}", credentials="PAPER"
            ),
        ),
        instruments=(
            InstrumentConfig(id=1, symbol=SPOT, lot_size="0.00001", **more),
            InstrumentConfig(
                id=2,
                symbol=SWAP,
                lot_size="0.01",
                contract_size="0.01",
                category="linear",
                feeds=("trade", "depth", "bookTicker", "markPrice"),
                **more,
            ),
        ),
        agents={
            "venue": PaperConfig(id=9, venue="okx", speed=10.0, balances={"BTC": "10", "USDT": "1000000"}),
            "md": MarketDataConfig(id=1, venue="okx", instruments=(SPOT, SWAP)),
            "execution": ExecutionConfig(id=2, venue="okx", reconcile_interval_ms=500, orders_over=over),
            "risk": RiskConfig(id=3, market_data=("md",), execution=("execution",), portfolio="portfolio"),
        },
    )


class CountingWire(OkxOrderWire):
    """Counts what goes over the socket."""

    sent = 0

    def message(self, call_id, call):
        message = super().message(call_id, call)
        self.sent += message is not None
        return message


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
        signer = market.signer(venue, credentials)
        order_wire = CountingWire(signer) if self.over == "socket" and credentials else None
        self.wire = order_wire or CountingWire(signer)
        shell = VenueShell(venue.name, signer, agent.heartbeat, order_wire)
        ctx = LiveContext(agent, shell)
        await shell.start(ctx)
        agent.bind(ctx)
        for item in log:
            agent.restore(item.header, item.message)
        agent.start()
        return ctx

    def figures(self):
        return self.execution.agent.figures()

    async def ready(self):
        books = self.market_data.agent.figures
        await self.market_data.until(lambda: min(book.compared for book in books().books) >= 5)
        await self.execution.until(lambda: self.figures().reconciled)
        way = "socket" if self.over == "socket" else "REST"
        await self.execution.until(lambda: self.figures().orders_over == way)

    def price(self, number, side):
        """Return a price that trades at once (BUY, a hundredth above the ask) or one far from the market."""
        book = self.market_data.agent._books.books[number].levels
        return book.best_ask * 101 // 100 if side == Side.BUY else book.best_bid * 9 // 10

    def submit(self, client_id, number, side, time_in_force=TimeInForce.GTC):
        price = self.price(number, side)
        message = submission(approved(client_id, LOTS, price, Side.BUY, time_in_force, instrument=number))
        return self.execution.ask(self.execution.agent, message)

    def statuses(self, client_id):
        return [
            S(message.status)
            for message in self.execution.messages()
            if getattr(message, "client_order_id", "") == client_id and hasattr(message, "status")
        ]


def run(test, monkeypatch):
    monkeypatch.setenv("PAPER_KEY", ACCOUNT.key)
    monkeypatch.setenv("PAPER_SECRET", ACCOUNT.secret)
    monkeypatch.setenv("PAPER_PASSPHRASE", ACCOUNT.passphrase)
    asyncio.run(asyncio.wait_for(test(), 90))


def test_books_are_the_venues_and_every_feed_is_live(monkeypatch):
    async def test():
        async with Desk() as desk:
            figures = desk.market_data.agent.figures
            await desk.market_data.until(lambda: min(book.compared for book in figures().books) >= 30)
            await desk.market_data.until(lambda: figures().listing == "")
            found = figures()
            assert all(book.equal == book.compared for book in found.books)
            assert found.ticks.received == found.ticks.published
            assert found.faults == {}
            assert "venue_frame_bad" not in desk.market_data.counters
            await desk.market_data.until(lambda: set(figures().feeds.values()) == {"LIVE"})

    run(test, monkeypatch)


@BOTH
def test_orders_live_and_end_as_the_venue_says(monkeypatch, over, number):
    async def test():
        async with Desk(over) as desk:
            await desk.ready()
            assert desk.submit("T1", number, Side.BUY, TimeInForce.IOC) == Ack(True)
            await desk.execution.until(lambda: S.FILLED in desk.statuses("T1"))
            assert desk.submit("T2", number, Side.SELL) == Ack(True)
            await desk.execution.until(lambda: S.NEW in desk.statuses("T2"))
            assert desk.execution.ask(desk.execution.agent, CancelOrder("T2", 61)) == Ack(True)
            await desk.execution.until(lambda: S.CANCELED in desk.statuses("T2"))
            assert desk.submit("T3", number, Side.BUY, TimeInForce.GTX) == Ack(True)
            await desk.execution.until(lambda: S.REJECTED in desk.statuses("T3"))
            assert desk.statuses("T2") == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.CANCELED]
            fills = [m for m in desk.execution.messages() if isinstance(m, OrderFilled)]
            assert sum(m.last_qty_lots for m in fills) == LOTS
            assert {m.instrument_id for m in fills} == {number}
            passes = desk.figures().passes
            await desk.execution.until(lambda: desk.figures().passes >= passes + 2)
            assert desk.figures().orders.unknown == 0
            assert desk.figures().reconciled
            assert desk.wire.sent == (4 if over == "socket" else 0)
            assert desk.figures().dead_man_switch == "armed 10 s"
            assert "venue_reply_bad" not in desk.execution.counters
            assert "venue_frame_bad" not in desk.execution.counters

    run(test, monkeypatch)


@pytest.mark.parametrize("over", ["socket", "rest"])
def test_a_second_life_takes_up_the_orders_of_the_first(monkeypatch, over):
    async def test():
        async with Desk(over) as desk:
            await desk.ready()
            assert desk.submit("T1", 2, Side.SELL) == Ack(True)
            await desk.execution.until(lambda: S.NEW in desk.statuses("T1"))
            desk.submit("T2", 2, Side.SELL)
            desk.submit("T3", 2, Side.BUY, TimeInForce.IOC)
            log = list(desk.execution.published)
            at_venue = desk.server.exchange.trading.ledger.by_client_id
            await desk.market_data.until(lambda: {(SWAP, "T2"), (SWAP, "T3")} <= at_venue.keys())
            await desk.market_data.until(lambda: at_venue[SWAP, "T3"].status == "FILLED")
            await desk.execution.shell.stop()
            agent = build_execution("execution", desk.config)
            second = desk.execution = await desk.run(agent, ACCOUNT, log)
            await second.until(lambda: any(isinstance(m, Reconciled) for m in second.messages()))
            await second.until(lambda: agent.figures().orders.unknown == 0)
            assert desk.statuses("T2") == [S.UNKNOWN, S.NEW]
            assert desk.statuses("T3")[0] == S.UNKNOWN
            assert desk.statuses("T3")[-1] == S.FILLED
            assert {"T1", "T2"} <= {order.client_order_id for order in agent.figures().open}

    run(test, monkeypatch)
