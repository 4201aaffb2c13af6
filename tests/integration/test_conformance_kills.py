"""Execution's process killed (SIGKILL) at each stage of an order, on every venue's dialect, and started again on its log.

Whatever the stage: positions are the account's, each execution is told once, no order is made twice, and nothing stays
unknown. Where the stage is seen from outside it is the venue's own books and the agent's log that say so, while the venue
holds its answer back; where nothing is seen, the process dies of the call itself.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from agents.paper.orders import VenueOrder
from agents.venues.adapters import ADAPTERS
from schemas.messages import Ack, Approved, CancelOrder
from schemas.orders import OrderStatus as S
from schemas.orders import Reason, Side
from tests.integration.conformance import ENVIRONMENT, PARTIES, Party, run
from tests.integration.conformance_process import ProcessRig
from tests.unit.agents.submissions import approved

Stage = Callable[[ProcessRig], Awaitable[None]]

LONG = bool(os.environ.get("TICKMESH_LONG"))
HELD_MS = 20_000
"""How long the venue holds its answers back: longer than it takes to see what it did, and to kill."""
CORR = 61


def decision(rig: ProcessRig, name: str, price: int, lots: int = 0) -> Approved:
    """Return risk's approval of a buy."""
    return approved(name, lots or rig.party.lots, price)


def hold_back(rig: ProcessRig) -> None:
    """Have the venue answer nothing for now, and tell nothing on the private stream."""
    rig.fault("mute_user", count=1_000)
    rig.fault("delay", ms=HELD_MS, count=1_000)


async def a_create_that_has_not_left(rig: ProcessRig) -> None:
    await rig.run_deadly("create")
    taken_on = decision(rig, "T1", rig.taking())
    rig.execution.tell(rig.order(taken_on))
    await rig.execution.ended()
    assert rig.status_at_venue("T1") == ""
    assert rig.statuses("T1") in ([], [S.SUBMITTED])
    await rig.restart()
    await rig.ends("T1", S.REJECTED)
    assert rig.statuses("T1").count(S.REJECTED) == 1
    resubmit(rig, taken_on)


async def a_create_that_is_not_answered(rig: ProcessRig) -> None:
    taking, resting = decision(rig, "T1", rig.taking()), decision(rig, "T2", rig.resting())
    hold_back(rig)
    rig.have(taking)
    rig.have(resting)
    await rig.until(lambda: rig.status_at_venue("T1") == "FILLED" and rig.status_at_venue("T2") == "NEW")
    assert rig.statuses("T1")[-1:] == rig.statuses("T2")[-1:] == [S.SUBMITTED]
    await rig.kill_and_restart()
    await rig.ends("T1", S.FILLED)
    await rig.ends("T2", S.NEW)
    resubmit(rig, taking, resting)


async def an_order_that_rests(rig: ProcessRig) -> None:
    taken_on = decision(rig, "T1", rig.resting())
    rig.have(taken_on)
    await rig.ends("T1", S.NEW)
    await rig.execution.stop()
    assert take_at_venue(rig, "T1", rig.taking()).status == "FILLED"
    await rig.restart()
    await rig.ends("T1", S.FILLED)
    resubmit(rig, taken_on)


async def an_order_that_fills_in_parts(rig: ProcessRig) -> None:
    taken_on = decision(rig, "T1", rig.best(Side.SELL), 1_000 * rig.party.lots)
    rig.have(taken_on)
    await rig.ends("T1", S.PARTIALLY_FILLED)
    hold_back(rig)
    told = sum(fill.last_qty_lots for fill in rig.fills())
    unheard = take_at_venue(rig, "T1", rig.best(Side.BUY))
    assert unheard.cum_qty_lots > told, "there is a part that nobody has heard of"
    await rig.execution.stop()
    rig.fault("clear")
    order = take_at_venue(rig, "T1", rig.best(Side.BUY))
    assert order.status == "PARTIALLY_FILLED"
    await rig.restart()
    await rig.until(lambda: sum(fill.last_qty_lots for fill in rig.fills()) == order.cum_qty_lots)
    resubmit(rig, taken_on)
    rig.execution.ask(None, CancelOrder("T1", CORR))
    # The market may have come to it meanwhile.
    await rig.ends("T1", S.CANCELED, S.FILLED)


async def a_cancel_that_has_not_left(rig: ProcessRig) -> None:
    await rig.run_deadly("cancel")
    taken_on = decision(rig, "T1", rig.resting())
    rig.have(taken_on)
    await rig.ends("T1", S.NEW)
    rig.execution.tell(CancelOrder("T1", CORR))
    await rig.execution.ended()
    assert rig.status_at_venue("T1") == "NEW"
    assert rig.statuses("T1")[-1] == S.PENDING_CANCEL
    await rig.restart()
    await rig.ends("T1", S.CANCELED)
    resubmit(rig, taken_on)


async def a_cancel_that_is_not_answered(rig: ProcessRig) -> None:
    taken_on = decision(rig, "T1", rig.resting())
    rig.have(taken_on)
    await rig.ends("T1", S.NEW)
    hold_back(rig)
    assert rig.execution.ask(None, CancelOrder("T1", CORR)) == Ack(True)
    await rig.until(lambda: rig.status_at_venue("T1") == "CANCELED")
    assert rig.statuses("T1")[-1] == S.PENDING_CANCEL
    await rig.kill_and_restart()
    await rig.ends("T1", S.CANCELED)
    resubmit(rig, taken_on)


