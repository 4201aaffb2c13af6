"""Amends, on every venue's dialect: the venue's order goes on as the new one, or is canceled; each trade is booked once."""

import os

import pytest

from schemas.messages import Ack
from schemas.orders import OrderStatus as S
from tests.integration.conformance import ENVIRONMENT, PARTIES, Party, Rig, run

LONG = bool(os.environ.get("TICKMESH_LONG"))
SHORT = {("binance", "socket"), ("binance-usdm", "rest"), ("okx-swap", "socket")}
"""What `make test` puts through this; `make conformance` has the rest."""
ENDED = (S.FILLED, S.CANCELED, S.REJECTED)
AMENDS = {"binance_spot": "PUT /api/v3/order/amend/keepPriority", "binance_usdm": "PUT /fapi/v1/order"}
AMENDS |= {"bybit": "POST /v5/order/amend", "okx": "POST /api/v5/trade/amend-order"}

pytestmark = pytest.mark.parametrize(
    ("party", "over"),
    [
        pytest.param(party, over, id=f"{name}-{over}")
        for name, party in PARTIES.items()
        for over in ("socket", "rest")
        if LONG or (name, over) in SHORT
    ],
)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


async def resting(rig: Rig) -> None:
    """Have an order rest at the venue, which can find it by now."""
    await rig.ready()
    rig.submit("T1", rig.resting())
    await rig.ends("T1", S.NEW)
    await rig.settled()


def only_reduces(rig: Rig) -> bool:
    return rig.party.kind == "binance_spot"


def half(rig: Rig) -> int:
    return rig.party.lots // 2


def test_a_smaller_order_is_the_same_at_the_venue(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await resting(rig)
            order = rig.at_venue("T1")
            assert order is not None
            assert rig.replace("T1", "T2", order.price_ticks, half(rig)) == Ack(True)
            await rig.ends("T2", S.NEW)
            assert rig.statuses("T1")[-1] == S.CANCELED
            assert (order.open, order.leaves_qty_lots, len(rig.exchange.trading.orders)) == (True, half(rig), 1)
            assert len(rig.amends()) == 1
            await rig.settled()
            rig.cancel("T2")
            await rig.ends("T2", S.CANCELED)
            await rig.settled()

    run(test())


def test_another_price_is_amended_where_the_venue_can(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await resting(rig)
            order = rig.at_venue("T1")
            assert order is not None
            rig.replace("T1", "T2", order.price_ticks - 10, half(rig))
            await rig.ends("T2", S.NEW)
            assert rig.statuses("T1")[-1] == S.CANCELED
            assert order.open is not only_reduces(rig)
            assert len(rig.exchange.trading.orders) == 1 + only_reduces(rig)
            rig.replace("T2", "T3", order.price_ticks - 20, rig.party.lots // 5)
            await rig.ends("T3", S.NEW)
            await rig.settled()

    run(test())


def test_a_price_that_takes_is_filled_and_booked_once(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await resting(rig)
            rig.replace("T1", "T2", rig.taking(), half(rig))
            await rig.ends("T2", *ENDED)
            await rig.ends("T1", *ENDED)
            assert sum(fill.last_qty_lots for fill in rig.fills()) == half(rig)
            await rig.settled()

    run(test())


def test_an_amend_comes_too_late(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await resting(rig)
            order = rig.at_venue("T1")
            assert order is not None
            price = order.price_ticks
            rig.fault("mute_user", count=1_000)
            rig.exchange.trading.amend(order, rig.taking(), order.qty_lots, rig.execution.wall_ns)
            rig.replace("T1", "T2", price, half(rig))
            await rig.ends("T2", S.REJECTED)
            await rig.ends("T1", S.FILLED)
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_an_order_trades_before_it_is_amended(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await resting(rig)
            order = rig.at_venue("T1")
            assert order is not None
            price, lots = order.price_ticks, rig.party.lots // 5
            rig.fault("mute_user", count=1_000)
            rig.trade_by_hand(order, lots)
            rig.replace("T1", "T2", price, half(rig))
            await rig.ends("T2", S.REJECTED)
            await rig.ends("T1", S.CANCELED)
            assert [fill.last_qty_lots for fill in rig.fills()] == [lots]
            rig.fault("clear")
            await rig.settled()

    run(test())


@pytest.mark.parametrize("fault", ["drop_reply", "error_before", "error_after"])
def test_an_answer_to_an_amend_is_lost(party: Party, over: str, fault: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await resting(rig)
            order = rig.at_venue("T1")
            assert order is not None
            rig.fault("mute_user", count=1_000)
            rig.fault(fault, endpoint=AMENDS[party.kind])
            rig.replace("T1", "T2", order.price_ticks, half(rig))
            await rig.until(lambda: rig.statuses("T1")[-1] in ENDED)
            await rig.ends("T2", S.NEW, S.REJECTED)
            # Over HTTP an amend may be sent again, and is refused then: the order is canceled, and made anew.
            there = rig.exchange.trading.open_orders(None, 1 << 62)
            assert len(there) == (rig.statuses("T2")[-1] == S.NEW)
            rig.fault("clear")
            await rig.settled()

    run(test())


def test_a_second_life_ends_what_was_being_amended(party: Party, over: str) -> None:
    async def test() -> None:
        async with Rig(party, over) as rig:
            await resting(rig)
            order = rig.at_venue("T1")
            assert order is not None
            rig.replace("T1", "T2", order.price_ticks, half(rig))
            log = list(rig.execution.published)
            await rig.until(lambda: order.qty_lots == half(rig))
            await rig.execution.shell.stop()
            rig.execution = await rig.run_execution(log)
            await rig.ends("T1", S.CANCELED)
            await rig.ends("T2", S.REJECTED)
            assert not order.open

    run(test())
