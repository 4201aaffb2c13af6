"""Operators act on a whole mesh of real processes: halt under load, resume, cancel, flatten, and what is dead meanwhile.

Most tests share one mesh, which each gets with nothing halted and everything resting.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ExitStatus
from tests.integration.whole_mesh import WholeMesh, figures, whole_mesh

pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(300)]
ORDERS = 48
"""In each of the two instruments: the venue takes a hundred in ten seconds, and a few are to follow."""

FEW = 3
WAIT_S = 60.0
HALT_MS_MAX = 1_000.0
"""A bound for a machine that runs other tests too; `bench/scenarios/halt.py` measures."""


def rest_orders(tree: dict[str, Any], **params: Any) -> None:
    """Change a configuration: one strategy that rests orders, and room for all that the venue takes in ten seconds."""
    tree["agents"]["execution"]["cancel_reserve"] = 0.0
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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeMesh]:
    """One mesh for many tests: its strategy holds something of each instrument, and rests a few orders."""
    with running(tmp_path_factory.mktemp("operator"), orders=FEW, buy_notional=5_000.0) as mesh:
        yield mesh


@pytest.fixture
def mesh(shared: WholeMesh) -> Iterator[WholeMesh]:
    """The shared mesh: every agent is live, nothing is halted, and every order rests."""
    shared.wait_until_live()
    for scope in ((), ("--instrument", "ETHUSDT")):
        for _ in range(2):
            if is_held(shared):
                operate(shared, "resume", *scope)
    shared.until(lambda: not is_held(shared), "nothing is halted", WAIT_S)
    wait_for_open(shared, 2 * FEW)
    yield shared
    sys.stdout.write(shared.tails())


def is_held(mesh: WholeMesh) -> bool:
    """Return whether risk or execution holds a mode that an operator has set."""
    statuses = mesh.statuses("risk", "execution")
    lines = [line for name in statuses for line in figures(statuses, name)["trading"]]
    return any(line.startswith(("HALTED", "REDUCING")) for line in lines)


def test_halt_under_load_leaves_no_order_and_resume_takes_two_steps(tmp_path: Path) -> None:
    with running(tmp_path) as mesh:
        found = operate(mesh, "halt", "--reason", "looks wrong")
        assert open_at_venue(mesh) == 0
        (account,) = found["accounts"]
        assert account["gone"] >= 2 * ORDERS
        assert account["gone_ms"] < HALT_MS_MAX
        assert {word["agent"] for word in found["words"]} == {"risk", "execution"}
        mesh.wait_s(1.0)
        assert open_at_venue(mesh) == 0
        assert figures(mesh.statuses("risk"), "risk")["trading"][0] == "HALTED all: operator: looks wrong"
        assert "HALTED all: operator: looks wrong" in mesh.command("status", "-c", mesh.config_file).stdout
        assert operate(mesh, "resume")["notes"][0] == "HALTED -> REDUCING"
        mesh.wait_s(1.0)
        assert open_at_venue(mesh) == 0, "nothing that opens"
        assert operate(mesh, "resume")["notes"][0] == "REDUCING -> ACTIVE"
        wait_for_open(mesh, 2)
        assert "nothing was set" in operate(mesh, "resume")["notes"][0]


def test_halt_survives_the_restart_of_risk_and_of_execution(mesh: WholeMesh) -> None:
    operate(mesh, "halt", "--reason", "for the night")
    for name in ("risk", "execution"):
        before = mesh.status(name).epoch
        kill(mesh, name)
        mesh.until(lambda name=name, before=before: mesh.status(name).epoch > before, f"{name} is back", WAIT_S)
        mesh.wait_until_live()
        mesh.wait_s(1.0)
        assert open_at_venue(mesh) == 0
        assert "HALTED all: operator: for the night" in figures(mesh.statuses(name), name)["trading"]


def test_one_instrument_is_halted_and_the_other_trades(mesh: WholeMesh) -> None:
    operate(mesh, "halt", "--instrument", "ETHUSDT")
    mesh.wait_s(1.0)
    symbols = {each["instrument"] for each in figures(mesh.statuses("execution"), "execution")["open"]}
    assert symbols == {"BTCUSDT"}


def test_cancel_confirms_and_trading_goes_on(mesh: WholeMesh) -> None:
    first = figures(mesh.statuses("execution"), "execution")["open"][0]["client_order_id"]
    (word,) = operate(mesh, "cancel", first)["words"]
    assert word["text"] == "canceled, as the venue confirmed"
    assert "had ended before" in operate(mesh, "cancel", first)["words"][0]["text"]
    assert operate(mesh, "cancel", "nowhere", status=ExitStatus.FAILED)["done"] is False
    assert operate(mesh, "cancel")["accounts"][0]["gone"] >= 2 * FEW - 1
    wait_for_open(mesh, 2 * FEW)


def test_flatten_in_a_market_that_moves(mesh: WholeMesh) -> None:
    assert any(Decimal(qty) > 0 for qty in paper(mesh)["positions"].values())
    found = operate(mesh, "flatten", "--reason", "enough")
    (account,) = found["accounts"]
    assert account["positions"] == {}
    assert account["left"] == []
    assert open_at_venue(mesh) == 0
    assert_flat(mesh)
    mesh.wait_s(1.0)
    assert_flat(mesh)


def assert_flat(mesh: WholeMesh) -> None:
    """Assert that what the venue's account holds is less than can be ordered."""
    tops = {"BTCUSDT": Decimal(100_000), "ETHUSDT": Decimal(10_000)}
    for symbol, qty in paper(mesh)["positions"].items():
        assert abs(Decimal(qty)) * tops[symbol] < 20, symbol


