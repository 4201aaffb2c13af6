"""What is finished stands on disk, whatever killed the sweep."""

import pytest

from agents.backtest.sweep.outcomes import FILE, FinishedOutcomes
from agents.backtest.sweep.variant import VariantOutcome
from schemas.errors import AlreadyRunningError, DamagedFileError

FIRST, SECOND = (
    VariantOutcome("a", {"x": 1}, result={"fills": 1}, equity=[0.5]),
    VariantOutcome("b", {"x": 2}, refused="no"),
)


def written(folder):
    with FinishedOutcomes(folder) as kept:
        kept.add(FIRST)
        kept.add(SECOND)


def test_outcomes_are_there_again(tmp_path):
    written(tmp_path)
    with FinishedOutcomes(tmp_path) as kept:
        assert kept.by_key == {"a": FIRST, "b": SECOND}


def test_a_line_cut_at_any_byte_is_dropped_and_written_anew(tmp_path):
    written(tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    first = whole.index(b"\n") + 1
    for size in range(first, len(whole)):
        (tmp_path / FILE).write_bytes(whole[:size])
        with FinishedOutcomes(tmp_path) as kept:
            assert set(kept.by_key) == {"a"}
            kept.add(SECOND)
        assert (tmp_path / FILE).read_bytes() == whole


def test_a_damaged_line_is_named(tmp_path):
    written(tmp_path)
    (tmp_path / FILE).write_bytes(b"{}\n" + (tmp_path / FILE).read_bytes())
    with pytest.raises(DamagedFileError, match="line 1"):
        FinishedOutcomes(tmp_path)


def test_one_sweep_writes_at_a_time(tmp_path):
    with FinishedOutcomes(tmp_path), pytest.raises(AlreadyRunningError):
        FinishedOutcomes(tmp_path)
