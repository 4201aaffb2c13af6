"""Which figures count as moved."""

import random
from pathlib import Path

import pytest

from bench.compare import ROUNDS_MIN, compare, doubts, vanished
from bench.result import FORMAT, Better, Figure, Result, ScenarioResult, Source, read, write


def result(
    rounds: list[float], *, better: Better = "lower", source: Source = "tickmesh", mode: str = "full", **machine: object
) -> Result:
    return made(Figure(name="core.book", unit="ns", rounds=rounds, better=better, source=source), mode=mode, **machine)


def made(*figures: Figure, mode: str = "full", **machine: object) -> Result:
    return Result(
        format=FORMAT,
        started="",
        seconds=1.0,
        commit="",
        machine=dict(machine),
        versions={},
        settings={"mode": mode},
        method={},
        scenarios=[ScenarioResult(name="core", title="Core", figures=list(figures))],
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


def test_slower_machine_is_not_slower_code() -> None:
    def run(speed: float, work: float) -> Result:
        floor = [speed * each for each in (50.0, 52.0, 49.0, 51.0, 50.0)]
        ours = Figure(name="core.path", unit="us", rounds=[work * each for each in floor], floor="core.c")
        return made(ours, Figure(name="core.c", unit="us", rounds=floor, source="floor"))

    (same,) = compare(run(2.0, 3.0), run(1.0, 3.0))
    assert (same.verdict, same.floor, round(same.ratio, 6)) == ("same", "core.c", 1.0)
    assert (same.old, same.new) == (150.0, 300.0)
    (worse,) = compare(run(0.5, 4.5), run(1.0, 3.0))
    assert worse.verdict == "worse"
    assert worse.ratio == pytest.approx(1.5)


def test_floor_that_only_one_run_has_is_not_divided_by() -> None:
    ours = Figure(name="core.path", unit="us", rounds=[100.0, 101.0, 99.0], floor="core.c")
    floor = Figure(name="core.c", unit="us", rounds=[50.0] * 3, source="floor")
    (move,) = compare(made(ours, floor), made(ours))
    assert (move.verdict, move.floor, move.ratio) == ("same", "", pytest.approx(1.0))


@pytest.mark.parametrize("rounds", [ROUNDS_MIN, 9])
def test_two_runs_of_one_commit_seldom_differ(rounds: int) -> None:
    rng = random.Random(rounds)

    def run() -> Result:
        drift = rng.lognormvariate(0, 0.05)
        figures = []
        for number in range(60):
            spread = rng.choice((0.01, 0.05, 0.2))
            noise = [drift * rng.lognormvariate(0, spread) for _ in range(rounds)]
            figures.append(Figure(name=f"core.f{number}", unit="ns", rounds=[100 * each for each in noise]))
        return made(*figures)

    told = [sum(move.verdict in ("better", "worse") for move in compare(run(), run())) for _ in range(12)]
    assert sum(each > 0 for each in told) <= 1


def test_one_figure_among_many_that_doubled_is_told() -> None:
    rng = random.Random(5)

    def run(factor: float) -> Result:
        each = [[rng.lognormvariate(0, 0.03) for _ in range(9)] for _ in range(120)]
        each[7] = [factor * value for value in each[7]]
        return made(*(Figure(name=f"core.f{i}", unit="ns", rounds=rounds) for i, rounds in enumerate(each)))

    assert [move.name for move in compare(run(2.0), run(1.0)) if move.verdict != "same"] == ["core.f7"]


def test_figures_that_vanished_are_told_unless_their_scenario_did_not_run() -> None:
    old = made(
        *(Figure(name=name, unit="us", rounds=[1.0]) for name in ("core.a", "core.b", "risk.c")),
        Figure(name="core.peer", unit="us", rounds=[1.0], source="peer"),
    )
    assert vanished(made(Figure(name="core.a", unit="us", rounds=[1.0])), old) == ["core.b"]


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


def test_result_of_another_format_is_refused_with_it(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"format": 1, "targets": [{"reference": "a name"}]}')
    with pytest.raises(ValueError, match=r"old\.json: format 1 \(allowed: 2\)"):
        read(path)


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"targets": []}')
    with pytest.raises(ValueError, match=r"other\.json: not a result file"):
        read(path)
