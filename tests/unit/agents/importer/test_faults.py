"""Damage is named up to a bound and counted beyond it; strict, it is the end."""

from pathlib import Path

import pytest

from agents.importer.faults import NAMED_MAX, Faults
from schemas.errors import DamagedFileError, ExitStatus


def test_all_are_counted_and_some_are_named() -> None:
    faults = Faults("FILE", strict=False)
    for number in range(1, 100):
        faults.line(number, "broken")
    assert faults.count == 99
    assert faults.named == [f"line {number}: broken" for number in range(1, NAMED_MAX + 1)]


def test_strict_ends_at_the_first_and_names_the_file() -> None:
    with pytest.raises(DamagedFileError, match=r"^FILE: line 7: broken$") as error:
        Faults("FILE", strict=True).line(7, "broken")
    assert error.value.exit_status == ExitStatus.DAMAGED == 65


def test_damage_beside_the_file_says_where() -> None:
    faults = Faults("folder/FILE", strict=False)
    faults.damaged(Path("folder/FILE"), 3, "broken")
    faults.damaged(Path("folder/OTHER"), 0, "ends early")
    assert faults.named == ["line 3: broken", "OTHER: ends early"]


def test_lines_out_of_order_are_told_at_the_end() -> None:
    faults = Faults("FILE", strict=True)
    faults.late(Path("FILE"), 5)
    faults.late(Path("FILE"), 9)
    faults.finish()
    told = "2 lines were received before the one that stands before them, the first is line 5; they were put in order"
    assert faults.notes == [told]
