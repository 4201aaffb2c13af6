"""A thinned line: few points, every extreme, and on the screen what a line through all points would cover."""

import random

import pytest

from agents.backtest.result.thinned import Thinned

BUCKETS = 50


def thinned(points: list[tuple[int, float]], buckets: int = BUCKETS) -> list[tuple[int, float]]:
    line = Thinned(points[0][0], points[-1][0], buckets)
    for point in points:
        line.add(*point)
    assert line.taken == len(points)
    return line.points()


@pytest.mark.parametrize("seed", range(20))
def test_each_column_of_the_screen_keeps_its_ends_and_extremes(seed: int) -> None:
    rng = random.Random(seed)
    times = sorted(rng.randrange(10_000) for _ in range(rng.choice((1, 3, 400, 5_000))))
    points = [(time, round(rng.gauss(0, 1), 3)) for time in times]
    found = thinned(points)
    assert len(found) <= 4 * BUCKETS
    assert found == sorted(found, key=lambda each: each[0])
    assert set(found) <= set(points)
    width = -(-(times[-1] - times[0] + 1) // BUCKETS)
    for number in range(BUCKETS):
        of_all, of_found = (
            [value for time, value in each if (time - times[0]) // width == number] for each in (points, found)
        )
        assert bool(of_all) == bool(of_found)
        if of_all:
            assert (of_all[0], of_all[-1]) == (of_found[0], of_found[-1])
            assert (min(of_all), max(of_all)) == (min(of_found), max(of_found))


def test_few_points_are_kept_as_they_are() -> None:
    points = [(0, 1.0), (100, 3.0), (200, 2.0), (10_000, 5.0)]
    assert thinned(points) == points


def test_points_beyond_the_ends_are_kept() -> None:
    line = Thinned(100, 200, 10)
    for point in ((0, 1.0), (150, 2.0), (900, 3.0)):
        line.add(*point)
    assert line.points() == [(0, 1.0), (150, 2.0), (900, 3.0)]


def test_nothing_is_nothing() -> None:
    assert Thinned(0, 0).points() == []