async def a_replacement_whose_cancel_is_not_answered(rig: ProcessRig) -> None:
    old = decision(rig, "T1", rig.resting())
    rig.have(old)
    await rig.ends("T1", S.NEW)
    new = msgspec.structs.replace(decision(rig, "T2", rig.resting() + 1), replaces="T1")
    hold_back(rig)
    rig.execution.tell(rig.order(new))
    await rig.until(lambda: rig.status_at_venue("T1") == "CANCELED")
    assert rig.statuses("T1")[-1] == S.PENDING_CANCEL
    await rig.kill_and_restart()
    await rig.ends("T1", S.CANCELED)
    assert rig.status_at_venue("T2") == ""
    resubmit(rig, old)
    refused = rig.execution.ask(None, rig.order(new))
    assert isinstance(refused, Ack)
    assert (refused.accepted, refused.reason) == (False, Reason.ALREADY_TERMINAL), "what it was to replace has ended"


async def an_amend_that_has_not_left(rig: ProcessRig) -> None:
    await rig.run_deadly("amend")
    old, new, order = await rests_to_be_amended(rig)
    rig.execution.tell(rig.order(new))
    await rig.execution.ended()
    assert (order.status, order.qty_lots) == ("NEW", rig.party.lots)
    await rig.restart()
    await ends_as_two(rig, order)
    resubmit(rig, old, new)


async def an_amend_that_is_not_answered(rig: ProcessRig) -> None:
    old, new, order = await rests_to_be_amended(rig)
    hold_back(rig)
    rig.execution.tell(rig.order(new))
    await rig.until(lambda: order.qty_lots == new.qty_lots)
    assert rig.statuses("T1")[-1] == S.NEW
    await rig.kill_and_restart()
    await ends_as_two(rig, order)
    resubmit(rig, old, new)


async def rests_to_be_amended(rig: ProcessRig) -> tuple[Approved, Approved, VenueOrder]:
    """Have an order rest at the venue; return it, a smaller one to be in its place, and what the venue has of it."""
    old = decision(rig, "T1", rig.resting())
    rig.have(old)
    await rig.ends("T1", S.NEW)
    await rig.settled()
    order = rig.at_venue("T1")
    assert order is not None
    new = decision(rig, "T2", order.price_ticks, rig.party.lots // 2)
    return old, msgspec.structs.replace(new, replaces="T1"), order


async def ends_as_two(rig: ProcessRig, order: VenueOrder) -> None:
    """Wait until the venue's order is canceled, amended or not: it is one and the same, and the second never was."""
    await rig.ends("T1", S.CANCELED)
    await rig.ends("T2", S.REJECTED)
    assert (order.open, len(rig.exchange.trading.orders)) == (False, 1)


def take_at_venue(rig: ProcessRig, name: str, price: int) -> VenueOrder:
    """Have an order take what there is up to a price, as if the market had come to it; return it."""
    order = rig.at_venue(name)
    assert order is not None
    rig.exchange.trading.amend(order, price, order.qty_lots, time.time_ns())
    return order


def resubmit(rig: ProcessRig, *decisions: Approved) -> None:
    """Have risk submit its decisions again, as if no answer had come: each was acted on."""
    for each in decisions:
        rig.have(each)


STAGES: tuple[Stage, ...] = (
    a_create_that_has_not_left,
    a_create_that_is_not_answered,
    an_order_that_rests,
    an_order_that_fills_in_parts,
    a_cancel_that_has_not_left,
    a_cancel_that_is_not_answered,
    a_replacement_whose_cancel_is_not_answered,
    an_amend_that_has_not_left,
    an_amend_that_is_not_answered,
)
SHORT = {
    ("binance", "socket", a_create_that_is_not_answered),
    ("okx-swap", "socket", an_order_that_fills_in_parts),
}
"""What `make test` kills; `make conformance` has the rest."""


@pytest.mark.parametrize(
    ("party", "over", "stage"),
    [
        pytest.param(party, over, stage, id=f"{name}-{over}-{stage.__name__}")
        for name, party in PARTIES.items()
        for over in ("socket", "rest")
        for stage in STAGES
        if (LONG or (name, over, stage) in SHORT) and (over == "rest" or ADAPTERS[party.kind].order_wire is not None)
    ],
)
def test_a_killed_execution_finds_its_account_as_it_is(
    party: Party, over: str, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)

    async def test() -> None:
        async with ProcessRig(party, over, tmp_path) as rig:
            await rig.ready()
            await stage(rig)
            await rig.settled()
            rig.have(decision(rig, "T9", rig.taking()))
            await rig.ends("T9", S.FILLED)
            await rig.settled()
            await positions_agree(rig)

    run(test())


async def positions_agree(rig: ProcessRig) -> None:
    """Wait until what the agent says is held is what the account holds, and that is what the executions make."""
    bought = sum(fill.last_qty_lots for fill in rig.fills())
    if rig.party.category == "linear":
        assert rig.held() == bought
        return
    held_e8 = rig.exchange.account.balance("BTC")
    async with asyncio.timeout(20):
        while rig.figures().balances.get("BTC") != held_e8.free_e8 + held_e8.locked_e8:
            await asyncio.sleep(0.05)
