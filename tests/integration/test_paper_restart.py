"""The paper venue ends and starts again: its account is what it was, Tickmesh agrees with it, and trading goes on."""

import os
import signal
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from tests.integration.whole_mesh import WholeMesh, assert_nothing_lost, figures, trade_eagerly, whole_mesh

FILLS_MORE = 5
RECOVERY_S_MAX = 60.0
pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(600)]


class Run(NamedTuple):
    """A run that has ended: what the venue said last, and the report."""

    venue: dict[str, Any]
    report: dict[str, Any]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Kill the venue of a mesh that trades, let trading go on, and run once more in the same folder."""
    with whole_mesh(tmp_path_factory.mktemp("desk")) as mesh:
        mesh.write_config(trade_eagerly)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        fills = mesh.wait_for_fills(FILLS_MORE)
        mesh.until(lambda: figures(mesh.statuses("paper"), "paper")["open_orders"], "an order rests", RECOVERY_S_MAX)
        pid = mesh.pid("paper")
        os.kill(pid, signal.SIGKILL)
        mesh.until(lambda: mesh.pid("paper") not in (0, pid), "the venue is started again", RECOVERY_S_MAX)
        go_on(mesh, epoch=2, fills=fills)
        mesh.until(lambda: outcomes_known(mesh), "every order's outcome is known", RECOVERY_S_MAX)
        first = ended(mesh)
        mesh.start("-c", mesh.config_file, "--json")
        go_on(mesh, epoch=3, fills=int(first.venue["fills"]))
        return first, ended(mesh)


def test_venue_killed_while_trading_comes_back_with_its_account(runs: tuple[Run, Run]) -> None:
    first, _ = runs
    assert_agreed(first)
    assert restarts(first) == {"paper": 1}


def test_second_run_in_the_same_folder_goes_on_with_the_account(runs: tuple[Run, Run]) -> None:
    for run in runs:
        assert any(Decimal(held) for held in run.report["account"].values())
    _, second = runs
    assert_agreed(second)
    assert restarts(second) == {}
    assert second.report["ticks"]["captured"] == second.report["ticks"]["published"]


def restarts(run: Run) -> dict[str, int]:
    """Return how often each agent was started again, of those that were."""
    return {agent["name"]: agent["restarts"] for agent in run.report["agents"] if agent["restarts"]}


def go_on(mesh: WholeMesh, *, epoch: int, fills: int) -> None:
    """Wait until all agents are live, the venue with its `fills` of before and in its next `epoch`, and trade again."""
    found = mesh.wait_until_live()
    assert found["paper"].epoch == epoch
    known = int(figures(found, "paper")["fills"])
    assert known >= fills
    mesh.wait_for_fills(known + FILLS_MORE)


def ended(mesh: WholeMesh) -> Run:
    """End the run."""
    mesh.ask_to_end()
    venue = mesh.last_figures("paper")
    return Run(venue, mesh.report())


def assert_agreed(run: Run) -> None:
    """Assert that nothing was lost, and that Tickmesh and the venue know of the same orders."""
    assert_nothing_lost(run.report)
    assert run.venue["creates_by_client_id_max"] == 1
    orders = run.report["orders"]
    assert orders["submitted"] - orders["rejected"] == sum(run.venue["orders"].values()), (orders, run.venue["orders"])


def outcomes_known(mesh: WholeMesh) -> bool:
    """Return whether execution knows what became of every order, and agrees with the venue."""
    known = figures(mesh.statuses("execution"), "execution")
    return bool(known) and known["reconciled"] and all(order["status"] != "UNKNOWN" for order in known["open"])
