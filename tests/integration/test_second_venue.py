"""A venue that differs from Binance wherever venues differ, traded through the very same roles, over real sockets."""

import asyncio
import uuid

import pytest

from agents.execution.agent import build as build_execution
from agents.execution.agent import shell as execution_shell
from agents.market_data.agent import build as build_market_data
from agents.market_data.agent import shell as market_data_shell
from agents.reaper.agent import build as build_reaper
from agents.reaper.agent import shell as reaper_shell
from agents.venues.adapters import ADAPTERS
from agents.venues.credentials import Credentials
from schemas.config import (
    Config,
    ExecutionConfig,
    InstrumentConfig,
    MarketDataConfig,
    ReaperConfig,
    RiskConfig,
    VenueConfig,
)
from schemas.messages import (
    Ack,
    BookSnapshot,
    CancelOrder,
    FeedState,
    Instrument,
    OrderFilled,
    OrdersReaped,
    Reconciled,
    Trade,
)
from schemas.orders import OrderStatus, Reason, Side, TimeInForce
from schemas.streams import AGENT_STREAM, Kind, StreamState, stream_id
from tests.integration.live_context import LiveContext
from tests.unit.agents.submissions import approved, submission
from tests.venues.harbor import ADAPTER, KIND
from tests.venues.harbor_server import SYMBOL, Harbor

S = OrderStatus
ACCOUNT = Credentials("the-key", "the-secret", "the phrase")
TRADES, BOOK, INSTRUMENT = (stream_id(kind, 1, 1) for kind in (Kind.TRADE, Kind.BOOK, Kind.INSTRUMENT))
E8 = 10**8


def config(port):
    return Config(
        venues=(
            VenueConfig(
                id=1,
                name="harbor",
                kind=KIND,
                rest_url=f"http://127.0.0.1:{port}",
                ws_url=f"ws://127.0.0.1:{port}",
                credentials="HARBOR",
            ),
        ),
        instruments=(
            InstrumentConfig(
                id=1,
                venue="harbor",
                symbol=SYMBOL,
                base="BTC",
                quote="USDT",
                tick_size="1",
                lot_size="1",
                contract_size="0.001",
                feeds=("trade", "depth"),
            ),
        ),
        agents={
            "md": MarketDataConfig(id=1, venue="harbor", instruments=(SYMBOL,)),
            "execution": ExecutionConfig(id=2, venue="harbor", reconcile_interval_ms=500, dead_man_ms=1_500),
            "reaper": ReaperConfig(id=3, execution="execution", silence_ms=1_000),
            "risk": RiskConfig(id=9, market_data=("md",), execution=("execution",), portfolio="portfolio"),
        },
    )


class Desk:
    """The venue, and the agents of both roles on it, each with the shell that it has in a mesh."""

    def __init__(self):
        self.venue = Harbor(ACCOUNT)

    async def __aenter__(self):
        await self.venue.__aenter__()
        self.config = config(self.venue.port)
        self.market_data = await self.run("md", build_market_data, market_data_shell)
        self.execution = await self.run("execution", build_execution, execution_shell)
        return self

    async def __aexit__(self, *_):
        for ctx in (self.market_data, self.execution):
            await ctx.shell.stop()
        await self.venue.__aexit__()

    async def run(self, name, build, shell):
        agent = build(name, self.config)
        ctx = LiveContext(agent, shell(name, self.config, agent))
        await ctx.shell.start(ctx)
        agent.bind(ctx)
        agent.start()
        return ctx

    async def reconciled(self):
        await self.execution.until(lambda: any(isinstance(m, Reconciled) for m in self.execution.messages()))

    def submit(self, client_id, contracts, price, time_in_force=TimeInForce.GTC):
        message = submission(approved(client_id, contracts, price, Side.BUY, time_in_force))
        return self.execution.ask(self.execution.agent, message)

    def events(self, client_id):
        return [m for m in self.execution.messages() if getattr(m, "client_order_id", "") == client_id]

    def statuses(self, client_id):
        return [S(m.status) for m in self.events(client_id)]

    async def ended(self, client_id, status):
        await self.execution.until(lambda: self.statuses(client_id)[-1:] == [status])

    def book_states(self):
        messages = self.market_data.messages(BOOK)
        return [StreamState(m.state).name for m in messages if isinstance(m, FeedState)]


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setitem(ADAPTERS, KIND, ADAPTER)
    monkeypatch.setenv("HARBOR_KEY", ACCOUNT.key)
    monkeypatch.setenv("HARBOR_SECRET", ACCOUNT.secret)
    monkeypatch.setenv("HARBOR_PASSPHRASE", ACCOUNT.passphrase)

    def run(test):
        async def on_desk():
            async with Desk() as desk:
                await test(desk)

        asyncio.run(asyncio.wait_for(on_desk(), 90))

    return run


