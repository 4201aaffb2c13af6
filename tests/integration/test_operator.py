"""Operators act on a whole mesh of real processes: halt under load, resume, cancel, flatten, and what is dead meanwhile."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ExitStatus
from tests.integration.whole_mesh import WholeMesh, figures, whole_mesh

pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(300)]
ORDERS = 50
"""In each of the two instruments, so that a hundred rest."""

WAIT_S = 60.0
HALT_MS_MAX = 1_000.0
"""A bound for a machine that runs other tests too; `bench/scenarios/halt.py` measures."""


def rest_orders(tree: dict[str, Any], **params: Any) -> None:
    """Change a configuration: one strategy that rests orders, and room for them."""
    symbols = [each["symbol"] for each in tree["instruments"]]
    path = "tests.integration.resting:Resting"
    tree["agents"]["signal"]["strategies"] = [
        {"name": "resting", "path": path, "instruments": symbols, "params": {"orders": ORDERS} | params}
    ]
    del tree["agents"]["archive"]
    limits = {"open_orders_max": 200, "orders_per_second_max": 200.0, "orders_burst_max": 200, "correlation_max": 1.0}
    tree["agents"]["risk"]["limits"] |= limits


@contextmanager
def running(folder: Path, **params: Any) -> Iterator[WholeMesh]:
    """Give a mesh whose strategy rests its orders."""
    with whole_mesh(folder) as mesh:
        mesh.write_config(lambda tree: rest_orders(tree, **params))
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        wait_for_open(mesh, 2 * params.get("orders", ORDERS))
        yield mesh


def paper(mesh: WholeMesh) -> dict[str, Any]:
    return figures(mesh.statuses("paper"), "paper")


def open_at_venue(mesh: WholeMesh) -> int:
    """Return how many orders rest, as the venue counts them."""
    return int(paper(mesh).get("open_orders", -1))


def wait_for_open(mesh: WholeMesh, count: int) -> None:
    mesh.until(lambda: open_at_venue(mesh) >= count, f"{count} orders rest", WAIT_S)


def operate(mesh: WholeMesh, *arguments: object, status: ExitStatus = ExitStatus.OK) -> dict[str, Any]:
    """Run a command of an operator, and return what it did."""
    done = mesh.command(*arguments, "--json", "-c", mesh.config_file)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return dict(json.loads(done.stdout))


def kill(mesh: WholeMesh, name: str) -> None:
    os.kill(mesh.pid(name), signal.SIGKILL)


def test_halt_under_load_leaves_no_order_and_resume_takes_two_steps(tmp_path: Path) -> None:
    with running(tmp_path) as mesh:
        found = operate(mesh, "halt", "--reason", "looks wrong")
        assert open_at_venue(mesh) == 0
        (account,) = found["accounts"]
        assert account["gone"] >= 2 * ORDERS
        assert account["gone_ms"] < HALT_MS_MAX
        assert {word["agent"] for word in found["words"]} == {"risk", "execution"}
        mesh.wait_s(2.0)
        assert open_at_venue(mesh) == 0
        assert figures(mesh.statuses("risk"), "risk")["trading"][0] == "HALTED all: operator: looks wrong"
        assert "HALTED all: operator: looks wrong" in mesh.command("status", "-c", mesh.config_file).stdout
        assert operate(mesh, "resume")["notes"][0] == "HALTED -> REDUCING"
        mesh.wait_s(1.0)
        assert open_at_venue(mesh) == 0, "nothing that opens"
        assert operate(mesh, "resume")["notes"][0] == "REDUCING -> ACTIVE"
        wait_for_open(mesh, 2)
        assert "nothing was set" in operate(mesh, "resume")["notes"][0]


def test_halt_survives_the_restart_of_risk_and_of_execution(tmp_path: Path) -> None:
    with running(tmp_path, orders=3) as mesh:
        operate(mesh, "halt", "--reason", "for the night")
        for name in ("risk", "execution"):
            before = mesh.status(name).epoch
            kill(mesh, name)
            mesh.until(lambda name=name, before=before: mesh.status(name).epoch > before, f"{name} is back", WAIT_S)
            mesh.wait_until_live()
            mesh.wait_s(1.0)
            assert open_at_venue(mesh) == 0
            assert "HALTED all: operator: for the night" in figures(mesh.statuses(name), name)["trading"]


def test_one_instrument_is_halted_and_the_other_trades(tmp_path: Path) -> None:
    with running(tmp_path, orders=3) as mesh:
        operate(mesh, "halt", "--instrument", "ETHUSDT")
        mesh.wait_s(1.0)
        symbols = {each["instrument"] for each in figures(mesh.statuses("execution"), "execution")["open"]}
        assert symbols == {"BTCUSDT"}


def test_cancel_confirms_and_trading_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, orders=3) as mesh:
        first = figures(mesh.statuses("execution"), "execution")["open"][0]["client_order_id"]
        (word,) = operate(mesh, "cancel", first)["words"]
        assert word["text"] == "canceled, as the venue confirmed"
        assert "had ended before" in operate(mesh, "cancel", first)["words"][0]["text"]
        assert operate(mesh, "cancel", "nowhere", status=ExitStatus.FAILED)["done"] is False
        assert operate(mesh, "cancel")["accounts"][0]["gone"] >= 5
        wait_for_open(mesh, 6)


def test_flatten_in_a_market_that_moves(tmp_path: Path) -> None:
    with running(tmp_path, orders=3, buy_notional=5_000.0) as mesh:
        assert any(Decimal(qty) > 0 for qty in paper(mesh)["positions"].values())
        found = operate(mesh, "flatten", "--reason", "enough")
        (account,) = found["accounts"]
        assert account["positions"] == {}
        assert account["left"] == []
        assert open_at_venue(mesh) == 0
        assert_flat(mesh)
        mesh.wait_s(1.0)
        assert_flat(mesh)
        mesh.ask_to_end()
        assert mesh.report()["left"] == []


def assert_flat(mesh: WholeMesh) -> None:
    """Assert that what the venue's account holds is less than can be ordered."""
    tops = {"BTCUSDT": Decimal(100_000), "ETHUSDT": Decimal(10_000)}
    for symbol, qty in paper(mesh)["positions"].items():
        assert abs(Decimal(qty)) * tops[symbol] < 20, symbol


