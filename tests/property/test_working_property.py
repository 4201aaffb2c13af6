"""Sums over working orders against a recount of every order after every event."""

from hypothesis import given
from hypothesis import strategies as st

from agents.state.working_orders import WorkingOrders
from schemas.messages import Approved
from schemas.orders import OPEN, OrderStatus, Side
from tests.unit.agents.trading_desk import BTC, ETH, filled, initialized, updated

IDS = ["a", "b", "c", "d"]
SIDES = dict(zip(IDS, [Side.BUY, Side.SELL, Side.BUY, Side.SELL], strict=True))
PLACES = dict(zip(IDS, [BTC, BTC, ETH, ETH], strict=True))

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "release", "doubt", "initialized", "updated", "filled"]),
        st.sampled_from(IDS),
        st.sampled_from(list(OrderStatus)),
        st.integers(0, 12),
        st.integers(1, 6),
    ),
    max_size=60,
)


def apply(orders, known, event):
    """Apply one event to the orders and, as plain facts, to `known`."""
    what, key, status, cum, trade_id = event
    shape = {"side": SIDES[key], "instrument": PLACES[key]}
    order = known.get(key)
    if what == "reserve" and order is None:
        orders.reserve(Approved(1, key, "test", PLACES[key], int(SIDES[key]), 10, 5, 1), 0)
        known[key] = {"status": None, "cum": 0, "filled": 0, "doubted": False}
    elif what == "release":
        released = orders.release(key)
        assert released == (order is not None and order["status"] is None)
        if released:
            del known[key]
    elif what == "doubt":
        orders.doubt(key)
        if order is not None:
            order["doubted"] = True
    elif what == "initialized":
        orders.apply(initialized(key, qty=10, price=5, **shape), 0)
        order = known.setdefault(key, {"status": None, "cum": 0, "filled": 0, "doubted": False})
        order["status"] = order["status"] or OrderStatus.INITIALIZED
    elif what == "updated":
        orders.apply(updated(key, status, cum, PLACES[key]), 0)
        if order is not None:
            order.update(status=status, cum=max(order["cum"], cum))
    elif what == "filled":
        fresh = orders.apply(filled(key, trade_id, 2, status=status, cum=cum, **shape), 0) is not None
        trades = known.setdefault("trades", set())
        assert fresh == ((key, trade_id) not in trades)
        trades.add((key, trade_id))
        if fresh and order is not None:
            order.update(status=status, cum=max(order["cum"], cum or 2), filled=order["filled"] + 2)


@given(EVENTS)
def test_sums_equal_a_recount(events):
    orders, known = WorkingOrders(), {}
    for event in events:
        apply(orders, known, event)
        facts = {key: known[key] for key in IDS if key in known}
        binding = {key: f["status"] is None or f["status"] in OPEN for key, f in facts.items()}
        leaves = {k: max(0, (10 if binding[k] else f["cum"]) - f["filled"]) for k, f in facts.items()}
        for place, side in ((BTC, Side.BUY), (BTC, Side.SELL), (ETH, Side.BUY), (ETH, Side.SELL)):
            held = sum(n for k, n in leaves.items() if (PLACES[k], SIDES[k]) == (place, side))
            assert orders.leaves_qty_lots(place, side) == held
        assert orders.count_open == sum(binding.values())
        unknown = [f["status"] is OrderStatus.UNKNOWN or (f["status"] is None and f["doubted"]) for f in facts.values()]
        assert orders.count_unknown == sum(unknown)
        assert {order.client_order_id for order in orders.all_binding()} == {
            key for key in facts if binding[key] or leaves[key]
        }