def trades(desk):
    return [m for m in desk.market_data.messages(TRADES) if isinstance(m, Trade)]


def books(desk):
    return [m for m in desk.market_data.messages(BOOK) if isinstance(m, BookSnapshot)]


def test_from_a_tick_to_its_fill(run):
    async def test(desk):
        await desk.market_data.until(lambda: trades(desk) and books(desk))
        await desk.reconciled()
        tick = trades(desk)[-1]
        assert str(uuid.UUID(tick.trade_id)) == tick.trade_id
        assert desk.submit("T1", 7, tick.price_ticks + 5, TimeInForce.IOC) == Ack(True)
        await desk.ended("T1", S.FILLED)
        assert desk.statuses("T1") == [S.SUBMITTED, S.PARTIALLY_FILLED, S.FILLED]
        fills = [m for m in desk.events("T1") if isinstance(m, OrderFilled)]
        assert [m.last_qty_lots for m in fills] == [3, 4]
        assert [m.trade_id for m in fills] == [fill["id"] for fill in desk.venue.fills]
        assert [m.commission_e8 for m in fills] == [E8 // 100] * 2  # paid is positive here
        figures = desk.market_data.agent.figures()
        assert figures.ticks.received == figures.ticks.published

    run(test)


def test_an_acknowledged_order_is_submitted_until_the_stream_tells(run):
    async def test(desk):
        await desk.reconciled()
        desk.venue.quiet = desk.venue.lags = True
        desk.submit("T1", 1, 90)
        await desk.execution.until(lambda: desk.venue.waiting)
        await desk.execution.until(lambda: desk.venue.queries >= 2)
        assert desk.statuses("T1") == [S.SUBMITTED]  # "no such order" just after an acknowledgement proves nothing
        await desk.venue.deal()
        await desk.ended("T1", S.NEW)
        desk.venue.quiet = False
        assert desk.execution.ask(desk.execution.agent, CancelOrder("T1", 0)) == Ack(True)
        await desk.ended("T1", S.CANCELED)
        assert desk.statuses("T1") == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.CANCELED]

    run(test)


def test_an_order_that_the_stream_says_nothing_of_is_looked_up(run):
    async def test(desk):
        await desk.reconciled()
        desk.venue.quiet = True
        desk.submit("T1", 1, 90)
        await desk.execution.until(lambda: desk.venue.waiting)
        order = desk.venue.waiting.pop()
        desk.venue.orders["T1"] = order  # it rests, and nobody tells
        await desk.ended("T1", S.NEW)
        assert desk.execution.agent.figures().orders.unknown == 0

    run(test)


def test_a_request_may_be_refused_before_or_after_it_was_taken_on(run):
    async def test(desk):
        await desk.reconciled()
        desk.submit("T1", 2_000, 90)
        await desk.ended("T1", S.REJECTED)
        assert desk.events("T1")[-1].reason == Reason.INSUFFICIENT_BALANCE
        desk.submit("T2", 1, 200, TimeInForce.GTX)
        await desk.ended("T2", S.REJECTED)
        assert desk.statuses("T2") == [S.SUBMITTED, S.REJECTED]
        assert desk.events("T2")[-1].text == "would take"

    run(test)


def test_fills_that_the_stream_lost_are_found_page_by_page_and_booked_once(run):
    async def test(desk):
        await desk.reconciled()
        for number in range(3):
            desk.submit(f"T{number}", 2, 200, TimeInForce.IOC)
            await desk.ended(f"T{number}", S.FILLED)
        order = {"symbol": SYMBOL, "mine": "theirs", "id": str(uuid.uuid4()), "side": "long", "contracts": "4"}
        order |= {"price": "200", "lasts": "IOC", "filled": "0", "ms": 1}
        desk.venue.orders["theirs"] = order
        desk.venue._fill(order, 4, 4)
        await desk.ended("theirs", S.FILLED)
        fills = [m.trade_id for m in desk.execution.messages() if isinstance(m, OrderFilled)]
        assert fills == [fill["id"] for fill in desk.venue.fills]
        cursors = [m.fill_cursors for m in desk.execution.messages() if isinstance(m, Reconciled)]
        await desk.execution.until(
            lambda: [m for m in desk.execution.messages() if isinstance(m, Reconciled)][-1].fill_cursors == {1: "7"}
        )
        assert cursors[0] in ({}, {1: "0"})

    run(test)


