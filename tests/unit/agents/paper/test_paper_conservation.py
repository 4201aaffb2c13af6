"""Money is neither made nor lost: any mix of orders and cancels leaves assets and fees in exact balance."""

from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from paper_kit import Desk

ACTIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("limit"),
            st.sampled_from(["BUY", "SELL"]),
            st.integers(-300, 300),
            st.integers(10, 40_000),
            st.sampled_from(["GTC", "IOC", "FOK"]),
        ),
        st.tuples(st.just("market"), st.sampled_from(["BUY", "SELL"]), st.integers(10, 40_000)),
        st.tuples(st.just("quote"), st.sampled_from(["BUY", "SELL"]), st.integers(5, 20_000)),
        st.tuples(st.just("cancel"), st.integers(1, 10)),
        st.tuples(st.just("wait"), st.integers(1, 2_000)),
    ),
    max_size=15,
)


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
        price = float(row["price"]) + action[2] / 10
        desk.order(action[1], f"{action[3] / 100_000:.5f}", f"{price:.2f}", timeInForce=action[4])


@settings(max_examples=60, deadline=None)
@given(actions=ACTIONS, seed=st.integers(0, 5))
def test_balances_follow_exactly_from_the_fills(actions: list[tuple[Any, ...]], seed: int) -> None:
    desk = Desk(seed=seed, maker_fee="0.00075", taker_fee="0.001")
    desk.run(0.5)
    for action in actions:
        act(desk, action)
    base, quote = Fraction(1), Fraction(100_000)
    locked = {"BTC": Fraction(0), "USDT": Fraction(0)}
    _, orders = desk.call("GET", "/api/v3/allOrders", {"symbol": "BTCUSDT"})
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
