"""The reaper beside real processes: whoever is killed and stays down leaves no order at the venue for long.

How long each took is printed (`pytest -rP`).
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.frame import unpack
from core.log import LogReader
from mesh.config import load
from mesh.protocol.codec import decode_frame
from mesh.run.default_config import toml_text
from mesh.transport.client import Client
from schemas.messages import OrdersReaped
from tests.integration.live import until
from tests.integration.venue_account import VenueAccount
from tests.integration.whole_mesh import ROOT, WholeMesh, figures, whole_mesh

pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(400)]

ORDERS = 98
"""The venue takes a hundred in ten seconds, and one by hand is to follow."""
GONE_S_MAX = 5.0
RESTED_S_MAX = 60.0
BACK_S_MAX = 60.0
LOOK_S = 0.01
PATIENT_MS = 30_000
"""A silence that no restart on a busy host takes."""


def resting(tree: dict[str, Any], **reaper: int) -> None:
    """Change a configuration: a strategy rests orders in two instruments, within limits that let it do so at once."""
    tree["agents"]["execution"]["cancel_reserve"] = 0.0
    del tree["agents"]["archive"]
    tree["agents"]["signal"]["strategies"] = [
        {
            "name": "resting",
            "path": f"{ROOT}/tests/integration/resting.py:Resting",
            "instruments": [each["symbol"] for each in tree["instruments"]],
            "params": {"orders": ORDERS // 2},
        }
    ]
    tree["agents"]["risk"]["limits"] |= {
        "open_orders_max": 2 * ORDERS,
        "orders_per_second_max": 2.0 * ORDERS,
        "orders_burst_max": 2 * ORDERS,
        "price_collar": 0.5,
        "correlation_max": 1.0,
        "unknown_orders_max": 2 * ORDERS,
    }
    tree["agents"]["reaper"] |= reaper


class KeptDown:
    """Kills agents of a mesh as soon as they are started, until it is told to stop."""

    def __init__(self, mesh: WholeMesh, *names: str) -> None:
        """Begin with those that run now, all at once."""
        self.killed_ns = time.time_ns()
        self._mesh = mesh
        self._names = names
        self._stopped = threading.Event()
        self._kill()
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopped.wait(0.02):
            self._kill()

    def _kill(self) -> None:
        for pid in [self._mesh.pid(name) for name in self._names]:
            if pid:
                os.kill(pid, signal.SIGKILL)


@contextmanager
def kept_down(mesh: WholeMesh, *names: str) -> Iterator[int]:
    """Keep agents down meanwhile; gives the time at which they were killed (Unix, in nanoseconds)."""
    down = KeptDown(mesh, *names)
    try:
        yield down.killed_ns
    finally:
        down.stop()


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WholeMesh]:
    """A mesh whose venue's key this process has too; it is not started yet."""
    monkeypatch.setenv("TICKMESH_PAPER_KEY", "key-of-the-reapers-test")
    monkeypatch.setenv("TICKMESH_PAPER_SECRET", "secret-of-the-reapers-test")
    with whole_mesh(tmp_path) as made:
        yield made


def wait_until_all_rest(mesh: WholeMesh, account: VenueAccount) -> list[str]:
    """Return the open orders as soon as as many rest as the strategy wants, and are known to execution."""
    mesh.until(lambda: open_at_venue(mesh) >= ORDERS, f"{ORDERS} orders rest", RESTED_S_MAX)
    mesh.until(lambda: _is_reconciled(mesh), "execution agrees with the venue", BACK_S_MAX)
    return account.open_orders()


def open_at_venue(mesh: WholeMesh) -> int:
    """Return how many orders the venue says are open; asking its status costs no request weight."""
    return int(figures(mesh.statuses("paper"), "paper")["open_orders"])


def _is_reconciled(mesh: WholeMesh) -> bool:
    return bool(figures(mesh.statuses("execution"), "execution").get("reconciled"))


def seconds_until_none_rests(mesh: WholeMesh, account: VenueAccount, since_ns: int) -> float:
    """Return how long after `since_ns` the venue showed no open order, and prove that it stays so."""
    mesh.until(lambda: not open_at_venue(mesh), "no order rests", 3 * GONE_S_MAX, look_s=LOOK_S)
    took_s = (time.time_ns() - since_ns) / 1e9
    mesh.wait_s(1.0)
    assert account.open_orders() == []
    return took_s


def epoch(mesh: WholeMesh) -> int:
    """Return which life of execution answers, 0 if none does."""
    found = mesh.statuses("execution")
    return found["execution"].epoch if "execution" in found else 0


def is_heard(mesh: WholeMesh) -> bool:
    """Return whether the reaper hears execution."""
    return bool(figures(mesh.statuses("reaper"), "reaper")["state"] == "watching")


def say(text: str) -> None:
    """Write a figure for whoever reads the output of the test."""
    sys.stdout.write(f"{text}\n")


def reaps(mesh: WholeMesh) -> list[OrdersReaped]:
    """Return what the reaper's log tells."""
    log = LogReader(str(mesh.state / "reaper" / "log"))
    try:
        found = [decode_frame(unpack(frame), frame) for _, frame in log.scan()]
    finally:
        log.close()
    return [message for message in found if isinstance(message, OrdersReaped)]


