"""How long orders were on their way, and how likely a latency makes that."""

import math

import pytest

from agents.backtest.parity.entry_hops import LOG_CHANCE_MIN, EntryHops, entry_hops, log_chance_of
from tests.unit.agents.backtest.parity.lives import MS, life, order


def hops_of(*accepted_ms: int) -> EntryHops:
    orders = [order(number, life(accepted_ms=each, status="NEW")) for number, each in enumerate(accepted_ms)]
    return entry_hops(orders, {"paper": MS})


def test_a_hop_is_the_middle_of_its_cell():
    found = hops_of(4, 9)
    assert found.by_order == {"T0": 4 * MS + MS // 2 - 1, "T1": 9 * MS + MS // 2 - 1}
    assert found.median_ns == 4 * MS + MS // 2 - 1


def test_orders_that_do_not_tell_are_left_out():
    orders = [order(1, life(status="NEW")), order(2, life(accepted_ms=3, status="UNKNOWN"))]
    found = entry_hops(orders, {"paper": MS})
    assert (found.by_order, found.steps, found.median_ns) == ({}, [], 0)


def test_steps_hold_all_hops_once():
    found = hops_of(*range(1, 34))
    assert len(found.steps) == found.parameters == 10
    assert sum(count for _, _, count in found.steps) == 33
    assert found.steps[0][0] == 1 * MS
    assert found.steps[-1][1] == 34 * MS - 1


def test_a_constant_in_the_cell_is_certain_and_beside_it_is_not():
    hop_ns = 4 * MS + MS // 2 - 1
    assert log_chance_of(hop_ns, MS, 4 * MS) == log_chance_of(hop_ns, MS, 5 * MS - 1) == 0.0
    # The error's scale is a twentieth of a step: 50 us.
    assert log_chance_of(hop_ns, MS, 5 * MS - 1 + 100_000) == pytest.approx(-2.0)
    assert log_chance_of(hop_ns, MS, 40 * MS) == LOG_CHANCE_MIN


def test_a_distribution_makes_a_cell_as_likely_as_it_lies_there():
    spread = EntryHops({}, [(0, 8 * MS, 3), (8 * MS, 10 * MS, 1)])
    inside = spread.log_chance(4 * MS + MS // 2 - 1, MS)
    # An eighth of three quarters; the error adds 50 us on each side of the cell of 1 ms.
    assert math.exp(inside) == pytest.approx(0.75 * 1.1 / 8, rel=1e-3)
    assert spread.log_chance(100 * MS, MS) == LOG_CHANCE_MIN
    assert EntryHops({}, [(4 * MS, 5 * MS - 1, 9)]).log_chance(4 * MS + MS // 2 - 1, MS) == pytest.approx(0.0)
