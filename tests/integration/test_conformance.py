"""Every venue's order entry, put through the same: what execution says became of an order is what became of it there.

After each case both sides have the same orders and executions, each once, and nothing is unknown.
"""

import os

import pytest

from agents.venues.adapters import ADAPTERS
from schemas.orders import OrderStatus as S
from schemas.orders import Side, TimeInForce
from tests.integration.conformance import ENVIRONMENT, PARTIES, Party, Rig, run

LONG = bool(os.environ.get("TICKMESH_LONG"))
SHORT = {("binance", "socket"), ("binance", "rest"), ("bybit-linear", "socket"), ("okx-swap", "socket")}
"""What `make test` puts through everything; `make conformance` has the rest."""

CASES = [
    pytest.param(party, over, id=f"{name}-{over}")
    for name, party in PARTIES.items()
    for over in ("socket", "rest")
    if (LONG or (name, over) in SHORT) and (over == "rest" or ADAPTERS[party.kind].order_wire is not None)
]
pytestmark = pytest.mark.parametrize(("party", "over"), CASES)
CREATED = (S.NEW, S.PARTIALLY_FILLED)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_an_order_rests_and_is_canceled(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting())
            await rig.ends("T1", S.NEW)
            assert rig.status_at_venue("T1") == "NEW"
            rig.cancel("T1")
            await rig.ends("T1", S.CANCELED)
            told = rig.statuses("T1")
            # Bybit may not find an order that it took on just now: then it is looked up, and canceled again.
            assert told[:3] + told[-2:] == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.PENDING_CANCEL, S.CANCELED]
            assert set(told[3:-2]) <= {S.NEW, S.PENDING_CANCEL}
            assert rig.status_at_venue("T1") == "CANCELED"
            await rig.settled()

    run(test())


@pytest.mark.parametrize("terms", [TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC])
def test_an_order_takes_and_is_filled(party: Party, over: str, terms: TimeInForce) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.taking(), terms)
            await rig.ends("T1", S.FILLED)
            assert sum(fill.last_qty_lots for fill in rig.fills()) == party.lots
            assert all(fill.commission_e8 > 0 for fill in rig.fills())
            await rig.settled()

    run(test())


def test_an_order_fills_in_parts_and_the_rest_is_canceled(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.best(Side.SELL), lots=party.lots * 1_000)
            await rig.ends("T1", S.PARTIALLY_FILLED, S.FILLED)
            assert rig.statuses("T1")[-1] == S.PARTIALLY_FILLED
            rig.cancel("T1")
            await rig.ends("T1", S.CANCELED)
            order = rig.at_venue("T1")
            assert order is not None
            assert 0 < sum(fill.last_qty_lots for fill in rig.fills()) == order.cum_qty_lots
            await rig.settled()

    run(test())


def test_terms_that_cannot_be_met_end_an_order(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting(), TimeInForce.IOC)
            rig.submit("T2", rig.resting(), TimeInForce.FOK)
            rig.submit("T3", rig.taking(), TimeInForce.GTX)
            await rig.ends("T1", S.CANCELED, S.EXPIRED)
            # Most venues take such an order and end it; some refuse it.
            await rig.ends("T2", S.REJECTED, S.CANCELED, S.EXPIRED)
            await rig.ends("T3", S.REJECTED, S.CANCELED, S.EXPIRED)
            assert rig.fills() == []
            await rig.settled()

    run(test())


def test_a_cancel_comes_too_late(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting())
            await rig.ends("T1", S.NEW)
            order = rig.at_venue("T1")
            assert order is not None
            rig.fault("mute_user", count=1_000)
            rig.exchange.trading.amend(order, rig.taking(), order.qty_lots, rig.execution.wall_ns)
            assert order.status == "FILLED"
            rig.cancel("T1")
            await rig.ends("T1", S.FILLED)
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_what_the_venue_refuses_is_rejected(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting(), lots=10_000_000)
            await rig.ends("T1", S.REJECTED)
            assert rig.status_at_venue("T1") == ""
            await rig.settled()

    run(test())


