"""What holds trading back, out of the figures of each role."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mesh import config
from mesh.report.conditions import trading, trouble
from mesh.run import default_config
from schemas.figures import StrategyFigures
from schemas.messages import AgentStatus
from tests.unit.mesh.report.test_figures import FIGURES, status


def told(folder: Path, name: str, **changes: Any) -> AgentStatus:
    """Return the status of an agent, its figures changed."""
    made = config.parse(default_config.default_tree(folder, 8090))
    found = status(name, made)
    return replace(found, figures=replace(found.figures, **changes))


def test_nothing_is_told_while_all_is_well(tmp_path: Path) -> None:
    made = config.parse(default_config.default_tree(tmp_path, 8090))
    assert {name: (trading(status(name, made)), trouble(status(name, made))) for name in made.agents} == dict.fromkeys(
        made.agents, ([], [])
    )
    assert len(FIGURES) >= len(made.agents)


def test_modes_are_those_that_risk_and_execution_hold(tmp_path: Path) -> None:
    lines = ["HALTED all: operator: x"]
    assert trading(told(tmp_path, "execution", trading=lines)) == lines
    found = trading(told(tmp_path, "risk", trading=lines, flattening=["all: x: BTCUSDT 0.5 left"]))
    assert found == [*lines, "closing all: x: BTCUSDT 0.5 left"]


@pytest.mark.parametrize(
    ("name", "changes", "lines"),
    [
        ("execution", {"trouble": "private stream closed"}, ["private stream closed"]),
        ("reaper", {"trouble": "refused"}, ["refused"]),
        ("risk", {"feed_faults": {"BTCUSDT": "STALE_MARKET_DATA"}}, ["BTCUSDT: STALE_MARKET_DATA"]),
        ("md", {"breakers": {"BTCUSDT": "OPEN: silent"}}, ["breaker BTCUSDT OPEN: silent"]),
        ("md", {"faults": {"BTCUSDT": "BREAK"}}, ["BTCUSDT: BREAK"]),
        ("md", {"trades_lost": {"BTCUSDT": 7}}, ["BTCUSDT: 7 trades are missing"]),
        ("md", {"silent": {"trade:1:1": "btcusdt@trade was subscribed"}}, ["btcusdt@trade was subscribed"]),
        ("archive", {"breakers": {"clickhouse": "OPEN: away"}}, ["breaker clickhouse OPEN: away"]),
        ("archive", {"away": "no answer"}, ["no answer"]),
    ],
)
def test_trouble_is_told_by_every_role(tmp_path: Path, name: str, changes: Any, lines: list[str]) -> None:
    assert trouble(told(tmp_path, name, **changes)) == lines


def test_a_strategy_that_began_cold_is_told(tmp_path: Path) -> None:
    cold = StrategyFigures(0, 0, 0, 0, {}, state="running", warm="BTCUSDT 1000 ms: md did not answer")
    found = trouble(told(tmp_path, "signal", strategies={"ema": cold, "other": replace(cold, warm="")}))
    assert found == ["strategy ema lacks history: BTCUSDT 1000 ms: md did not answer"]
