"""Student's t against printed tables, and the interval of a ratio."""

from math import exp, log

import pytest

from bench.student import log_ratio, t_quantile


@pytest.mark.parametrize(
    ("p", "freedom", "t"),
    [
        (0.975, 1, 12.706),
        (0.975, 2, 4.3027),
        (0.95, 5, 2.0150),
        (0.995, 10, 3.1693),
        (0.9995, 4, 8.610),
        (0.975, 120, 1.9799),
    ],
)
def test_quantiles_are_those_of_the_printed_table(p: float, freedom: float, t: float) -> None:
    assert t_quantile(p, freedom) == pytest.approx(t, rel=2e-4)


def test_interval_of_equal_spreads_is_that_of_the_two_sample_test() -> None:
    # Logs 0, 1, 2 against 10, 11, 12: means differ by 10, each variance 1, error of the difference sqrt(2 / 3), 4 degrees.
    centre, low, high = log_ratio([exp(x) for x in (10, 11, 12)], [exp(x) for x in (0, 1, 2)], 0.05)
    assert centre == pytest.approx(10)
    assert high - centre == pytest.approx(2.7764 * (2 / 3) ** 0.5, rel=1e-3)
    assert centre - low == pytest.approx(high - centre)


def test_rounds_that_happen_to_agree_are_not_taken_as_certain() -> None:
    _, low, high = log_ratio([110.0] * 3, [100.0] * 3, 0.05, spread_min=0.1)
    assert low < log(1.1) < high
    assert log_ratio([110.0] * 3, [100.0] * 3, 0.05)[1:] == (log(110) - log(100),) * 2
