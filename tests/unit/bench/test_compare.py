"""Which figures count as moved."""

from pathlib import Path

import pytest

from bench.compare import compare, doubts
from bench.result import FORMAT, Better, Figure, Result, ScenarioResult, Source, read, write


def result(
    rounds: list[float], *, better: Better = "lower", source: Source = "tickmesh", mode: str = "full", **machine: object
) -> Result:
    figure = Figure(name="core.book", unit="ns", rounds=rounds, better=better, source=source)
    return Result(
        format=FORMAT,
        started="",
        seconds=1.0,
        commit="",
        machine=dict(machine),
        versions={},
        settings={"mode": mode},
        scenarios=[ScenarioResult(name="core", title="Core", figures=[figure])],
        targets=[],
    )


OLD = [100.0, 101.0, 99.0, 100.0, 102.0]


@pytest.mark.parametrize(
    ("new", "better", "verdict"),
    [
        ([130.0, 131.0, 129.0, 132.0, 130.0], "lower", "worse"),
        ([130.0, 131.0, 129.0, 132.0, 130.0], "higher", "better"),
        ([70.0, 71.0, 69.0, 70.0, 72.0], "lower", "better"),
        ([70.0, 71.0, 69.0, 70.0, 72.0], "higher", "worse"),
        ([104.0, 105.0, 103.0, 104.0, 106.0], "lower", "same"),
        ([80.0, 200.0, 90.0, 190.0, 100.0], "lower", "same"),
        ([200.0, 200.0], "lower", "unknown"),
    ],
    ids=["slower", "more", "faster", "less", "within tolerance", "scattered", "too few rounds"],
)
def test_verdict(new: list[float], better: Better, verdict: str) -> None:
    (move,) = compare(result(new, better=better), result(OLD, better=better))
    assert move.verdict == verdict


def test_only_our_own_figures_are_judged() -> None:
    assert compare(result([500.0] * 5, source="peer"), result(OLD, source="peer")) == []


def test_another_machine_or_mode_is_told() -> None:
    assert doubts(result(OLD, cpus=2), result(OLD, cpus=2)) == []
    assert doubts(result(OLD, cpus=4, mode="quick"), result(OLD, cpus=2)) == [
        "another machine: cpus 2 -> 4",
        "another setting: mode 'full' -> 'quick'",
    ]


def test_result_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    found = result(OLD)
    write(found, tmp_path / "a" / "result.json")
    assert read(tmp_path / "a" / "result.json") == found


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"targets": []}')
    with pytest.raises(ValueError, match=r"other\.json: not a result file"):
        read(path)
