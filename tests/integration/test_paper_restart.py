"""The paper venue ends and starts again: its account is what it was, Tickmesh agrees with it, and trading goes on."""

import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.whole_mesh import WholeMesh, assert_nothing_lost, figures, trade_eagerly, whole_mesh

FILLS_MORE = 5
RECOVERY_S_MAX = 60.0
DURATION_S = 10


@pytest.mark.timeout(300)
def test_venue_killed_while_trading_comes_back_with_its_account(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(trade_eagerly)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        fills = wait_for_fills(mesh, 0)
        mesh.until(lambda: figures(mesh.statuses("paper"), "paper")["open_orders"], "an order rests", RECOVERY_S_MAX)
        pid = mesh.pid("paper")
        os.kill(pid, signal.SIGKILL)
        mesh.until(lambda: mesh.pid("paper") not in (0, pid), "the venue is started again", RECOVERY_S_MAX)
        found = mesh.wait_until_live()
        assert found["paper"].epoch == 2
        assert figures(found, "paper")["fills"] >= fills
        wait_for_fills(mesh, int(figures(found, "paper")["fills"]))
        mesh.until(lambda: outcomes_known(mesh), "every order's outcome is known", RECOVERY_S_MAX)
        mesh.ask_to_end()
        venue = mesh.last_figures("paper")
        report = mesh.report()
    assert_nothing_lost(report)
    assert {agent["name"]: agent["restarts"] for agent in report["agents"] if agent["restarts"]} == {"paper": 1}
    assert venue["creates_by_client_id_max"] == 1
    orders = report["orders"]
    assert orders["submitted"] - orders["rejected"] == sum(venue["orders"].values()), (orders, venue["orders"])


@pytest.mark.timeout(300)
def test_second_run_in_the_same_folder_goes_on_with_the_account(tmp_path: Path) -> None:
    fills = 0
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(trade_eagerly)
        for run in (1, 2):
            mesh.start("-c", mesh.config_file, "--json", "--duration", DURATION_S)
            live = mesh.wait_until_live()
            assert live["paper"].epoch == run
            assert int(figures(live, "paper")["fills"]) >= fills
            fills = wait_for_fills(mesh, fills)
            venue = mesh.last_figures("paper")
            report = mesh.report()
            assert_nothing_lost(report)
            assert report["ticks"]["captured"] == report["ticks"]["published"]
            assert any(Decimal(held) for held in report["account"].values())
            assert venue["creates_by_client_id_max"] == 1
            assert report["orders"]["submitted"] - report["orders"]["rejected"] == sum(venue["orders"].values())
            fills = int(venue["fills"])


def wait_for_fills(mesh: WholeMesh, before: int) -> int:
    """Wait until the account has some more fills than `before`; return how many it has."""

    def filled() -> int:
        fills = int(figures(mesh.statuses("paper"), "paper").get("fills", 0))
        return fills if fills >= before + FILLS_MORE else 0

    return mesh.until(filled, f"more fills than {before}", RECOVERY_S_MAX)


def outcomes_known(mesh: WholeMesh) -> bool:
    """Return whether execution knows what became of every order, and agrees with the venue."""
    known = figures(mesh.statuses("execution"), "execution")
    return bool(known) and known["reconciled"] and all(order["status"] != "UNKNOWN" for order in known["open"])
