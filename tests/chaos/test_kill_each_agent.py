"""Every agent killed while it trades: it comes back, knows what it knew, and nothing is lost, doubled or left unknown.

The short form kills each once. With TICKMESH_LONG=1 rounds of kills follow in random order (the seed is in the test's
name), each at a moment when an order has just left for the venue, so that its outcome is at stake.
"""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agents.clickhouse.database import connect
from agents.clickhouse.tables import TABLES
from schemas.config import Config
from tests.integration.whole_mesh import AGENTS, WholeMesh, assert_nothing_lost, figures, whole_mesh

KILLED = ("md", "signal", "risk", "execution", "portfolio", "archive")
FILLS_MORE = 5
RECOVERY_S_MAX = 60.0
LONG = bool(os.environ.get("TICKMESH_LONG"))
LONG_ROUNDS = 5


@pytest.mark.timeout(300)
def test_each_agent_killed_once_comes_back_and_trading_goes_on(tmp_path: Path) -> None:
    with trading(tmp_path) as mesh:
        for name in KILLED:
            kill(mesh, name)
            wait_until_trading_goes_on(mesh, name, restarts=1)
        assert_accounted_for(mesh, restarts=1)


@pytest.mark.skipif(not LONG, reason="a long run: set TICKMESH_LONG=1")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_agents_killed_in_any_order_amid_order_traffic(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with trading(tmp_path) as mesh:
        for round_number in range(1, LONG_ROUNDS + 1):
            for name in chance.sample(KILLED, len(KILLED)):
                wait_for_an_order(mesh)
                kill(mesh, name)
                wait_until_trading_goes_on(mesh, name, restarts=round_number)
        assert_accounted_for(mesh, restarts=LONG_ROUNDS)


@contextmanager
def trading(folder: Path) -> Iterator[WholeMesh]:
    """Run a mesh on the order-flow model that trades several times a second."""
    with whole_mesh(folder) as mesh:
        mesh.write_config(_eager)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        yield mesh


def kill(mesh: WholeMesh, name: str) -> None:
    """Kill an agent and wait until another process stands in its place."""
    pid = mesh.pid(name)
    assert pid
    os.kill(pid, signal.SIGKILL)
    mesh.until(lambda: mesh.pid(name) not in (0, pid), f"{name} is started again", RECOVERY_S_MAX)


def wait_for_an_order(mesh: WholeMesh) -> None:
    """Return as soon as one more order was submitted."""

    def submitted() -> int:
        orders = figures(mesh.statuses("execution"), "execution").get("orders", {})
        return int(orders.get("submitted", 0))

    before = mesh.until(submitted, "an order was submitted", RECOVERY_S_MAX)
    mesh.until(lambda: submitted() > before, "one more order was submitted", RECOVERY_S_MAX)


def wait_until_trading_goes_on(mesh: WholeMesh, name: str, *, restarts: int) -> None:
    """Wait until every agent is live, `name` in its next epoch, and the venue has filled some more orders."""
    found = mesh.wait_until_live()
    assert found[name].epoch == restarts + 1
    before = int(figures(found, "paper")["fills"])

    def filled() -> bool:
        fills = figures(mesh.statuses("paper"), "paper").get("fills", 0)
        return int(fills) >= before + FILLS_MORE

    mesh.until(filled, f"{FILLS_MORE} more fills after {name} was killed", RECOVERY_S_MAX)


def assert_accounted_for(mesh: WholeMesh, *, restarts: int) -> None:
    """End the run; assert that venue, report and archive agree on every order, fill and tick."""
    mesh.ask_to_end()
    venue = last_figures_of_venue(mesh)
    found = mesh.report()
    assert_nothing_lost(found)
    assert {agent["name"]: (agent["state"], agent["restarts"]) for agent in found["agents"]} == {
        name: ("live", restarts if name in KILLED else 0) for name in AGENTS
    }
    assert venue["creates_by_client_id_max"] == 1
    assert found["orders"]["submitted"] == sum(venue["orders"].values()) > 0, venue["orders"]
    assert_archived_once(mesh.config, found, venue)


def last_figures_of_venue(mesh: WholeMesh) -> dict[str, Any]:
    """Ask the venue until it answers no more; it is the last but one that is stopped."""
    last: dict[str, Any] = {}
    while now := figures(mesh.statuses("paper"), "paper"):
        last = now
    return last


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
        assert row("SELECT countIf(status = 'INITIALIZED'), uniqExact(client_order_id) FROM tickmesh.orders") == (
            found["orders"]["submitted"],
        ) * 2
        assert row("SELECT count(), uniqExact(instrument_id, trade_id) FROM tickmesh.fills") == (venue["fills"],) * 2
        assert row("SELECT count(), uniqExact(corr) FROM tickmesh.decisions WHERE decision = 'APPROVED'") == (
            found["decisions"]["approved"],
        ) * 2
        for instrument in config.instruments:
            lots, commission_e8 = row(
                f"SELECT sum(toInt64(side) * last_qty_lots), sumIf(commission_e8, commission_asset = '{instrument.base}')"
                f" FROM tickmesh.fills WHERE symbol = '{instrument.symbol}'"
            )
            held = lots * Decimal(instrument.lot_size) - Decimal(commission_e8) / 10**8
            assert held == Decimal(found["account"][instrument.symbol])
    finally:
        client.close()


def _eager(tree: dict[str, Any]) -> None:
    """Let strategies take and make, each a few times a second in each instrument."""
    symbols = [each["symbol"] for each in tree["instruments"]]
    path = "agents.strategies.book_imbalance:BookImbalance"
    lean = {"threshold": 0.05, "cooldown_ms": 250, "order_notional": 200.0}
    tree["agents"]["signal"]["strategies"] += [
        {"name": "taker", "path": path, "instruments": symbols, "params": lean},
        {"name": "maker", "path": path, "instruments": symbols, "params": lean | {"maker": True, "hold_ms": 1000}},
    ]
