"""The ways into objects past the interpreter's own, called from Python."""

import pytest

from core.probes import FloatCell, integer_in_place


@pytest.mark.parametrize("value", [0, 1, -1, 2**30, -(2**30), 2**60 + 7, 2**63 - 1, -(2**63)])
def test_an_integer_of_64_bits_is_read_in_place(value: int) -> None:
    assert integer_in_place(value) == value


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**90, True, 1.0, "1", None])
def test_anything_else_is_left_alone(value: object) -> None:
    assert integer_in_place(value) is None


def test_a_number_that_was_read_stays_as_it_was() -> None:
    cell = FloatCell()
    assert cell.value == 0.0
    cell.set(1.5)
    held = cell.value
    cell.set(2.5)
    assert (held, cell.value) == (1.5, 2.5)
