"""Steps of a chain, from histograms that agents serve."""

import random

import pytest

from bench.hops import counted, percentile, steps
from core.histogram import LatencyHistogram


def histogram(values: list[int]) -> LatencyHistogram:
    made = LatencyHistogram()
    for value in values:
        made.record(value)
    return made


@pytest.mark.parametrize("seed", range(5))
def test_percentiles_of_served_counts_are_those_of_the_histogram(seed: int) -> None:
    rng = random.Random(seed)
    made = histogram([int(2 ** rng.uniform(0, 38)) for _ in range(rng.choice((1, 10, 1001)))])
    for p in (0.0, 1.0, 50.0, 90.0, 99.0, 99.9):
        # The histogram never tells more than its greatest value, the counts know only the bucket of it.
        assert min(percentile(counted(made.to_bytes()), p), made.max) == made.percentile(p)


def test_only_what_came_between_two_looks_is_told() -> None:
    before, after = histogram([10, 10, 10]), histogram([10, 10, 10, 50, 60, 70])
    found = steps({"signal": {"md>signal": before.to_bytes()}}, {"signal": {"md>signal": after.to_bytes()}})
    assert list(found) == ["md > signal"]
    assert (found["md > signal"]["p50"], found["md > signal"]["max"]) == (60.0, 70.0)


def test_steps_are_hops_decisions_and_sending_in_the_order_of_the_path() -> None:
    one = histogram([5]).to_bytes()
    after = {
        "execution": {"risk>execution": one, "execution": one, "execution>sent": one, "tick>execution": one},
        "risk": {"risk": one, "signal>risk": one, "risk>sent": one},
        "signal": {"signal>sent": one, "signal": one, "md>signal": one},
        "md": {"md": one, "md>sent": one},
    }
    assert list(steps({}, after)) == [
        "md decodes",
        "md sends",
        "md > signal",
        "signal decides",
        "signal sends",
        "signal > risk",
        "risk decides",
        "risk sends",
        "risk > execution",
        "execution decides",
        "execution sends",
    ]


def test_step_without_a_record_meanwhile_is_left_out() -> None:
    one = {"md": {"md": histogram([5]).to_bytes()}}
    assert steps(one, one) == {}
