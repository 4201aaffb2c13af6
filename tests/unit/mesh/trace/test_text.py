"""Times for people."""

import pytest

from mesh.trace.text import duration


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (None, "-"),
        (0, "0.0 us"),
        (12_340, "12.3 us"),
        (999_949, "999.9 us"),
        (1_500_000, "1.500 ms"),
        (9_999_000_000, "9999.000 ms"),
        (12_345_000_000, "12.345 s"),
        (-2_500, "-2.5 us"),
    ],
)
def test_a_duration_is_told_in_the_unit_of_its_size(time_ns: int | None, text: str) -> None:
    assert duration(time_ns) == text
