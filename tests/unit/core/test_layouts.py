"""What is assumed of CPython: it holds here, and wherever it does not, the import says so."""

from typing import Any

import msgspec
import pytest

from core import layouts
from core.probes import FloatCell, integer_in_place
from core.struct_codec import StructCodec


def test_this_interpreter_is_as_assumed() -> None:
    layouts.check()


@pytest.mark.parametrize(
    ("implementation", "version", "free_threaded", "found"),
    [
        ("cpython", (3, 15), False, "cpython 3.15"),
        ("cpython", (3, 10), False, "cpython 3.10"),
        ("pypy", (3, 11), False, "pypy 3.11"),
        ("cpython", (3, 14), True, "cpython 3.14, free-threaded"),
    ],
)
def test_an_unknown_interpreter_is_refused_with_what_is_allowed(
    implementation: str, version: tuple[int, int], free_threaded: bool, found: str
) -> None:
    with pytest.raises(ImportError, match=rf"found '{found}', allowed is 'cpython 3.11 to 3.14, with its GIL'"):
        layouts.check_interpreter(implementation, version, free_threaded)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_the_versions_of_distributions_are_not_refused(version: tuple[int, int]) -> None:
    layouts.check_interpreter("cpython", version, False)


def test_integers_read_by_another_layout_are_refused() -> None:
    def digits_of_15_bits(value: int) -> int | None:
        return (value & 0x7FFF) | (value >> 30 << 15)

    with pytest.raises(ImportError, match="the integer 1073741823 read in place: found 32767"):
        layouts.check_integers(digits_of_15_bits)


def test_an_integer_beyond_64_bits_may_not_be_taken_for_one_within() -> None:
    def wrapping(value: int) -> int | None:
        return value if -(1 << 63) <= value < 1 << 63 else 0

    with pytest.raises(ImportError, match="the integer 9223372036854775808 read in place: found 0, allowed is None"):
        layouts.check_integers(wrapping)
    assert integer_in_place(1 << 63) is None
    assert integer_in_place(True) is None


def test_a_field_at_another_offset_is_refused() -> None:
    with pytest.raises(ImportError, match="fields of a Struct read in place: found"):
        layouts.check_fields(lambda probe: probe.number, lambda probe: probe.share)


def test_a_struct_with_its_slots_exchanged_is_refused() -> None:
    class Exchanged(msgspec.Struct, frozen=True, array_like=True, gc=False):
        number: int
        text: str
        share: float
        flag: bool
        data: bytes
        rows: tuple[tuple[int, int], ...]

    with pytest.raises(ImportError, match="a Struct written from its slots: found None"):
        layouts.check_structs(StructCodec(Exchanged))


def test_a_float_that_changes_under_its_reader_is_refused() -> None:
    class Shared:
        """A cell that overwrites its one number whoever holds it."""

        def __init__(self) -> None:
            self.value = Number()

        def set(self, value: float) -> None:
            self.value.now = value

    cell: Any = Shared()
    with pytest.raises(ImportError, match="floats read from a cell: found"):
        layouts.check_floats(cell)


class Number:
    now = 0.0

    def __eq__(self, other: object) -> bool:
        return self.now == other

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return str(self.now)


def test_a_float_that_was_read_stays_as_it_was() -> None:
    cell = FloatCell()
    cell.set(1.5)
    held = cell.value
    cell.set(2.5)
    assert (held, cell.value) == (1.5, 2.5)