def test_killed_execution_that_stays_down_leaves_no_order(mesh: WholeMesh) -> None:
    mesh.write_config(resting)
    mesh.start("-c", mesh.config_file, "--json")
    mesh.wait_until_live()
    account = VenueAccount(mesh.config)
    rested = wait_until_all_rest(mesh, account)

    mesh.wait_s(3.0)
    assert set(rested) <= set(account.open_orders()), "both are alive, and the reaper does nothing"
    assert is_heard(mesh)

    with kept_down(mesh, "execution") as killed_ns:
        took_s = seconds_until_none_rests(mesh, account, killed_ns)
        say(f"{len(rested)} orders gone {took_s:.2f} s after execution was killed")
        assert took_s < GONE_S_MAX
        (told,) = mesh.until(lambda: reaps(mesh), "the reap is told", GONE_S_MAX)
        say(f"confirmed by the venue {(told.ts_ns - killed_ns) / 1e9:.2f} s after")
        assert (told.canceled, told.left) == (len(rested), 0)
        by_hand_and_reaper_killed(mesh, account)

    wait_until_all_rest(mesh, account)
    assert is_heard(mesh)
    with kept_down(mesh, "execution", "risk") as killed_ns:
        took_s = seconds_until_none_rests(mesh, account, killed_ns)
        say(f"orders gone {took_s:.2f} s after execution and risk were killed")
        assert took_s < GONE_S_MAX


def by_hand_and_reaper_killed(mesh: WholeMesh, account: VenueAccount) -> None:
    """A reaper that is started while execution is down cancels, whatever the one before it has done."""
    pid = mesh.pid("reaper")
    os.kill(pid, signal.SIGKILL)
    account.rest("BTCUSDT", "0.001", "30000.00")
    killed_ns = time.time_ns()
    mesh.until(lambda: mesh.pid("reaper") not in (0, pid), "the reaper is started again", BACK_S_MAX)
    took_s = seconds_until_none_rests(mesh, account, killed_ns)
    say(f"order gone {took_s:.2f} s after the reaper was killed while execution was down")


def test_execution_that_is_back_in_time_keeps_its_orders(mesh: WholeMesh) -> None:
    def patient(tree: dict[str, Any]) -> None:
        """Have the reaper wait for longer than a restart takes, and execution leave its orders at a stop in order."""
        resting(tree, silence_ms=PATIENT_MS)
        tree["agents"]["execution"]["at_stop"] = "leave"

    mesh.write_config(patient)
    mesh.start("-c", mesh.config_file, "--json")
    mesh.wait_until_live()
    account = VenueAccount(mesh.config)
    rested = wait_until_all_rest(mesh, account)

    for number in (signal.SIGKILL, signal.SIGTERM):
        ended_s, life = time.monotonic(), epoch(mesh)
        os.kill(mesh.pid("execution"), number)

        def is_back(life: int = life) -> bool:
            return epoch(mesh) > life and is_heard(mesh)

        mesh.until(is_back, "execution is heard in another life", BACK_S_MAX, look_s=LOOK_S)
        say(f"execution was heard again {time.monotonic() - ended_s:.2f} s after {number.name}")
        mesh.until(lambda: _is_reconciled(mesh), "execution agrees with the venue", BACK_S_MAX)
        assert set(rested) <= set(account.open_orders())
    mesh.ask_to_end()
    mesh.report()
    assert reaps(mesh) == [], "an orderly end is none of the reaper's business"


def test_ctrl_c_leaves_no_order_though_execution_is_dead(mesh: WholeMesh) -> None:
    """End `up`, and again when the orders are gone: what it waits for then does not come while execution is dead."""
    mesh.write_config(lambda tree: resting(tree, silence_ms=PATIENT_MS))
    mesh.start("-c", mesh.config_file, "--json")
    mesh.wait_until_live()
    rested = wait_until_all_rest(mesh, VenueAccount(mesh.config))
    with kept_down(mesh, "execution"):
        mesh.until(lambda: not is_heard(mesh), "execution is not heard", BACK_S_MAX, look_s=LOOK_S)
        mesh.ask_to_end()
        mesh.until(lambda: not open_at_venue(mesh) and reaps(mesh), "the reap is told", BACK_S_MAX)
        mesh.ask_to_end()
        mesh.wait_for_end(BACK_S_MAX)
    told = reaps(mesh)
    assert (sum(each.canceled for each in told), told[-1].left) == (len(rested), 0)
    say(f"told: {told[-1].text}")


def test_reaper_outlives_the_whole_of_up(mesh: WholeMesh, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.toml"

    def split(tree: dict[str, Any]) -> None:
        """Run the venue and the reaper beside `up`, of the same mesh."""
        resting(tree)
        elsewhere.write_text(toml_text(tree))
        for name in BESIDE:
            del tree["agents"][name]

    mesh.write_config(split)
    with beside_up(mesh, elsewhere, tmp_path), Client(load(elsewhere)) as client:
        until(lambda: "paper" in client.statuses(["paper"]))
        mesh.start("-c", mesh.config_file, "--json")
        account = VenueAccount(mesh.config)

        def at_venue() -> int:
            return int(figures(client.statuses(["paper"]), "paper")["open_orders"])

        mesh.until(lambda: at_venue() >= ORDERS, f"{ORDERS} orders rest", BACK_S_MAX + RESTED_S_MAX)
        killed_ns = time.time_ns()
        mesh.kill()
        until(lambda: not at_venue(), 3 * GONE_S_MAX)
        took_s = (time.time_ns() - killed_ns) / 1e9
        say(f"orders gone {took_s:.2f} s after all of `up` was killed")
        assert took_s < GONE_S_MAX
        until(lambda: [told.left for told in reaps(mesh)] == [0], GONE_S_MAX)
        assert account.open_orders() == []


BESIDE = ("paper", "reaper")


@contextmanager
def beside_up(mesh: WholeMesh, config_file: Path, folder: Path) -> Iterator[None]:
    """Run the agents of `BESIDE` meanwhile, each as systemd would."""
    running = [mesh.spawn("agent", name, "-c", config_file, out=folder / f"{name}.out") for name in BESIDE]
    try:
        yield
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(BACK_S_MAX)