def test_an_id_that_the_venue_knows_makes_no_second_order(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.fault("mute_user", count=1_000)
            placed = rig.place_by_hand("T1", rig.resting())
            rig.submit("T1", rig.resting())
            await rig.ends("T1", S.NEW, S.REJECTED)
            rig.fault("clear")
            assert placed.open
            assert len(rig.exchange.trading.orders) == 1
            await rig.settled()

    run(test())


@pytest.mark.parametrize("way", ["live", "filled", "absent"])
def test_an_answer_is_lost(party: Party, over: str, way: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.fault("mute_user", count=1_000)
            if way == "absent":
                rig.fault("error_before", status=503)
            else:
                rig.fault("drop_reply")
            rig.submit("T1", rig.taking() if way == "filled" else rig.resting())
            wanted = {"live": S.NEW, "filled": S.FILLED, "absent": S.REJECTED}[way]
            await rig.ends("T1", wanted)
            assert S.UNKNOWN in rig.statuses("T1")
            assert rig.status_at_venue("T1") == {"live": "NEW", "filled": "FILLED", "absent": ""}[way]
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_a_venue_that_breaks_down_after_carrying_out(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.fault("mute_user", count=1_000)
            rig.fault("error_after", status=503)
            rig.submit("T1", rig.taking())
            await rig.ends("T1", S.FILLED)
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_an_order_that_cannot_be_found_for_a_while_is_found(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.fault("mute_user", count=1_000)
            rig.fault("hide", seconds=1.0)
            rig.fault("drop_reply")
            rig.submit("T1", rig.resting())
            await rig.ends("T1", S.NEW)
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_changes_that_come_twice_count_once(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.fault("repeat_user", count=1_000)
            rig.submit("T1", rig.taking())
            await rig.ends("T1", S.FILLED)
            rig.submit("T2", rig.resting())
            await rig.ends("T2", S.NEW)
            rig.cancel("T2")
            await rig.ends("T2", S.CANCELED)
            assert [state for state in rig.statuses("T2") if state == S.CANCELED] == [S.CANCELED]
            await rig.settled()

    run(test())


def test_changes_that_come_before_the_answer(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.fault("early_user", count=1_000)
            rig.fault("delay", ms=200, count=1_000)
            rig.submit("T1", rig.taking())
            rig.submit("T2", rig.resting())
            await rig.ends("T1", S.FILLED)
            await rig.ends("T2", S.NEW)
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_the_connection_ends_with_orders_open(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting())
            rig.submit("T2", rig.resting() + 1)
            await rig.ends("T1", S.NEW)
            await rig.ends("T2", S.NEW)
            filled, canceled = rig.at_venue("T1"), rig.at_venue("T2")
            assert filled is not None
            assert canceled is not None
            rig.fault("close_user")
            rig.exchange.trading.amend(filled, rig.taking(), filled.qty_lots, rig.execution.wall_ns)
            rig.exchange.trading.cancel(canceled, "", rig.execution.wall_ns)
            await rig.ends("T1", S.FILLED)
            await rig.ends("T2", S.CANCELED)
            await rig.settled()
            rig.submit("T3", rig.taking())
            await rig.ends("T3", S.FILLED)

    run(test())


def test_the_connection_ends_with_creates_on_their_way(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.fault("delay", ms=300, count=3)
            names = ("T1", "T2", "T3")
            for name in names:
                rig.submit(name, rig.resting())
            await rig.until(lambda: all(rig.status_at_venue(name) for name in names))
            rig.fault("close_user")
            for name in names:
                await rig.ends(name, S.NEW)
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_a_second_life_takes_up_the_orders_of_the_first(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await rig.ready()
            rig.submit("T1", rig.resting())
            await rig.ends("T1", S.NEW)
            rig.submit("T2", rig.resting())
            rig.submit("T3", rig.taking(), TimeInForce.IOC)
            log = list(rig.execution.published)
            await rig.until(lambda: rig.status_at_venue("T2") == "NEW" and rig.status_at_venue("T3") == "FILLED")
            await rig.execution.shell.stop()
            rig.execution = await rig.run_execution(log)
            await rig.ends("T2", S.NEW)
            await rig.ends("T3", S.FILLED)
            assert all(call.method == "GET" for call in rig.execution.calls.values())
            assert {order.client_order_id for order in rig.figures().open} == {"T1", "T2"}

    run(test())
