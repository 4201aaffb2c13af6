"""Numbers of any size: exact within the bound, the bound with their sign beyond it."""

import pytest

from agents.state.saturating import times, wide

NARROW_MAX = 2**62
WIDE_MAX = 2**124


@pytest.mark.parametrize("value", [0, -1, 2**63, WIDE_MAX, -WIDE_MAX])
def test_a_number_within_the_bound_is_itself(value: int) -> None:
    assert wide(value) == value


@pytest.mark.parametrize("value", [WIDE_MAX + 1, 2**127, 2**1000])
def test_a_number_beyond_is_the_bound_with_its_sign(value: int) -> None:
    assert (wide(value), wide(-value)) == (WIDE_MAX, -WIDE_MAX)


def test_products_are_exact_up_to_the_bound() -> None:
    assert times(NARROW_MAX, NARROW_MAX) == WIDE_MAX
    assert times(3, -7) == -21
    assert times(WIDE_MAX, 0) == 0
    assert times(NARROW_MAX + 1, -NARROW_MAX) == -WIDE_MAX
