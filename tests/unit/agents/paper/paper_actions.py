"""Random dealings with a paper venue, and what must hold of its books after any of them."""

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.unit.agents.paper.paper_kit import Desk

SIDES = st.sampled_from(["BUY", "SELL"])
ACTIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("limit"),
            SIDES,
            st.integers(-300, 300),
            st.integers(10, 40_000),
            st.sampled_from(["GTC", "IOC", "FOK", "maker"]),
        ),
        st.tuples(st.just("market"), SIDES, st.integers(10, 40_000)),
        st.tuples(st.just("quote"), SIDES, st.integers(5, 20_000)),
        st.tuples(st.just("cancel"), st.integers(1, 10)),
        st.tuples(st.just("wait"), st.integers(1, 2_000)),
    ),
    max_size=15,
)
"""Limit prices are that many tenths from the last price, quantities are lots."""


def act(desk: Desk, action: tuple[Any, ...]) -> None:
    """Carry out one action."""
    if action[0] == "wait":
        desk.run(action[1] / 1000)
    elif action[0] == "cancel":
        desk.call("DELETE", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": action[1]})
    elif action[0] == "quote":
        desk.order(action[1], "", quoteOrderQty=str(action[2]))
    elif action[0] == "market":
        desk.order(action[1], f"{action[2] / 100_000:.5f}")
    else:
        _, row = desk.call("GET", "/api/v3/ticker/price", {"symbol": "BTCUSDT"}, signed=False)
        price, qty = f"{float(row['price']) + action[2] / 10:.2f}", f"{action[3] / 100_000:.5f}"
        terms = {"type": "LIMIT_MAKER", "timeInForce": ""} if action[4] == "maker" else {"timeInForce": action[4]}
        desk.order(action[1], qty, price, **terms)


def assert_exact(desk: Desk) -> None:
    """Assert that balances and locks of an account of 1 BTC and 100,000 USDT follow exactly from orders and fills."""
    base, quote = Fraction(1), Fraction(100_000)
    locked = {"BTC": Fraction(0), "USDT": Fraction(0)}
    _, orders = desk.call("GET", "/api/v3/allOrders", {"symbol": "BTCUSDT", "limit": 1000})
    for order in orders:
        left = Fraction(order["origQty"]) - Fraction(order["executedQty"])
        if order["status"] in ("NEW", "PARTIALLY_FILLED"):
            buying = order["side"] == "BUY"
            locked["USDT" if buying else "BTC"] += left * Fraction(order["price"]) if buying else left
    _, trades = desk.call("GET", "/api/v3/myTrades", {"symbol": "BTCUSDT", "limit": 1000})
    for fill in trades:
        sign = 1 if fill["isBuyer"] else -1
        assert Fraction(fill["quoteQty"]) == Fraction(fill["price"]) * Fraction(fill["qty"])
        base += sign * Fraction(fill["qty"]) - (Fraction(fill["commission"]) if sign > 0 else 0)
        quote -= sign * Fraction(fill["quoteQty"]) + (Fraction(fill["commission"]) if sign < 0 else 0)
    held = {asset: (Fraction(free, 10**8), Fraction(kept, 10**8)) for asset, (free, kept) in desk.balances().items()}
    assert {asset: sum(pair) for asset, pair in held.items()} == {"BTC": base, "USDT": quote}
    assert {asset: kept for asset, (_, kept) in held.items()} == locked
    assert all(free >= 0 for free, _ in held.values())
