"""What USDT-M has beside other venues, on its dialect: keys that run out, orders that only reduce, what REST tells."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from agents.instruments import InstrumentTable
from agents.venues.adapters import ADAPTERS
from agents.venues.binance import usdm
from agents.venues.binance.usdm_account import HEDGE_MODE
from agents.venues.http_ws import VenueShell
from agents.venues.identity import AccountIdentity
from agents.venues.order_socket import ORDERS
from agents.venues.reports import CallResult
from mesh.context import CallOutcome
from schemas.messages import Ack
from schemas.orders import ExecInst, Side, TimeInForce
from schemas.orders import OrderStatus as S
from tests.integration.conformance import ACCOUNT, ENVIRONMENT, PARTIES, Rig, run
from tests.integration.venue_shell_kit import Received
from tests.unit.agents.submissions import approved, submission

PARTY = PARTIES["binance-usdm"]
E8 = 10**8


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)


def test_a_key_that_runs_out_is_replaced_and_what_was_told_to_nobody_is_found() -> None:
    async def test() -> None:
        async with Rig(PARTY, "socket") as rig:
            await rig.ready()
            users = rig.exchange.dialect._users
            before = users.key.key
            users.key.expires_ns = 1
            users.key.expire(time.time_ns())
            rig.place_by_hand("hand", rig.taking())
            await rig.until(lambda: users.key.key not in ("", before))
            await rig.ends("hand", S.FILLED)
            await rig.until(lambda: rig.figures().reconciled)
            rig.submit("T1", rig.taking())
            await rig.ends("T1", S.FILLED)
            await rig.settled()

    run(test())


def closing(name: str, side: Side, price: int) -> Any:
    terms = approved(name, PARTY.lots, price, side, TimeInForce.IOC)
    return submission(msgspec.structs.replace(terms, exec_inst=int(ExecInst.REDUCE_ONLY)))


def test_an_order_that_only_reduces_is_refused_by_the_venue_if_there_is_nothing_to_reduce() -> None:
    async def test() -> None:
        async with Rig(PARTY, "socket") as rig:
            await rig.ready()
            agent = rig.execution.agent
            assert rig.execution.ask(agent, closing("R1", Side.BUY, rig.taking())) == Ack(True)
            await rig.ends("R1", S.REJECTED)
            rig.submit("T1", rig.taking())
            await rig.ends("T1", S.FILLED)
            assert rig.execution.ask(agent, closing("R2", Side.SELL, rig.best(Side.SELL) * 99 // 100)) == Ack(True)
            await rig.ends("R2", S.FILLED)
            order = rig.at_venue("R2")
            assert order is not None
            assert order.reduce_only
            await rig.settled()

    run(test())


def test_an_account_in_hedge_mode_takes_no_orders_and_says_why() -> None:
    async def test() -> None:
        async with Rig(PARTY) as rig:
            await rig.ready()
            await rig.execution.shell.stop()
            route = ("GET", "/fapi/v1/accountConfig")
            handler, weight = rig.exchange.dialect._private[route]
            hedging = (lambda call: handler(call) | {"dualSidePosition": True}, weight)
            rig.exchange.dialect._private[route] = hedging
            rig.execution = await rig.run_execution()
            await rig.until(lambda: rig.figures().passes > 2)
            assert not rig.figures().reconciled
            assert HEDGE_MODE in rig.figures().trouble

    run(test())


class Caller:
    """An account of its own, whose calls the test makes; answers come to whoever asks."""

    def __init__(self, rig: Rig, shell: VenueShell, received: Received) -> None:
        infos = list(InstrumentTable(rig.config).by_id.values())
        self.info = infos[0]
        self.account = usdm.account(rig.config.venues[0], infos)
        self.shell = shell
        self.received = received
        self.calls = 0

    async def ask(self, call: Any) -> Any:
        self.calls += 1
        self.shell.call(self.calls, call)
        reply = await self.received.reply(self.calls)  # type: ignore[no-untyped-call]
        assert (reply.outcome, reply.status) == (CallOutcome.ANSWERED, 200), reply.body
        return reply


@asynccontextmanager
async def caller(rig: Rig, over: str) -> AsyncIterator[Caller]:
    venue = rig.config.venues[0]
    signer = usdm.signer(venue, ACCOUNT)
    received = Received()  # type: ignore[no-untyped-call]
    shell = VenueShell(venue.name, signer, None, usdm.order_wire(venue, signer) if over == "socket" else None)
    await shell.start(received)
    found = Caller(rig, shell, received)
    if over == "socket":
        shell.open_socket(ORDERS, found.account.order_url)
        await received.until(lambda item: item == ("socket", ORDERS, True, ""))  # type: ignore[no-untyped-call]
    try:
        yield found
    finally:
        await shell.stop()


@pytest.mark.parametrize("over", ["socket", "rest"])
def test_an_order_is_amended_and_keeps_its_ids(over: str) -> None:
    async def test() -> None:
        async with Rig(PARTY) as rig, caller(rig, over) as desk:
            await rig.ready()
            account, info = desk.account, desk.info
            low = rig.resting()
            made = await desk.ask(account.create(info, "A1", Side.BUY, 10, low, TimeInForce.GTC))
            order = account.order_verdict(made).order
            assert order is not None
            call = account.amend(info, "A1", order.venue_order_id, Side.BUY, 7, low - 1)
            changed = account.order_verdict(await desk.ask(call))
            assert changed.result is CallResult.ACCEPTED
            assert changed.order is not None
            assert (changed.order.client_order_id, changed.order.venue_order_id) == ("A1", order.venue_order_id)
            assert (changed.order.qty_lots, changed.order.price_ticks) == (7, low - 1)
            at_venue = rig.at_venue("A1")
            assert at_venue is not None
            assert (at_venue.qty_lots, at_venue.price_ticks) == (7, low - 1)

    run(test())


def test_positions_margin_terms_funding_and_the_owner_are_read() -> None:
    async def test() -> None:
        async with Rig(PARTY) as rig, caller(rig, "rest") as desk:
            await rig.ready()
            rig.submit("T1", rig.taking())
            await rig.ends("T1", S.FILLED)
            account = desk.account
            (call,) = account.position_calls()
            ((position,), more) = account.position_page(await desk.ask(call))
            assert more is None
            assert (position.instrument_id, position.qty_lots) == (desk.info.id, PARTY.lots)
            bought = sum(fill.last_px_ticks * fill.last_qty_lots for fill in rig.fills()) * E8 // PARTY.lots // 10
            assert abs(position.entry_px_e8 - bought) <= 1
            assert position.mark_px_e8 > 0
            report = account.balance_report((await desk.ask(account.balances())).body)
            assert report.margin is not None
            assert report.margin.currency == "USDT"
            assert report.margin.initial_e8 > report.margin.maintenance_e8 > 0
            assert report.margin.available_e8 < report.balances_e8["USDT"] < 1_000_000 * E8
            (call,) = account.terms_calls()
            (terms,) = account.terms(await desk.ask(call))
            assert (terms.isolated, terms.leverage_e8 > 0) == (False, True)
            (call,) = account.funding_calls(0, time.time_ns())
            assert account.funding_page(await desk.ask(call)) == ([], None)
            (call,) = account.setup_calls()
            account.learn(await desk.ask(call))
            assert account.venue_time_ns((await desk.ask(account.time_call())).body) > 0
            assert (account.unfit(), account.mode()) == ("", "one-way, single-asset")
            reader = ADAPTERS["binance_usdm"].identity
            assert reader is not None
            owner = reader.read((await desk.ask(reader.call())).body)
            assert owner == AccountIdentity(owner.account)
            assert owner.account

    run(test())
