"""When another connection is opened, and how long both are there."""

import pytest

from agents.venues.connection_life import ConnectionLife
from schemas.units import MINUTE, MS, SECOND


@pytest.mark.parametrize(
    ("life_ms", "young_ns", "window_ns"),
    [
        (24 * 60 * 60_000, (24 * 60 - 10) * MINUTE, 60 * SECOND),
        (8_000, 6 * SECOND, SECOND),
        (800, 600 * MS, 100 * MS),
        (0, 0, 60 * SECOND),
    ],
)
def test_a_quarter_of_the_life_and_ten_minutes_at_most_are_left_for_the_next(life_ms, young_ns, window_ns):
    life = ConnectionLife(life_ms)
    assert (life.young_ns, life.window_ns) == (young_ns, window_ns)
