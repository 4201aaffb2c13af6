"""Execution against the paper venue over real HTTP: its limits, a ban, a venue that fails, and a clock that is off."""

import json

import aiohttp
import msgspec

from agents.execution.agent import build as build_execution
from agents.paper.agent import build as build_paper
from agents.paper.server import PaperServer
from schemas.config import BreakerConfig
from schemas.messages import Ack, BreakerChanged, CancelAll
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce
from schemas.streams import AGENT_STREAM
from tests.integration.test_venue_agents_paper import ACCOUNT, LOTS, config, run
from tests.integration.test_venue_agents_paper import Desk as WholeDesk
from tests.unit.agents.submissions import approved, submission

S = OrderStatus
PRICE = 4_000_000
"""40,000.00: far below the market, so that a buy rests."""
SOON = BreakerConfig(failures_max=3, wait_ms=200, probes=2)


class Desk(WholeDesk):
    """The paper venue and execution on it; `more` goes to its table."""

    def __init__(self, over="socket", **more):
        super().__init__(over)
        self.more = more

    async def __aenter__(self):
        self.server = PaperServer(build_paper("venue", config(0)).exchange, "127.0.0.1:0")
        await self.server.start()
        self.config = config(self.server.port, self.over)
        table = msgspec.structs.replace(self.config.agents["execution"], **self.more)
        self.config = msgspec.structs.replace(self.config, agents=self.config.agents | {"execution": table})
        self.execution = await self.run(build_execution("execution", self.config), ACCOUNT)
        return self

    async def __aexit__(self, *_):
        await self.execution.shell.stop()
        await self.server.stop()

    async def ready(self):
        await self.execution.until(lambda: self.figures.reconciled and self.figures.venue_clock != "not known")

    async def fault(self, **fault):
        async with aiohttp.ClientSession() as session:
            await session.post(f"{self.server.url}/paper/fault", data=json.dumps(fault))

    @property
    def figures(self):
        return self.execution.agent.figures()

    def submit(self, client_id, exec_inst=0):
        terms = approved(client_id, LOTS, PRICE, Side.BUY, TimeInForce.GTC)
        message = submission(msgspec.structs.replace(terms, exec_inst=int(exec_inst)))
        self.execution.tick()
        return self.execution.ask(self.execution.agent, message)

    async def told(self, client_id, status):
        await self.execution.until(lambda: self.statuses(client_id)[-1:] == [status])

    def changes(self, breaker):
        told = [m for m in self.execution.messages(AGENT_STREAM) if isinstance(m, BreakerChanged)]
        return [m.state for m in told if m.breaker == breaker]


def test_a_burst_beyond_the_venues_limit_is_never_refused_by_the_venue(monkeypatch):
    async def scenario():
        async with Desk() as desk:
            await desk.ready()
            taken = [f"T{n}" for n in range(150) if desk.submit(f"T{n}").accepted]
            assert 90 <= len(taken) <= 100, "a window of ten seconds may end in between"
            for client_id in taken:
                await desk.told(client_id, S.NEW)
            assert desk.execution.counters.get("venue_rate_limited", 0) == 0
            assert desk.submit("LATE").reason == Reason.VENUE_RATE_LIMIT
            assert desk.submit("CLOSE", ExecInst.REDUCE_ONLY) == Ack(True)
            await desk.told("CLOSE", S.NEW)
            desk.execution.ask(desk.execution.agent, CancelAll())
            for client_id in [*taken, "CLOSE"]:
                await desk.told(client_id, S.CANCELED)
            assert desk.execution.counters.get("venue_rate_limited", 0) == 0

    run(scenario, monkeypatch)


def test_a_ban_is_waited_out_in_silence(monkeypatch):
    async def scenario():
        async with Desk(breaker=SOON) as desk:
            await desk.ready()
            desk.submit("T1")
            await desk.told("T1", S.NEW)
            await desk.fault(fault="ban", retry_after=3)
            desk.submit("T2")
            await desk.told("T2", S.REJECTED)
            asked = desk.server.exchange.dialect.limiter.asked_while_banned
            assert desk.submit("T3").reason == Reason.VENUE_RATE_LIMIT
            desk.execution.ask(desk.execution.agent, CancelAll())
            assert "banned" in desk.figures.breakers["create"]
            assert "ban" in desk.figures.breakers
            assert desk.at_venue("T1") == "NEW"
            await desk.told("T1", S.CANCELED)
            assert desk.server.exchange.dialect.limiter.asked_while_banned == asked
            await desk.execution.until(lambda: desk.changes("create") == [1, 2, 0])
            assert desk.submit("T4") == Ack(True)

    run(scenario, monkeypatch)


def test_a_venue_that_fails_opens_the_breaker_and_one_that_is_back_closes_it(monkeypatch):
    async def scenario():
        async with Desk(breaker=SOON) as desk:
            await desk.ready()
            desk.submit("T1")
            await desk.told("T1", S.NEW)
            await desk.fault(fault="error_after", count=3)
            for client_id in ("F1", "F2", "F3"):
                desk.submit(client_id)
            await desk.execution.until(lambda: desk.changes("create") == [1])
            assert desk.submit("T2").reason == Reason.BREAKER_OPEN
            assert desk.submit("C1", ExecInst.CLOSE) == Ack(True)
            await desk.told("C1", S.NEW)
            for client_id in ("F1", "F2", "F3"):
                await desk.told(client_id, S.NEW)
            await desk.execution.until(lambda: desk.changes("create") == [1, 2, 0])
            assert desk.submit("T3") == Ack(True)

    run(scenario, monkeypatch)


def test_a_clock_that_is_off_is_corrected_where_requests_are_signed_and_opens_nothing_beyond_the_bound(monkeypatch):
    async def scenario():
        async with Desk() as desk:
            await desk.fault(fault="clock", ms=7_000)
            await desk.ready()
            ack = desk.submit("T1")
            assert ack.reason == Reason.VENUE_CLOCK
            assert ack.text.startswith("the venue's clock is +")
            assert desk.submit("C1", ExecInst.REDUCE_ONLY) == Ack(True)
            await desk.told("C1", S.NEW)

    run(scenario, monkeypatch)


def test_a_venue_clock_that_jumps_is_named_in_the_orders_text_and_followed(monkeypatch):
    async def scenario():
        async with Desk(clock_offset_max_ms=60_000) as desk:
            await desk.ready()
            await desk.fault(fault="clock", ms=7_000)
            desk.submit("T1")
            await desk.told("T1", S.REJECTED)
            last = desk.execution.messages()[-1]
            assert (last.reason, last.text.startswith("-1021 "), "the venue's clock: " in last.text) == (
                Reason.VENUE_CLOCK,
                True,
                True,
            )
            await desk.execution.until(lambda: desk.figures.venue_clock.startswith(("+6999.", "+7000.", "+7001.")))
            assert desk.submit("T2") == Ack(True)
            await desk.told("T2", S.NEW)

    run(scenario, monkeypatch)
