"""Every agent killed while it trades: it comes back, knows what it knew, and nothing is lost, doubled or left unknown.

The short form kills each once. With TICKMESH_LONG=1 rounds of kills follow in random order (the seed is in the test's
name), each while an order is open, so that its outcome is at stake. How long each took to come back is printed
(`pytest -rP`).
"""

import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agents.archive.database import connect
from agents.archive.tables import TABLES
from schemas.config import Config
from tests.integration.whole_mesh import (
    AGENTS,
    WholeMesh,
    assert_nothing_lost,
    figures,
    trade_eagerly,
    whole_mesh,
)

pytestmark = pytest.mark.whole_mesh
KILLED = ("md", "signal", "risk", "execution", "portfolio", "archive")
FILLS_MORE = 5
RECOVERY_S_MAX = 60.0
STOPPED_S = 3.0
"""Longer than a beat's silence and a request's time to live, shorter than the watchdog's patience."""

LONG = bool(os.environ.get("TICKMESH_LONG"))
LONG_ROUNDS = 5


@pytest.mark.timeout(300)
def test_each_agent_killed_once_comes_back_and_trading_goes_on(tmp_path: Path) -> None:
    with trading(tmp_path) as mesh:
        for name in KILLED:
            killed_s = time.monotonic()
            kill(mesh, name)
            mesh.wait_until_live()
            live_s = time.monotonic()
            wait_until_trading_goes_on(mesh, name, restarts=1)
            sys.stdout.write(
                f"{name} killed: all live again after {live_s - killed_s:.1f} s, "
                f"{FILLS_MORE} more fills after {time.monotonic() - killed_s:.1f} s\n"
            )
        assert_accounted_for(mesh, restarts=1)


@pytest.mark.skipif(not LONG, reason="a long run: set TICKMESH_LONG=1")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_agents_killed_in_any_order_amid_order_traffic(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with trading(tmp_path) as mesh:
        for round_number in range(1, LONG_ROUNDS + 1):
            for name in chance.sample(KILLED, len(KILLED)):
                wait_for_open_order(mesh)
                kill(mesh, name)
                wait_until_trading_goes_on(mesh, name, restarts=round_number)
        assert_accounted_for(mesh, restarts=LONG_ROUNDS)


@pytest.mark.skipif(not LONG, reason="a long run: set TICKMESH_LONG=1")
@pytest.mark.timeout(600)
def test_all_agents_killed_at_once_come_back_together(tmp_path: Path) -> None:
    with trading(tmp_path) as mesh:
        for round_number in range(1, LONG_ROUNDS + 1):
            wait_for_open_order(mesh)
            kill(mesh, *KILLED)
            for name in KILLED:
                wait_until_trading_goes_on(mesh, name, restarts=round_number)
        assert_accounted_for(mesh, restarts=LONG_ROUNDS)


@pytest.mark.skipif(not LONG, reason="a long run: set TICKMESH_LONG=1")
@pytest.mark.timeout(600)
def test_each_agent_stopped_for_a_while_goes_on_where_it_stood(tmp_path: Path) -> None:
    with trading(tmp_path) as mesh:
        for name in KILLED:
            wait_for_open_order(mesh)
            with mesh.stopped(name):
                mesh.wait_s(STOPPED_S)
            wait_until_trading_goes_on(mesh, name, restarts=0)
        assert_accounted_for(mesh, restarts=0)


@pytest.mark.skipif(not LONG, reason="a long run: set TICKMESH_LONG=1")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["md", "execution"])
def test_agent_that_stands_still_for_good_is_started_again(tmp_path: Path, name: str) -> None:
    with trading(tmp_path) as mesh:
        pid = mesh.pid(name)
        os.kill(pid, signal.SIGSTOP)
        wait_for_another(mesh, name, pid)
        wait_until_trading_goes_on(mesh, name, restarts=1)
        assert_accounted_for(mesh, restarts=1, of=[name])


