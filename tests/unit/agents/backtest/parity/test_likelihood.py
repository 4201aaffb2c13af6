"""Which model fits, and which ones the orders do not tell apart."""

import math

import pytest

from agents.backtest.parity.entry_hops import EntryHops
from agents.backtest.parity.likelihood import APART, fits_of, vuong
from agents.backtest.parity.order_pair import OrderPair
from agents.backtest.parity.venue_models import VenueModel
from tests.unit.agents.backtest.parity.lives import MS, life, order

LOG, POWER, MEASURED = VenueModel("log", 0.0, 4 * MS), VenueModel("power", 3.0, 4 * MS), VenueModel("log", 0.0, None)
STEPS = {"paper": MS}


def pairs(*distances: float) -> list[OrderPair]:
    return [OrderPair(order(n, life()), life(), life(), each) for n, each in enumerate(distances)]


def test_vuong_is_the_mean_by_its_standard_error():
    """Worked out by hand: mean 2, standard deviation 1, three orders."""
    assert vuong([1.0, 2.0, 3.0]) == pytest.approx(6 / math.sqrt(3))
    assert vuong([1.0, 2.0, 3.0], 3.0) == pytest.approx(3 / math.sqrt(3))
    assert vuong([0.0, 0.0]) == vuong([5.0]) == vuong([]) == 0.0
    assert vuong([1.0, 1.0]) == math.inf


def test_the_nearest_model_is_first_and_told_from_one_that_is_far():
    near, far = fits_of({POWER: pairs(*[0.1, 0.3] * 20), LOG: pairs(*[0.0, 0.01] * 20)}, EntryHops({}, []), STEPS)
    assert (near.model, near.alike, near.z, near.distance) == (LOG, True, None, 0.005)
    # The scale is the mean distance of the nearest: 0.005.
    assert near.of_fills == near.log_likelihood == pytest.approx(-20 * 0.01 / 0.005)
    assert far.z > APART
    assert not far.alike


def test_models_that_differ_by_chance_are_alike():
    found = fits_of({LOG: pairs(0.1, 0.3, 0.1, 0.3), POWER: pairs(0.3, 0.1, 0.3, 0.12)}, EntryHops({}, []), STEPS)
    assert [each.model for each in found] == [LOG, POWER]
    assert all(each.alike for each in found)


def test_equal_models_are_alike_and_stay_in_their_order():
    found = fits_of({POWER: pairs(0.1, 0.2), LOG: pairs(0.1, 0.2)}, EntryHops({}, []), STEPS)
    assert [(each.model, each.alike, each.z) for each in found] == [(POWER, True, None), (LOG, True, 0.0)]


def test_a_measured_latency_pays_for_what_was_estimated():
    hops = EntryHops({f"T{n}": 4 * MS + MS // 2 - 1 for n in range(10)}, [(4 * MS, 5 * MS - 1, 10)])
    constant, measured = fits_of({MEASURED: pairs(*[0.0] * 10), LOG: pairs(*[0.0] * 10)}, hops, STEPS)
    assert constant.model == LOG
    assert constant.of_hops == 0.0
    assert measured.of_hops == pytest.approx(-0.5 * math.log(10))
