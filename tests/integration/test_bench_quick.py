"""The bench in its quickest form: every scenario runs and tells its figures. Nothing here looks at how fast anything is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.result import read, write
from bench.suite import SCENARIOS

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 280
pytestmark = [pytest.mark.timeout(300), pytest.mark.whole_mesh]


def bench(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mesh", "bench", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=ROOT, check=False)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bench")
    ended = bench("--smoke", "--json", "--out", folder)
    assert ended.stdout, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == 0, [scenario["error"] for scenario in result["scenarios"] if scenario["error"]]
    return result | {"folder": folder}


def test_every_scenario_tells_figures_or_says_why_not(found: dict[str, Any]) -> None:
    assert [scenario["name"] for scenario in found["scenarios"]] == list(SCENARIOS)
    for scenario in found["scenarios"]:
        assert not scenario["error"], scenario["error"]
        assert scenario["figures"] or scenario["skipped"], scenario["name"]


def test_chain_of_real_agents_lost_no_tick(found: dict[str, Any]) -> None:
    figures = {f["name"]: f for scenario in found["scenarios"] for f in scenario["figures"]}
    assert figures["tick_to_order.agents_ipc.closed.p50"]["rounds"][0] > 0
    assert not any(name.startswith("tick_to_order.agents_ipc") and name.endswith("no_order") for name in figures)


def test_what_needs_no_extras_is_measured_beside_it(found: dict[str, Any]) -> None:
    figures = {f["name"]: f for scenario in found["scenarios"] for f in scenario["figures"]}
    for name in (
        "tick_to_order.agents_on_asyncio.closed.p50",
        "tick_to_order.zmq_asyncio.closed.p50",
        "tick_to_order.c_ipc.rested.p50",
        "risk.zmq_asyncio.round_trip.p50",
        "fanout.zmq_asyncio.1",
    ):
        assert figures[name]["rounds"][0] > 0


def test_bars_show_the_work_of_each_agent_between_the_hops(found: dict[str, Any]) -> None:
    bars = {bar["name"]: bar["hops"] for each in found["scenarios"] for bar in each["hops"] if each["name"] == "group"}
    steps = ["md decodes", "md sends", "md > signal", "signal decides", "signal sends", "signal > risk"]
    steps += ["risk decides", "risk sends", "risk > execution", "execution decides", "execution sends", "rest"]
    assert list(bars["group"]) == steps


def test_burst_comes_out_with_its_orders(found: dict[str, Any]) -> None:
    figures = {f["name"]: f for scenario in found["scenarios"] for f in scenario["figures"]}
    assert figures["burst.agents"]["rounds"][0] > 0
    assert figures["burst.agents.no_order"]["rounds"][0] < 1


def test_every_process_of_a_desk_tells_how_long_it_starts(found: dict[str, Any]) -> None:
    figures = {f["name"]: f for scenario in found["scenarios"] for f in scenario["figures"]}
    assert figures["startup.group.live"]["rounds"][0] > 0
    assert figures["startup.signal.live"]["rounds"][0] > 0


def test_result_says_how_and_with_what_it_was_measured(found: dict[str, Any]) -> None:
    assert found["versions"]["libzmq"].count(".") == 2
    assert set(found["method"]) == {"rounds", "warm-up", "garbage collector", "latency"}
    assert len(found["machine"]["load_before"]) == len(found["machine"]["load_after"]) == 3


def test_rotation_is_told_beside_the_other_appends(found: dict[str, Any]) -> None:
    (table,) = next(each["tables"] for each in found["scenarios"] if each["name"] == "rotation")
    appends = {name: values[-1] for name, values in table["rows"]}
    assert appends["paced, rotating"] >= 1
    assert appends["paced, ordinary"] > 1000


def test_what_an_order_has_the_kernel_do_is_told_of_each_process(found: dict[str, Any]) -> None:
    (table,) = next(each["tables"] for each in found["scenarios"] if each["name"] == "tick_to_order")
    chains = {name.partition(",")[0] for name, _ in table["rows"]}
    assert chains == {"agents_ipc", "c_ipc"}
    waited = {name: values[1] for name, values in table["rows"]}
    assert waited["c_ipc, risk"] > 0.5


def test_cold_caches_are_told_of_the_machine_and_of_the_agents(found: dict[str, Any]) -> None:
    figures = {f["name"]: f for scenario in found["scenarios"] for f in scenario["figures"]}
    assert figures["cold.lines.data.1024.1"]["rounds"][0] > 0
    assert figures["cold.lines.data.1024.5"]["rounds"][0] > 0
    assert figures["cold.live.risk"]["rounds"][0] > 0
    assert figures["cold.live.cpu"]["rounds"][0] > 0


def test_repair_lost_nothing(found: dict[str, Any]) -> None:
    figures = {f["name"]: f for scenario in found["scenarios"] for f in scenario["figures"]}
    assert figures["repair.lost"]["rounds"] == [0.0]


def test_each_target_tells_what_was_measured(found: dict[str, Any]) -> None:
    keys = {"name", "target", "measured", "reference", "holds"}
    for line in found["targets"]:
        assert keys <= line.keys()
        assert line["holds"] in (True, False) if line["measured"] is not None else line["why"]


def test_result_file_and_report_are_written(found: dict[str, Any]) -> None:
    (page,) = found["folder"].glob("*.html")
    (result,) = found["folder"].glob("*.json")
    (brief,) = found["folder"].glob("*.md")
    assert "xychart-beta horizontal" in brief.read_text()
    text = page.read_text()
    assert "Tick to order, four processes" in text
    assert "<td>c_ipc, risk<td class=n>" in text
    assert "http://" not in text
    assert "https://" not in text
    assert read(result).commit == found["commit"]


def test_compare_ends_with_status_1_if_a_figure_got_worse(found: dict[str, Any], tmp_path: Path) -> None:
    (path,) = found["folder"].glob("*.json")
    old = read(path)
    for scenario in old.scenarios:
        for figure in scenario.figures:
            figure.rounds = [each * (1e-6 if figure.better == "lower" else 1e6) for each in figure.rounds] * 3
    write(old, tmp_path / "old.json")
    ended = bench(
        "--smoke", "--rounds", 3, "--only", "venue_frames", "--out", tmp_path, "--compare", tmp_path / "old.json"
    )
    assert ended.returncode == 1
    assert "worse  venue_frames.trade:" in ended.stderr


def test_two_checkouts_are_measured_in_turns(tmp_path: Path) -> None:
    if not (ROOT / ".venv" / "bin" / "python").exists():
        pytest.skip("the interpreter of these tests is not in the checkout's .venv")
    arguments = ("--rounds", 2, "--only", "replay", "--bound", 1000, "--json", "--out", tmp_path)
    ended = bench("--smoke", "--against", ROOT, *arguments)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["this"] == found["other"]
    assert [len(line["ratios"]) for line in found["lines"]] == [2, 2, 2]
    (written,) = tmp_path.glob("*-against.json")
    assert json.loads(written.read_text()) == found
    ended = bench("--smoke", "--against", ROOT, *arguments, "--rounds", 1, "--bound", 1e-6)
    assert ended.returncode == 1
    assert {line["verdict"] for line in json.loads(ended.stdout)["lines"]} == {"over"}


def test_checkout_that_is_not_there_to_be_measured_is_refused(tmp_path: Path) -> None:
    ended = bench("--against", tmp_path)
    assert ended.returncode == 78
    assert "no checkout of Tickmesh" in ended.stderr


def test_unknown_scenario_is_refused_with_those_that_there_are() -> None:
    ended = bench("--only", "nothing")
    assert ended.returncode == 78
    assert "venue_frames" in ended.stderr