@contextmanager
def trading(folder: Path) -> Iterator[WholeMesh]:
    """Run a mesh on the order-flow model that trades several times a second."""
    with whole_mesh(folder) as mesh:
        mesh.write_config(trade_eagerly)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        yield mesh


def kill(mesh: WholeMesh, *names: str) -> None:
    """Kill agents and wait until another process stands in the place of each."""
    pids = {name: mesh.pid(name) for name in names}
    assert all(pids.values())
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    for name, pid in pids.items():
        wait_for_another(mesh, name, pid)


def wait_for_another(mesh: WholeMesh, name: str, pid: int) -> None:
    """Wait until another process than `pid` runs the agent."""
    mesh.until(lambda: mesh.pid(name) not in (0, pid), f"{name} is started again", RECOVERY_S_MAX)


def wait_for_open_order(mesh: WholeMesh) -> None:
    """Return while an order is on its way, or at the venue and neither filled nor canceled."""

    def is_open() -> bool:
        return bool(figures(mesh.statuses("execution"), "execution").get("open"))

    mesh.until(is_open, "an order is open", RECOVERY_S_MAX, look_s=0.0)


def wait_until_trading_goes_on(mesh: WholeMesh, name: str, *, restarts: int) -> None:
    """Wait until every agent is live, `name` in its next epoch, and the venue has filled some more orders."""
    found = mesh.wait_until_live()
    assert found[name].epoch == restarts + 1
    mesh.wait_for_fills(int(figures(found, "paper")["fills"]) + FILLS_MORE)


def assert_accounted_for(mesh: WholeMesh, *, restarts: int, of: Sequence[str] = KILLED) -> None:
    """End the run; assert that venue, report and archive agree on every order, fill and tick."""
    mesh.ask_to_end()
    venue = mesh.last_figures("paper")
    found = mesh.report()
    assert_nothing_lost(found)
    assert {agent["name"]: (agent["state"], agent["restarts"]) for agent in found["agents"]} == {
        name: ("live", restarts if name in of else 0) for name in AGENTS
    }
    assert venue["creates_by_client_id_max"] == 1
    orders = found["orders"]
    assert orders["submitted"] - orders["rejected"] == sum(venue["orders"].values()) > 0, (orders, venue["orders"])
    assert_archived_once(mesh.config, found, venue)


def assert_archived_once(config: Config, found: dict[str, Any], venue: dict[str, Any]) -> None:
    client = connect("archive", config)
    try:

        def row(query: str) -> tuple[Any, ...]:
            return tuple(client.query(query).result_rows[0])

        for table in TABLES:
            count, positions = row(
                f"SELECT count(), uniqExact(publisher, stream, epoch, seq) FROM tickmesh.{table.name}"
            )
            assert count == positions, f"{table.name}: {count - positions} rows are there twice"
        assert row("SELECT count() FROM tickmesh.gaps") == (0,)
        assert (
            row("SELECT countIf(status = 'SUBMITTED'), uniqExact(client_order_id) FROM tickmesh.orders")
            == (found["orders"]["submitted"],) * 2
        )
        assert (
            row("SELECT count(), uniqExact(instrument_id, venue_order_id, trade_id) FROM tickmesh.fills")
            == (venue["fills"],) * 2
        )
        assert (
            row("SELECT count(), uniqExact(corr) FROM tickmesh.decisions WHERE decision = 'APPROVED'")
            == (found["decisions"]["approved"],) * 2
        )
        for instrument in config.instruments:
            lots, commission_e8 = row(
                f"SELECT sum(toInt64(side) * last_qty_lots), sumIf(commission_e8, commission_asset = '{instrument.base}')"
                f" FROM tickmesh.fills WHERE symbol = '{instrument.symbol}'"
            )
            held = lots * Decimal(instrument.lot_size) - Decimal(commission_e8) / 10**8
            assert held == Decimal(found["account"][instrument.symbol])
    finally:
        client.close()