def test_with_execution_dead_the_reaper_cancels_and_tells_what_is_held(mesh: WholeMesh) -> None:
    with mesh.stopped("execution"):
        found = operate(mesh, "flatten", status=ExitStatus.FAILED)
        (account,) = found["accounts"]
        assert account["told_by"] == "reaper"
        assert account["left"] == []
        assert set(account["positions"]) == {"BTCUSDT", "ETHUSDT"}
        assert open_at_venue(mesh) == 0


def test_halt_while_agents_are_started_again_and_again(mesh: WholeMesh) -> None:
    """Halt with risk killed in the same moment: whoever is back holds the mode, and nothing is open."""
    process = subprocess.Popen(
        [*mesh._line(("halt", "-c", mesh.config_file))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    kill(mesh, "risk")
    process.wait(timeout=60)
    mesh.wait_until_live()
    mesh.until(lambda: open_at_venue(mesh) == 0, "no order rests", WAIT_S)
    mesh.wait_s(2.0)
    assert open_at_venue(mesh) == 0


def test_with_risk_dead_execution_halts_and_flattens(mesh: WholeMesh) -> None:
    """Close everything by execution alone, which is no trade of the strategy: it buys nothing again after this."""
    with mesh.stopped("risk"):
        found = operate(mesh, "halt")
        assert found["accounts"][0]["left"] == []
        assert "execution alone" in found["notes"][0]
        found = operate(mesh, "flatten")
        assert found["accounts"][0]["positions"] == {}
        assert_flat(mesh)


def test_ctrl_c_leaves_no_order(mesh: WholeMesh) -> None:
    """End the shared mesh, as the last test that uses it."""
    mesh.ask_to_end()
    found = mesh.report()
    assert (found["orders"]["open"], found["left"]) == (0, [])
    assert found["orders"]["canceled"] >= 2 * FEW
    mesh.start("-c", mesh.config_file, "--json", "--duration", 2)
    found = mesh.report()
    assert (found["orders"]["open"], found["left"]) == (0, [])


def test_orders_may_be_left_at_the_end(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(lambda tree: rest_orders(tree, orders=FEW))
        mesh.start("-c", mesh.config_file, "--json", "--leave-orders")
        mesh.wait_until_live()
        wait_for_open(mesh, 2 * FEW)
        mesh.ask_to_end()
        found = mesh.report()
        assert found["orders"]["open"] >= 2 * FEW
        assert found["left"] == []


def test_nobody_answers_is_an_exit_status_of_its_own(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(rest_orders)
        found = operate(mesh, "halt", "--timeout", 1, status=ExitStatus.UNAVAILABLE)
        assert found["done"] is False
