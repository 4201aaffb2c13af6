"""Rounds, percentiles and intervals of the bench."""

import time

import numpy as np
import pytest

from bench.measure import bootstrap, clock_ns, interleave, interval, paired_ratio, percentiles, time_each_ns, told


class Watch:
    """Lets everything run, and variants of the name `bad` fail."""

    def __init__(self, late: str = "") -> None:
        self.begun: list[str] = []
        self._late = late

    def begin(self, name: str) -> bool:
        self.begun.append(name)
        return name != self._late

    def failed(self, name: str, error: Exception) -> bool:
        return name == "bad"


def far() -> float:
    return time.monotonic() + 60


def test_reading_the_clock_takes_less_than_a_call_of_the_kernel() -> None:
    assert 0 < clock_ns() < 20_000


def test_variants_take_turns_in_going_first() -> None:
    watch = Watch()
    found = interleave({"a": lambda: 1, "b": lambda: 2, "c": lambda: 3}, 3, far(), watch)
    assert watch.begun == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    assert found == {"a": [1, 1, 1], "b": [2, 2, 2], "c": [3, 3, 3]}


def test_no_round_is_begun_after_its_time_but_the_first() -> None:
    assert interleave({"a": lambda: 1}, 5, time.monotonic() - 1, Watch()) == {"a": [1]}


def test_variant_that_fails_is_left_out_and_the_others_go_on() -> None:
    def fail() -> int:
        raise ValueError

    assert interleave({"bad": fail, "a": lambda: 1}, 2, far(), Watch()) == {"a": [1, 1]}
    with pytest.raises(ValueError):
        interleave({"worse": fail}, 2, far(), Watch())


def test_variant_without_time_gives_nothing() -> None:
    assert interleave({"a": lambda: 1, "b": lambda: 2}, 2, far(), Watch(late="b")) == {"a": [1, 1]}


def test_ratio_is_taken_within_each_round() -> None:
    # The second round was slow for both: a ratio of medians would say 15 / 7.5 too, one of unpaired rounds anything.
    assert paired_ratio([10.0, 40.0, 20.0], [5.0, 20.0, 10.0]) == 2.0
    assert paired_ratio([10.0, 20.0, 30.0], [5.0]) == 4.0


def test_percentiles_are_those_of_the_samples_and_none_finer_than_their_number() -> None:
    samples = np.arange(1, 1001, dtype=np.int64)
    assert told(samples, 1.0)["p50"] == 500.5
    assert told(samples, 1e-3)["max"] == 1.0
    curve = dict(percentiles(samples, 1.0))
    assert curve[100.0] == 1000
    assert max(p for p in curve if p < 100.0) == 99.9


def test_interval_holds_the_median_and_is_the_same_every_time() -> None:
    rounds = [10.0, 11.0, 9.0, 10.5, 30.0]
    low, high = interval(rounds)
    assert low <= 10.5 <= high
    assert low >= 9.0
    assert high <= 30.0
    assert interval(rounds) == (low, high)
    assert interval([7.0]) == (7.0, 7.0)


def test_bootstrap_of_constant_rounds_has_no_width() -> None:
    assert bootstrap(lambda drawn: drawn[0][0] / drawn[1][0], [[4.0] * 5, [2.0] * 5]) == (2.0, 2.0)


def test_every_item_is_taken_once_whatever_their_number() -> None:
    for count in (1, 10, 11, 100):
        seen: list[int] = []
        assert time_each_ns(seen.append, list(range(count))) >= 0.0
        assert seen == list(range(min(count, 11 * max(1, count // 11))))
