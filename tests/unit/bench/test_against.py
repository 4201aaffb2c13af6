"""This checkout against another: what is asked of each bench, and what their figures make."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bench import against
from bench.against import MAIN, SCENARIOS, Checkout, Comparison, MainFigure, differences, line
from bench.result import FORMAT, Better, Figure, Result, ScenarioResult
from bench.settings import Mode, make_settings
from bench.targets import TARGETS

LATENCY = MainFigure("group", "group.group.closed.p50", "group.c_ipc.closed.p50")
RATE = MainFigure("burst drained", "burst.agents")
SETTINGS = make_settings(Mode.SMOKE, cpu=-1, data="/nowhere")


def result(better: Better = "lower", python: str = "3.11.2", **figures: float) -> Result:
    made = [
        Figure(name=name.replace("__", "."), unit="us", rounds=[value], better=better)
        for name, value in figures.items()
    ]
    return Result(
        format=FORMAT,
        started="",
        seconds=0.0,
        commit="abc",
        machine={"python": python},
        versions={"tickmesh": python, "libzmq": "4.3.5"},
        settings={},
        method={},
        scenarios=[ScenarioResult(name="group", title="", figures=made)],
        targets=[],
    )


def latencies(group: Sequence[float], floor: Sequence[float]) -> list[Result]:
    return [result(group__group__closed__p50=a, group__c_ipc__closed__p50=b) for a, b in zip(group, floor, strict=True)]


def rates(*found: float) -> list[Result]:
    return [result("higher", burst__agents=each) for each in found]


def test_ratio_is_taken_in_each_round_and_its_median_is_told() -> None:
    this = latencies([10.0, 30.0, 12.0], [50.0, 100.0, 51.0])
    other = latencies([10.0, 20.0, 10.0], [50.0, 50.0, 50.0])
    made = line(LATENCY, {"this": this, "other": other}, 1.05)
    assert made.ratios == [1.0, 1.5, 1.2]
    assert (made.this, made.other, made.ratio) == (12.0, 10.0, 1.2)
    assert (made.low, made.high) == (1.0, 1.5)
    assert made.floor_ratio == pytest.approx(1.02)
    assert made.verdict == "over, in part"


def test_ratio_of_a_rate_is_that_of_its_times() -> None:
    made = line(RATE, {"this": rates(100.0, 100.0), "other": rates(200.0, 200.0)}, 1.05)
    assert made.ratios == [2.0, 2.0]
    assert made.floor_ratio is None
    assert made.verdict == "over"


def test_bound_itself_holds() -> None:
    made = line(RATE, {"this": rates(100.0), "other": rates(125.0)}, 1.25)
    assert (made.ratio, made.verdict) == (1.25, "holds")


@pytest.mark.parametrize("rounds", [{}, {"this": rates(1.0)}, {"this": rates(1.0), "other": [result()]}])
def test_what_one_side_lacks_is_not_measured_and_does_not_hold(rounds: dict[str, list[Result]]) -> None:
    made = line(RATE, rounds, 1.05)
    assert made.verdict == "not measured"
    comparison = Comparison(
        started="",
        seconds=0.0,
        this="",
        other="",
        against="",
        bound=1.05,
        settings={},
        machine={},
        lines=[made],
        notes=[],
    )
    assert not comparison.holds
    comparison.lines = [replace(made, verdict="holds")]
    assert comparison.holds


def test_other_interpreter_or_library_is_told() -> None:
    found = {"this": [result(python="3.11.2")], "other": [result(python="3.13.0")]}
    assert differences(found) == ["not the same on both sides: python 3.11.2, there 3.13.0"]
    assert differences({"this": [result()], "other": [result()]}) == []
    assert differences({"this": [result()], "other": []}) == []


def test_main_figures_are_those_that_the_targets_know() -> None:
    known = {name for target in TARGETS for name in (target.figure, target.reference)} | {"replay.strategy_log"}
    known.add("group.c_ipc.rested.p50")
    known |= {f"venue_path.{way}.closed.{word}" for way in ("agents_ipc", "agents_rest") for word in ("p50", "p99")}
    known.add("venue_path.agents_ipc.100ps.p50")
    assert {main.figure for main in MAIN} <= known
    assert {main.floor for main in MAIN if main.floor} <= known


def test_a_figure_that_the_other_side_lacks_is_held_against_the_one_before_it() -> None:
    main = MainFigure("new", "group.rest.closed.p50", before="group.group.closed.p50")
    this = [result(group__rest__closed__p50=10.0, group__group__closed__p50=1.0)]
    made = line(main, {"this": this, "other": [result(group__group__closed__p50=20.0)]}, 1.05)
    assert (made.this, made.other, made.ratio) == (10.0, 20.0, 0.5)
    made = line(main, {"this": this, "other": this}, 1.05)
    assert (made.this, made.other, made.ratio) == (10.0, 10.0, 1.0)


def test_scenarios_without_a_main_figure_are_refused() -> None:
    assert [each.NAME for each in against.scenarios(["replay"])] == ["replay"]
    assert {each.NAME for each in against.scenarios()} == set(SCENARIOS)
    with pytest.raises(ValueError, match="risk, burst, replay only, not core"):
        against.scenarios(["replay", "core"])


def test_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no checkout of Tickmesh"):
        against.built(tmp_path)


def test_checkout_that_is_not_built_is_refused_with_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "__main__.py").touch()
    with pytest.raises(ValueError, match=f"there is no .venv in it.*make -C {tmp_path} build"):
        against.built(tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    os.symlink(sys.executable, tmp_path / ".venv" / "bin" / "python")
    with pytest.raises(ValueError, match=f"No module named 'bench.agent'.*make -C {tmp_path} build"):
        against.built(tmp_path)


def program(folder: Path, text: str) -> Checkout:
    (folder / "bench").mkdir()
    (folder / "bench" / "__main__.py").write_text(text)
    return Checkout(folder, sys.executable)


def run(other: Checkout, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    monkeypatch.setattr(against, "this_checkout", lambda: other)
    return against.run(SETTINGS, against.scenarios(["burst"]), other, 1.05, folder, lambda *_: None)


def test_each_side_is_asked_for_one_scenario_in_the_mode_of_this_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import json, os, sys\nopen('asked', 'a').write(' '.join([*sys.argv[1:], os.environ['TICKMESH_DATA'], '\\n']))\n"
    data = msgspec.json.encode(rates(100.0)[0]).decode()
    found = run(program(tmp_path, f"{text}print({data!r})"), tmp_path / "out", monkeypatch)
    asked = (tmp_path / "asked").read_text().splitlines()
    command = f"--smoke --only burst --cpu -1 --rounds 3 --json --out {tmp_path / 'out'} /nowhere "
    assert asked == [command, command]
    assert [(each.ratio, each.verdict) for each in found.lines] == [(1.0, "holds")]
    assert (found.this, found.other) == ("abc", "abc")


def test_bench_that_fails_is_told_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(program(tmp_path, "import sys\nsys.exit('it rained')"), tmp_path / "out", monkeypatch)
    assert [each.verdict for each in found.lines] == ["not measured"]
    assert any(note.endswith("burst failed: it rained") for note in found.notes)
    assert not found.holds


def test_bench_that_tells_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(program(tmp_path, """print('{"format": 1}')"""), tmp_path / "out", monkeypatch)
    assert any("format 1 (allowed: 2)" in note for note in found.notes)
