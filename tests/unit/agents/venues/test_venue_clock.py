"""The venue's clock: the offset lies within what is told of it, and a clock that was set or runs otherwise is found."""

import random

from agents.venues.venue_clock import ERROR_NS_MAX, ClockEstimator
from schemas.units import MS, SECOND

WALL = 1_700_000_000 * SECOND


def ask(estimator, now_ns, there_ns, back_ns, offset_ns, speed=1.0):
    """Ask a venue whose clock shows `offset_ns` more than ours at time 0 and runs `speed` times as fast."""
    venue_ns = WALL + offset_ns + int((now_ns + there_ns) * speed)
    received_ns = now_ns + there_ns + back_ns
    return estimator.take(venue_ns // MS * MS, now_ns, received_ns, WALL + received_ns)


def test_nothing_is_known_before_an_answer():
    assert ClockEstimator().estimate(0) == (0, 0)


def test_the_true_offset_is_within_the_error_whatever_the_way_there_and_back():
    chance = random.Random(1)
    for _ in range(300):
        estimator, offset_ns = ClockEstimator(), chance.randrange(-90_000 * MS, 90_000 * MS)
        for number in range(4):
            there, back = (int(chance.expovariate(1 / 30) * MS) for _ in "ab")
            assert ask(estimator, number * 500 * MS, there, back, offset_ns)
            found, error_ns = estimator.estimate(number * 500 * MS + there + back)
            assert abs(found - offset_ns) <= error_ns
        assert estimator.settled


def test_the_answer_that_came_fastest_is_used_until_drift_has_used_it_up():
    estimator = ClockEstimator()
    ask(estimator, 0, 1 * MS, 1 * MS, 7 * MS)
    ask(estimator, SECOND, 1 * MS, 399 * MS, 7 * MS)
    offset_ns, error_ns = estimator.estimate(2 * SECOND)
    assert abs(offset_ns - 7 * MS) <= MS
    assert error_ns < 3 * MS
    assert estimator.estimate(3600 * SECOND)[1] > 200 * MS


def test_a_clock_that_was_set_is_followed_anew_from_the_next_answer():
    estimator = ClockEstimator()
    ask(estimator, 0, MS, MS, 0)
    assert not ask(estimator, SECOND, MS, MS, 5_000 * MS)
    assert not estimator.settled
    assert ask(estimator, 2 * SECOND, MS, MS, 5_000 * MS)
    offset_ns, error_ns = estimator.estimate(2 * SECOND)
    assert abs(offset_ns - 5_000 * MS) <= error_ns < 5 * MS
    assert estimator.followed


def test_a_clock_that_runs_at_another_speed_cannot_be_followed():
    for speed in (0.5, 20.0):
        estimator = ClockEstimator()
        for number in range(4):
            ask(estimator, number * 500 * MS, MS, MS, 0, speed)
        assert not estimator.followed
        assert estimator.estimate(2 * SECOND)[1] == ERROR_NS_MAX
