"""Working orders: how long an order that ended, and a fill, are remembered, and sums that 64 bits do not hold."""

from agents.instruments import InstrumentTable
from agents.state.account import Account
from agents.state.working_orders import FILLS_MAX, WorkingOrders
from schemas.messages import Approved
from schemas.orders import OrderStatus, Side
from tests.unit.agents.trading_desk import BTC, config, filled, initialized, updated

ENDED_MAX = 10_000


def end(orders, order_id):
    orders.apply(initialized(order_id), 0)
    orders.apply(updated(order_id, OrderStatus.CANCELED), 0)


def test_the_order_that_ended_first_is_forgotten_first_and_late_evidence_makes_it_young_again():
    orders = WorkingOrders()
    for number in range(ENDED_MAX):
        end(orders, f"o{number}")
    orders.apply(updated("o0", OrderStatus.NEW), 0)
    assert [order.client_order_id for order in orders.all_binding()] == ["o0"]
    end(orders, "more")
    assert orders.get("o1") is not None  # so many that ended, without the one that is live again
    orders.apply(updated("o0", OrderStatus.CANCELED), 0)
    assert [orders.get(f"o{n}") is None for n in (0, 1, 2)] == [False, True, False]
    end(orders, "one")
    end(orders, "two")
    assert [orders.get(f"o{n}") is None for n in (0, 2, 3, 4)] == [False, True, True, False]
    orders.apply(updated("o3", OrderStatus.NEW), 0)
    assert not orders.all_binding()


def test_an_order_in_the_middle_comes_back_and_its_neighbours_stay():
    orders = WorkingOrders()
    for order_id in "abcd":
        end(orders, order_id)
    for order_id in "bdac":
        orders.apply(updated(order_id, OrderStatus.NEW), 0)
    assert [order.client_order_id for order in orders.all_binding()] == list("bdac")
    assert orders.leaves_qty_lots(BTC, Side.BUY) == 40_000


def test_a_fill_counts_once_until_it_is_forgotten():
    orders = WorkingOrders()
    assert orders.apply(filled("a", 1, 2), 0) is not None
    for trade_id in range(2, FILLS_MAX + 1):
        orders.apply(filled("a", trade_id, 2), 0)
    assert orders.apply(filled("a", 1, 2), 0) is None
    orders.apply(filled("a", FILLS_MAX + 1, 2), 0)
    assert orders.apply(filled("a", 2, 2), 0) is None
    assert orders.apply(filled("a", 1, 2), 0) is not None


def test_sums_beyond_64_bits_are_exact_and_reach_as_far():
    account = Account(InstrumentTable(config()))
    for number in range(5):
        account.orders.reserve(Approved(1, f"a{number}", "test", BTC, 1, 2**62, 5, 1), 0)
    account.orders.reserve(Approved(1, "b", "test", BTC, -1, 2**62, 5, 1), 0)
    assert account.orders.leaves_qty_lots(BTC, Side.BUY) == 5 * 2**62
    reach = account.reach(BTC)
    assert (reach.buys_e8, reach.sells_e8) == (5 * 2**62 * 1000, 2**62 * 1000)
    assert (reach.net_qty_e8, reach.long_e8, reach.short_e8) == (0, reach.buys_e8, -reach.sells_e8)
    account.orders.release("a0")
    assert account.orders.leaves_qty_lots(BTC, Side.BUY) == 4 * 2**62
