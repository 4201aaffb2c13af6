"""The order flow: the rates of Cont, Stoikov and Talreja's table 2, drawn from a seed."""

from collections import Counter
from itertools import pairwise

import pytest

from agents.paper.market.flow import (
    Arrival,
    CancelArrival,
    LimitArrival,
    MarketArrival,
    OrderFlow,
    cancel_probability,
    initial_orders,
)

DRAWS = 20_000


def drawn(seed: str, resting: int, count: int = DRAWS) -> list[Arrival]:
    flow = OrderFlow(seed)
    return [flow.arrival(resting) for _ in range(count)]


def test_equal_seeds_give_equal_flows() -> None:
    assert drawn("a", 10, 200) == drawn("a", 10, 200) != drawn("b", 10, 200)


def test_arrivals_come_by_the_share_of_their_rates() -> None:
    kinds = Counter(type(each) for each in drawn("shares", 10))
    limits = 2 * sum(1.92 / i**0.52 for i in range(1, 21))
    total = limits + 2 * 0.94 + 0.81 * 10
    for kind, rate in ((LimitArrival, limits), (MarketArrival, 2 * 0.94), (CancelArrival, 8.1)):
        assert kinds[kind] / DRAWS == pytest.approx(rate / total, abs=0.015)


def test_limit_orders_thin_out_with_their_distance() -> None:
    distances = Counter(each.distance for each in drawn("far", 0) if isinstance(each, LimitArrival))
    assert set(distances) == set(range(1, 21))
    assert distances[1] / distances[4] == pytest.approx(4**0.52, rel=0.15)


def test_sizes_have_the_mean_one() -> None:
    flow = OrderFlow("sizes")
    assert sum(flow.units() for _ in range(DRAWS)) / DRAWS == pytest.approx(1.0, abs=0.03)


def test_the_next_arrival_comes_sooner_the_more_orders_rest() -> None:
    waits = []
    for resting in (0, 100):
        flow = OrderFlow("waits")
        waits.append(sum(flow.wait_s(resting) for _ in range(2_000)))
    assert waits[0] > 2 * waits[1] > 0


def test_cancellations_follow_the_table() -> None:
    assert [round(cancel_probability(i) * 0.81, 2) for i in (0, 1, 2, 3, 4, 5, 6)] == [
        0.71,
        0.71,
        0.81,
        0.68,
        0.56,
        0.47,
        0.47,
    ]
    found = [initial_orders(distance) for distance in range(1, 21)]
    assert found[0] == round(1.92 / 0.71)
    assert all(later <= before for before, later in pairwise(found[4:]))
