"""A subscriber that stands still gets all that was published meanwhile, and holds nobody up, however small the queues.

Over ZeroMQ it misses what its queue does not hold, and makes it good from the publisher's log; who reads that log itself
misses nothing. Either way every tick of the session is published and archived as the venue sent it.

The figures are printed (`pytest -rP`).
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mesh.run.default_config import describe
from schemas.messages import AgentStatus
from schemas.streams import Kind, stream_id
from tests.integration.recorded import Recorded, assert_archived, assert_report
from tests.integration.whole_mesh import WholeMesh, links, whole_mesh

pytestmark = pytest.mark.whole_mesh
CAPTURE = "raw/binance-spot/hftbacktest/btcusdt_20240809.gz"
COMPARED = 507
SPEED = 40.0
HWM = 100
STOPPED_S = 3.0
"""Longer than a beat's silence and a ZeroMQ heartbeat's, shorter than the watchdog's patience."""

QUOTES = stream_id(Kind.QUOTE, 1, 1)
TRADES = stream_id(Kind.TRADE, 1, 1)


@pytest.fixture(scope="module")
def capture(data_dir: Path) -> Path:
    return data_dir / CAPTURE


@pytest.fixture(scope="module")
def recorded(capture: Path) -> Recorded:
    recorded = Recorded([capture])
    assert recorded.comparable == COMPARED
    return recorded


@pytest.fixture(scope="module")
def described(capture: Path) -> dict[str, Any]:
    return describe([str(capture)])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("same_host", ["memory", "zmq"])
def test_stopped_subscriber_misses_nothing_and_holds_nobody_up(
    tmp_path: Path, capture: Path, recorded: Recorded, described: dict[str, Any], same_host: str
) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(partial(_small_queues, same_host), captures=[str(capture)], speed=SPEED, found=described)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.until(lambda: _published(mesh, QUOTES) > HWM, "quotes flow", 90)
        before, after = _stand_still(mesh, "signal")
        found = mesh.report(120)
        assert_report(found, recorded)
        assert_archived(mesh.config, recorded)

    missed = _of(after["md"], TRADES) - _of(before["md"], TRADES)
    assert missed > HWM
    for name in ("risk", "portfolio", "archive"):
        assert _followed(after[name], QUOTES) - _followed(before[name], QUOTES) > HWM, name

    (slow,) = links(found, publisher="md", subscriber="signal", stream="TRADE/")
    assert slow["received"] + slow["repaired"] >= len(recorded.trades)
    repaired = sum(link["repaired"] for link in links(found, publisher="md", subscriber="signal"))
    assert repaired == 0 if same_host == "memory" else repaired > missed
    sys.stdout.write(f"{same_host}: {missed} trades while stopped; repaired {repaired} messages of md, lost 0\n")


def _small_queues(same_host: str, tree: dict[str, Any]) -> None:
    tree["mesh"]["same_host"] = same_host
    tree["agents"]["md"]["send_hwm"] = HWM
    tree["agents"]["signal"]["receive_hwm"] = HWM


def _stand_still(mesh: WholeMesh, name: str) -> tuple[dict[str, AgentStatus], dict[str, AgentStatus]]:
    """Stop an agent's process for `STOPPED_S`; return the others' statuses at the beginning and at the end."""
    others = [other for other in ("md", "risk", "portfolio", "archive") if other != name]
    with mesh.stopped(name):
        before = {other: mesh.status(other) for other in others}
        mesh.wait_s(STOPPED_S)
        after = {other: mesh.status(other) for other in others}
    return before, after


def _published(mesh: WholeMesh, stream: int) -> int:
    status = mesh.statuses("md").get("md")
    return _of(status, stream) if status else 0


def _of(status: AgentStatus, stream: int) -> int:
    return status.published.get(stream, 0)


def _followed(status: AgentStatus, stream: int) -> int:
    return next(link.seq for link in status.links if link.stream == stream)
