"""Contracts at every venue that trades them: what execution says of positions, funding and leverage is what is so there.

Each case is put through every party of the conformance suite whose instrument is a contract.
"""

import json
import os
import time

import pytest

from schemas.messages import AccountMargin, FundingSettled, OrderFilled, TradingState
from schemas.orders import OrderStatus as S
from schemas.orders import Reason, Side, TimeInForce, TradingMode
from tests.integration.conformance import ENVIRONMENT, PARTIES, Party, Rig, run
from tests.unit.agents.submissions import approved, submission

LONG = bool(os.environ.get("TICKMESH_LONG"))
SHORT = {"bybit-linear"}
"""What `make test` puts through everything; `make conformance` has the rest."""
pytestmark = pytest.mark.parametrize(
    "party",
    [
        pytest.param(party, id=name)
        for name, party in PARTIES.items()
        if party.category == "linear" and (LONG or name in SHORT)
    ],
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


async def buys(rig: Rig) -> None:
    """Have the agent buy, and wait until that is filled."""
    await rig.ready()
    rig.submit("T1", rig.taking())
    await rig.ends("T1", S.FILLED)


def positions(rig: Rig) -> list[int]:
    """Return the positions that were told last, in lots."""
    told = rig.told(AccountMargin)
    return [each.qty_lots for each in told[-1].positions] if told else []


async def another_pass(rig: Rig) -> None:
    """Wait until the account was compared whole once more."""
    passes = rig.figures().passes
    await rig.until(lambda: rig.figures().passes > passes + 12)


def test_a_position_is_told_as_it_is_and_equals_the_fills(party: Party) -> None:
    async def test() -> None:
        async with Rig(party) as rig:
            await buys(rig)
            assert rig.held() == party.lots
            await rig.until(lambda: positions(rig) == [party.lots])
            await another_pass(rig)
            told = rig.told(AccountMargin)[-1]
            (position,) = told.positions
            assert position.entry_px_e8 > 0
            assert position.mark_px_e8 > position.liquidation_px_e8
            assert (told.leverages_e8[1], told.equity_e8 > told.maintenance_e8 > 0) == (10 * 10**8, True)
            assert (rig.figures().contracts.faults, rig.figures().trading, rig.figures().trouble) == ({}, [], "")
            await rig.settled()

    run(test())


def test_a_position_from_before_is_what_the_account_opens_with(party: Party) -> None:
    async def test() -> None:
        async with Rig(party) as rig:
            await buys(rig)
            await rig.execution.shell.stop()
            rig.execution = await rig.run_execution()
            await rig.ready()
            fills = rig.told(OrderFilled)
            assert (sum(fill.side * fill.last_qty_lots for fill in fills), fills[0].strategy) == (party.lots, "")
            await another_pass(rig)
            assert (rig.figures().trading, len(rig.told(OrderFilled))) == ([], len(fills))

    run(test())


def test_funding_is_booked_once_over_a_restart(party: Party) -> None:
    async def test() -> None:
        async with Rig(party) as rig:
            await buys(rig)
            pay(rig)
            await rig.until(lambda: rig.told(FundingSettled))
            await rig.until(lambda: rig.figures().amounts["USDT"] != "1000000")
            log = list(rig.execution.published)
            await rig.execution.shell.stop()
            pay(rig)
            rig.execution = await rig.run_execution(log)
            await rig.ready()
            await rig.until(lambda: rig.told(FundingSettled))
            await another_pass(rig)
            told = [item.message for item in log if isinstance(item.message, FundingSettled)]
            told += rig.told(FundingSettled)
            assert len({each.funding_id for each in told}) == len(told) == 2
            assert all(each.amount.startswith("-") and each.asset == "USDT" for each in told)
            paid = [each.amount_e8 for each in rig.exchange.trading.ledger.fundings]
            assert [round(float(each.amount) * 10**8) for each in told] == paid

    run(test())


def pay(rig: Rig) -> None:
    """Have the venue settle funding now."""
    body = json.dumps({"symbol": rig.party.symbol, "rate": "0.001"}).encode()
    assert rig.exchange.http("POST", "/paper/funding", "", {}, body, time.time_ns()).status == 200


def test_leverage_above_what_is_declared_opens_nothing(party: Party) -> None:
    async def test() -> None:
        async with Rig(party._replace(leverage_max="5")) as rig:
            await rig.until(lambda: rig.figures().reconciled)
            await rig.until(lambda: rig.best(Side.BUY))
            order = approved("T1", party.lots, rig.taking(), Side.BUY, TimeInForce.GTC)
            answer = rig.execution.ask(rig.execution.agent, submission(order))
            assert (answer.accepted, answer.reason) == (False, Reason.TRADING_REDUCING)
            assert "leverage 10x at the venue (leverage_max: 5x)" in answer.text
            (told,) = rig.told(TradingState)
            assert (told.mode, told.reason) == (TradingMode.REDUCING, Reason.INSTRUMENT_NOT_USABLE)

    run(test())


def test_a_liquidation_is_told_and_leaves_both_sides_equal(party: Party) -> None:
    async def test() -> None:
        async with Rig(party) as rig:
            await buys(rig)
            total_e8 = rig.exchange.account.balance("USDT").total_e8
            rig.exchange.account.transfer("USDT", -total_e8)
            await rig.until(lambda: not rig.held())
            await rig.until(lambda: sum(fill.side * fill.last_qty_lots for fill in rig.fills()) == 0)
            assert "liquidation by the venue" in rig.figures().contracts.forced[0]
            assert {fill.strategy for fill in rig.fills()} == {"maker", ""}
            await rig.until(lambda: positions(rig) == [])

    run(test())
