"""Whatever becomes of an order at the venue, execution ends with what the venue has, once: over websocket and REST.

What takes longer than a test may (an order that never arrived, processes killed at every stage) is in `tests/sim`.
"""

import pytest

from agents.paper.faults import Fault
from schemas.messages import Ack, CancelOrder, OrderFilled, OrderUpdated
from schemas.orders import ExecInst, OrderStatus, Reason, Side, TimeInForce
from tests.integration.test_venue_agents_paper import LOTS, OVER, run
from tests.integration.test_venue_limits import PRICE
from tests.integration.test_venue_limits import Desk as LimitsDesk
from tests.unit.agents.submissions import approved, submission

S = OrderStatus
TAKES = 40_000_000
"""400,000.00: far above the market, so that a buy trades at once."""
TOO_HIGH = 10**12


class Desk(LimitsDesk):
    """The paper venue and execution on it, which has its orders the way that is tested."""

    async def ready(self):
        await super().ready()
        way = "socket" if self.over == "socket" else "REST"
        await self.execution.until(lambda: self.figures.orders_over == way)

    def tell(self, **fault):
        self.server.exchange.faults.tell(Fault(**fault))

    def place(self, client_id, price=PRICE, lots=LOTS, time_in_force=TimeInForce.GTC):
        message = submission(approved(client_id, lots, price, Side.BUY, time_in_force))
        self.execution.tick()
        assert self.execution.ask(self.execution.agent, message) == Ack(True)

    def cancel(self, client_id):
        assert self.execution.ask(self.execution.agent, CancelOrder(client_id, int(Reason.NONE))) == Ack(True)

    async def ends(self, client_id, status):
        await self.execution.until(lambda: self.statuses(client_id)[-1:] == [status])

    def updates(self, client_id):
        messages = self.execution.messages()
        return [m for m in messages if isinstance(m, OrderUpdated) and m.client_order_id == client_id]

    def fills(self, client_id):
        messages = self.execution.messages()
        return [m for m in messages if isinstance(m, OrderFilled) and m.client_order_id == client_id]

    async def settled(self):
        """Return when two passes have agreed; then no order is doubtful, and the account is the venue's."""
        passes = self.figures.passes
        await self.execution.until(lambda: self.figures.passes >= passes + 2 and self.figures.reconciled)
        assert self.figures.orders.unknown == 0
        venue = self.server.exchange
        assert max(venue.trading.creates.values(), default=0) <= 1
        assert self.figures.orders.external == 0
        booked = sum(m.last_qty_lots for m in self.execution.messages() if isinstance(m, OrderFilled))
        assert booked == sum(order.cum_qty_lots for order in venue.trading.orders.values())


def conforms(case):
    """Have a case tried over both ways."""

    @OVER
    def test(monkeypatch, over):
        async def scenario():
            async with Desk(over) as desk:
                await desk.ready()
                await case(desk)
                await desk.settled()

        run(scenario, monkeypatch)

    return test


@conforms
async def test_an_order_rests_and_is_canceled(desk):
    desk.place("T1")
    await desk.ends("T1", S.NEW)
    desk.cancel("T1")
    await desk.ends("T1", S.CANCELED)
    assert desk.statuses("T1") == [S.SUBMITTED, S.NEW, S.PENDING_CANCEL, S.CANCELED]


@conforms
async def test_an_order_that_trades_in_parts_is_booked_once_each(desk):
    desk.place("T1", TAKES, 150 * LOTS, TimeInForce.IOC)
    await desk.execution.until(lambda: desk.statuses("T1") and desk.statuses("T1")[-1] in (S.FILLED, S.EXPIRED))
    fills = desk.fills("T1")
    assert len({m.trade_id for m in fills}) == len(fills) >= 1


@conforms
async def test_an_order_that_fails_a_filter_is_rejected_with_the_venues_words(desk):
    desk.place("T1", TOO_HIGH)
    await desk.ends("T1", S.REJECTED)
    assert desk.updates("T1")[-1].reason == Reason.VENUE_REJECTED
    assert "PRICE_FILTER" in desk.updates("T1")[-1].text


@conforms
async def test_an_order_that_cannot_be_paid_for_is_rejected_for_that(desk):
    desk.place("T1", PRICE, 10_000 * LOTS)
    await desk.ends("T1", S.REJECTED)
    assert desk.updates("T1")[-1].reason == Reason.INSUFFICIENT_BALANCE


@conforms
async def test_an_answer_that_is_lost_leaves_an_order_that_rests(desk):
    desk.tell(fault="drop_reply")
    desk.place("T1")
    await desk.ends("T1", S.NEW)
    assert desk.at_venue("T1") == "NEW"
    desk.cancel("T1")
    await desk.ends("T1", S.CANCELED)


@conforms
async def test_an_answer_that_is_lost_leaves_an_order_that_has_traded(desk):
    desk.tell(fault="drop_reply")
    desk.place("T1", TAKES, time_in_force=TimeInForce.IOC)
    await desk.ends("T1", S.FILLED)
    assert sum(m.last_qty_lots for m in desk.fills("T1")) == LOTS


@conforms
async def test_an_answer_that_says_nothing_of_the_order_has_it_looked_up(desk):
    desk.tell(fault="mute_user", count=5)
    desk.tell(fault="error_after", status=504)
    desk.place("T1")
    await desk.ends("T1", S.NEW)
    assert desk.statuses("T1") == [S.SUBMITTED, S.UNKNOWN, S.NEW]


@conforms
async def test_a_cancel_that_comes_too_late_ends_with_what_the_venue_has(desk):
    desk.place("T1")
    await desk.ends("T1", S.NEW)
    desk.tell(fault="mute_user", count=5)
    trading = desk.server.exchange.trading
    order = next(iter(trading.orders.values()))
    trading.cancel(order, "", desk.execution.wall_ns)
    desk.cancel("T1")
    await desk.ends("T1", S.CANCELED)


@conforms
async def test_connections_that_close_with_orders_in_flight_leave_each_order_once(desk):
    desk.tell(fault="delay", count=3, ms=700)
    for number in (1, 2, 3):
        desk.place(f"T{number}")
    await desk.execution.until(lambda: all(desk.at_venue(f"T{number}") for number in (1, 2, 3)))
    await desk.fault(fault="close_user")
    for number in (1, 2, 3):
        await desk.ends(f"T{number}", S.NEW)
    lost = desk.execution.counters.get("order_socket_lost", 0)
    assert lost == (1 if desk.over == "socket" else 0)


@conforms
async def test_orders_go_on_while_the_socket_comes_again(desk):
    await desk.fault(fault="close_user")
    await desk.execution.until(lambda: desk.execution.counters.get("reconciled_lost", 0) > 0)
    await desk.ready()
    desk.place("T1")
    await desk.ends("T1", S.NEW)
    assert desk.submit("T2", ExecInst.REDUCE_ONLY) == Ack(True)
    await desk.told("T2", S.NEW)


@pytest.mark.parametrize("count", [20])
@OVER
def test_many_orders_at_once_each_have_their_own_answer(monkeypatch, over, count):
    async def scenario():
        async with Desk(over) as desk:
            await desk.ready()
            for number in range(count):
                desk.place(f"T{number}", PRICE + number)
            for number in range(count):
                await desk.ends(f"T{number}", S.NEW)
                assert desk.updates(f"T{number}")[-1].venue_order_id
            await desk.settled()

    run(scenario, monkeypatch)