def test_a_snapshot_in_mid_stream_replaces_the_book_and_a_gap_has_one_sent(run):
    async def test(desk):
        await desk.market_data.until(lambda: "LIVE" in desk.book_states())
        before = len(books(desk))
        desk.venue.bid, desk.venue.ask, desk.venue.seq = 95, 96, 500
        await desk.venue.say(desk.venue.snapshot())
        await desk.market_data.until(lambda: any(m.last_update_id == 500 for m in books(desk)))
        assert len(books(desk)) == before + 1
        assert "book_gap" not in desk.market_data.counters
        await desk.venue.lose()
        await desk.market_data.until(lambda: desk.market_data.counters.get("book_gap"))
        await desk.market_data.until(lambda: desk.book_states()[-1] == "LIVE")
        assert "again" in desk.venue.asked

    run(test)


def test_login_and_subscriptions_are_asked_for_one_after_the_other(run):
    async def test(desk):
        await desk.reconciled()
        await desk.market_data.until(lambda: trades(desk) and books(desk))
        private = [each for each in desk.venue.asked if not each.startswith("sub-")]
        public = [each for each in desk.venue.asked if each.startswith("sub-")]
        assert private == ["login-1", "account-1"]
        assert public == [f"sub-trade:{SYMBOL}", f"sub-depth:{SYMBOL}"]

    run(test)


def test_a_wrong_passphrase_is_told_and_nothing_is_created(run, monkeypatch):
    monkeypatch.setenv("HARBOR_PASSPHRASE", "another")

    async def test(desk):
        await desk.execution.until(lambda: desk.execution.counters.get("subscriptions_refused"))
        assert desk.submit("T1", 1, 90).reason == Reason.RECONCILING

    run(test)


def test_heartbeats_are_messages_and_their_answers_reach_nobody(run):
    async def test(desk):
        await desk.reconciled()
        await desk.execution.until(lambda: desk.venue.pings >= 6)
        for ctx in (desk.market_data, desk.execution):
            assert not {"venue_frame_bad", "venue_frame_other"} & set(ctx.counters)
        assert desk.execution.agent.figures().reconciled

    run(test)


def test_quantities_are_contracts_of_which_the_listing_says_how_much(run):
    async def test(desk):
        await desk.market_data.until(lambda: desk.market_data.agent.figures().listing == "")
        told = [m for m in desk.market_data.messages(INSTRUMENT) if isinstance(m, Instrument)][-1]
        assert (told.contract_size_e8, told.lot_size, told.margin, told.fault) == (E8 // 1000, "1", True, "")
        info = desk.market_data.agent._books.books[1].info
        assert (info.qty_e8(7), info.notional_e8(100, 7)) == (7 * E8 // 1000, 7 * E8 // 10)

    run(test)


def test_a_dead_mans_switch_is_told_while_execution_lives_and_cancels_when_it_is_gone(run):
    async def test(desk):
        await desk.reconciled()
        desk.submit("T1", 1, 90)
        await desk.ended("T1", S.NEW)
        assert desk.execution.agent.figures().dead_man_switch == "armed 1.5 s"
        told = desk.venue.still_here
        await desk.execution.until(lambda: desk.venue.still_here >= told + 4)
        assert len(desk.venue.open) == 1
        async with asyncio.timeout(20):
            while desk.venue.open:  # nobody hands execution its time any more: it is as good as dead
                await asyncio.sleep(0.05)

    run(test)


def test_a_reaper_cancels_order_by_order_where_there_is_no_other_way(run):
    async def test(desk):
        await desk.reconciled()
        for number in range(3):
            desk.submit(f"T{number}", 1, 90)
            await desk.ended(f"T{number}", S.NEW)
        reaper = await desk.run("reaper", build_reaper, reaper_shell)
        try:
            await reaper.until(lambda: any(isinstance(m, OrdersReaped) for m in reaper.messages(AGENT_STREAM)))
        finally:
            await reaper.shell.stop()
        told = reaper.messages(AGENT_STREAM)[0]
        assert (told.canceled, told.left) == (3, 0)
        assert [order["state"] for order in desk.venue.orders.values()] == ["pulled"] * 3

    run(test)
