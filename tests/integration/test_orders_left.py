"""Orders that nobody owns any more, with real processes: whoever is gone, execution cancels, and at its own stop too.

There is no reaper here: it is execution that is proven. How long each took is printed (`pytest -rP`).
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.frame import unpack
from core.log import LogReader
from mesh.protocol.codec import decode_frame
from schemas.messages import Message, OrderInitialized, OrderUpdated
from schemas.orders import OrderStatus, Reason
from tests.integration.test_reaper import (
    ORDERS,
    kept_down,
    open_at_venue,
    resting,
    say,
    seconds_until_none_rests,
    wait_until_all_rest,
)
from tests.integration.venue_account import VenueAccount
from tests.integration.whole_mesh import WholeMesh, whole_mesh

pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(400)]

PEER_TIMEOUT_MS = 2_000
GONE_S_MAX = 5.0
STOP_S_MAX = 8.0
AGENTS = {"paper", "portfolio", "execution", "risk", "signal", "md"}


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WholeMesh]:
    """A mesh whose venue's key this process has too; it is not started yet."""
    monkeypatch.setenv("TICKMESH_PAPER_KEY", "key-of-the-test-of-orders")
    monkeypatch.setenv("TICKMESH_PAPER_SECRET", "secret-of-the-test-of-orders")
    with whole_mesh(tmp_path) as made:
        yield made


def begin(mesh: WholeMesh, **execution: Any) -> tuple[VenueAccount, list[str]]:
    """Start a mesh without reaper and archive; return its account when all orders rest, and their ids."""

    def change(tree: dict[str, Any]) -> None:
        resting(tree)
        del tree["agents"]["reaper"]
        tree["agents"]["execution"] |= {"peer_timeout_ms": PEER_TIMEOUT_MS, **execution}

    mesh.write_config(change)
    mesh.start("-c", mesh.config_file, "--json")
    account = VenueAccount(mesh.config)
    mesh.until(lambda: mesh.statuses().keys() >= AGENTS, "every agent answers", 90.0)
    return account, wait_until_all_rest(mesh, account)


def execution_log(mesh: WholeMesh) -> list[Message]:
    log = LogReader(str(mesh.state / "execution" / "log"))
    try:
        return [decode_frame(unpack(frame), frame) for _, frame in log.scan()]
    finally:
        log.close()


def canceled_for(mesh: WholeMesh, reason: Reason) -> set[str]:
    """Return the orders that the venue has confirmed as canceled for that reason."""
    return {
        message.client_order_id
        for message in execution_log(mesh)
        if isinstance(message, OrderUpdated) and (message.status, message.reason) == (OrderStatus.CANCELED, reason)
    }


@pytest.mark.parametrize(("gone", "reason"), [("signal", Reason.STRATEGY_GONE), ("risk", Reason.RISK_GONE)])
def test_whoever_owned_orders_and_is_killed_and_kept_down_leaves_none(
    mesh: WholeMesh, gone: str, reason: Reason
) -> None:
    account, rested = begin(mesh)
    mesh.wait_s(2 * PEER_TIMEOUT_MS / 1000)
    assert set(rested) <= set(account.open_orders()), "all are there, and nothing is canceled"
    with kept_down(mesh, gone) as killed_ns:
        took_s = seconds_until_none_rests(mesh, account, killed_ns)
    say(f"{len(rested)} orders gone {took_s:.2f} s after {gone} was killed")
    assert PEER_TIMEOUT_MS / 1000 < took_s < GONE_S_MAX
    assert set(rested) <= canceled_for(mesh, reason)


def test_execution_that_is_stopped_in_order_leaves_no_order(mesh: WholeMesh) -> None:
    _, rested = begin(mesh)
    pid, told_ns = mesh.pid("execution"), time.time_ns()
    os.kill(pid, signal.SIGTERM)
    took_s = wait_for_end(mesh, pid, told_ns)
    say(f"{len(rested)} orders gone, and execution too, {took_s:.2f} s after it was told to stop")
    assert took_s < STOP_S_MAX
    assert set(rested) <= canceled_for(mesh, Reason.CANCELED_AT_STOP)


def wait_for_end(mesh: WholeMesh, pid: int, since_ns: int) -> float:
    """Return how long after `since_ns` the process had ended."""
    mesh.until(lambda: mesh.pid("execution") != pid, "execution has ended", 2 * STOP_S_MAX, look_s=0.01)
    return (time.time_ns() - since_ns) / 1e9


def test_orders_that_are_to_be_left_stay_over_a_stop_and_a_start_keeps_them(mesh: WholeMesh) -> None:
    account, rested = begin(mesh, at_stop="leave")
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid, told_ns = mesh.pid("execution"), time.time_ns()
        os.kill(pid, number)
        took_s = wait_for_end(mesh, pid, told_ns)
        say(f"execution had ended {took_s:.2f} s after {number.name}")
        assert open_at_venue(mesh) >= ORDERS
        wait_until_all_rest(mesh, account)
        assert set(rested) <= set(account.open_orders())


def test_what_a_killed_execution_left_is_canceled_at_its_start_if_it_is_told_so(mesh: WholeMesh) -> None:
    account, rested = begin(mesh, at_start="cancel")
    by_hand = account.rest("BTCUSDT", "0.001", "30000.00")
    os.kill(mesh.pid("execution"), signal.SIGKILL)
    mesh.until(lambda: set(rested) <= canceled_for(mesh, Reason.CANCELED_AT_START), "all are canceled", 60.0)
    assert by_hand in account.open_orders()
    taken_on = [m.client_order_id for m in execution_log(mesh) if isinstance(m, OrderInitialized) and not m.external]
    assert len(set(taken_on)) == len(taken_on)