def test_with_risk_dead_execution_halts_and_flattens(tmp_path: Path) -> None:
    with running(tmp_path, orders=3, buy_notional=5_000.0) as mesh, mesh.stopped("risk"):
        found = operate(mesh, "halt")
        assert found["accounts"][0]["left"] == []
        assert "execution alone" in found["notes"][0]
        found = operate(mesh, "flatten")
        assert found["accounts"][0]["positions"] == {}
        assert_flat(mesh)


def test_with_execution_dead_the_reaper_cancels_and_tells_what_is_held(tmp_path: Path) -> None:
    with running(tmp_path, orders=3, buy_notional=5_000.0) as mesh, mesh.stopped("execution"):
        found = operate(mesh, "flatten", status=ExitStatus.FAILED)
        (account,) = found["accounts"]
        assert account["told_by"] == "reaper"
        assert account["left"] == []
        assert set(account["positions"]) == {"BTCUSDT", "ETHUSDT"}
        assert open_at_venue(mesh) == 0


def test_ctrl_c_leaves_no_order(tmp_path: Path) -> None:
    with running(tmp_path, orders=3) as mesh:
        mesh.ask_to_end()
        found = mesh.report()
        assert (found["orders"]["open"], found["left"]) == (0, [])
        assert found["orders"]["canceled"] >= 6
        mesh.start("-c", mesh.config_file, "--json", "--duration", 3)
        found = mesh.report()
        assert (found["orders"]["open"], found["left"]) == (0, [])


def test_orders_may_be_left_at_the_end(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(lambda tree: rest_orders(tree, orders=3))
        mesh.start("-c", mesh.config_file, "--json", "--leave-orders")
        mesh.wait_until_live()
        wait_for_open(mesh, 6)
        mesh.ask_to_end()
        found = mesh.report()
        assert found["orders"]["open"] >= 6
        assert found["left"] == []


def test_nobody_answers_is_an_exit_status_of_its_own(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(rest_orders)
        found = operate(mesh, "halt", status=ExitStatus.UNAVAILABLE)
        assert found["done"] is False


def test_halt_while_agents_are_started_again_and_again(tmp_path: Path) -> None:
    """Halt with risk killed in the same moment: whoever is back holds the mode, and nothing is open."""
    with running(tmp_path, orders=10) as mesh:
        process = subprocess.Popen(
            [*mesh._line(("halt", "-c", mesh.config_file))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        kill(mesh, "risk")
        process.wait(timeout=60)
        mesh.wait_until_live()
        mesh.until(lambda: open_at_venue(mesh) == 0, "no order rests", WAIT_S)
        mesh.wait_s(2.0)
        assert open_at_venue(mesh) == 0
