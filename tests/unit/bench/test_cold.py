"""Cold caches: an order in four processes beside one in one process."""

import time

import pytest

from bench.result import Figure, ScenarioResult
from bench.scenario import Bench
from bench.scenarios import cold
from bench.settings import Mode, make_settings


def bench(**rounds: dict[str, list[float]]) -> Bench:
    earlier = [
        ScenarioResult(
            name=name, title="", figures=[Figure(name=f"{name}.{f}", unit="us", rounds=r) for f, r in some.items()]
        )
        for name, some in rounds.items()
    ]
    result = ScenarioResult(name="cold", title="")
    return Bench(make_settings(Mode.SMOKE), result, 1.0, time.monotonic() + 60, lambda _: None, earlier)


def test_work_is_compared_as_multiples_of_the_chain_in_c_of_the_same_round() -> None:
    four = {
        "agents_ipc.hop.risk_decides.p50": [30.0, 66.0],
        "agents_ipc.hop.risk_decides.p90": [1.0, 1.0],
        "c_ipc.closed.p50": [100.0, 200.0],
    }
    one = {"group.hop.risk_decides.p50": [5.0, 5.0, 5.0], "c_ipc.closed.p50": [50.0, 50.0, 50.0]}
    found = bench(tick_to_order=four, group=one)
    cold.live(found)
    (figure,) = found.result.figures
    assert (figure.name, figure.rounds) == ("cold.live.risk", pytest.approx([3.0, 3.3]))
    assert found.result.tables[0].rows == [("risk", [48.0, 5.0, pytest.approx(3.15)])]


def test_cpu_time_is_that_of_all_threads_of_the_four() -> None:
    parts = [
        f"agents_ipc.cpu.{name}.{part}"
        for name in ("md", "signal", "risk", "execution")
        for part in ("agent", "libzmq")
    ]
    four = {part: [10.0] for part in parts} | {"agents_ipc.cpu.portfolio.agent": [99.0], "c_ipc.cpu.md.agent": [40.0]}
    one = {"group.cpu.desk.agent": [19.0], "group.cpu.desk.other_threads": [1.0], "c_ipc.cpu.md.agent": [40.0]}
    found = bench(tick_to_order=four, group=one)
    cold.live(found)
    assert found.result.figures[0].rounds == [pytest.approx(4.0)]


def test_run_without_the_other_scenarios_says_so() -> None:
    found = bench(group={"group.hop.risk_decides.p50": [5.0]})
    cold.live(found)
    assert not found.result.figures
    assert found.result.skipped == ["live: tick_to_order and group are not measured in this run"]
