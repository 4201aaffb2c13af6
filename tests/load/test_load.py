"""Many times the recorded rate, on each dialect, and every connection closed again and again: nothing lost, memory flat.

The market is the model's, `SPEED` times as fast as it goes by itself; strategies take and make in it all the while. Each
`RECONNECT_S` the venue closes every websocket, of market and account, and they are opened again. At the end `up` itself
says that positions are what the account holds. The short form is seconds of one dialect; TICKMESH_LONG=1 is twenty minutes
of each (TICKMESH_LOAD_S: so many seconds). What went through, and what memory each agent took, is printed (`pytest -rP`).
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.integration.whole_mesh import WholeMesh, assert_nothing_lost, figures, trade_eagerly, whole_mesh

pytestmark = pytest.mark.whole_mesh
LONG = bool(os.environ.get("TICKMESH_LONG"))
SPEED = 50
LOAD_S = float(os.environ.get("TICKMESH_LOAD_S", "1200")) if LONG else 6.0
RECONNECT_S = 60.0 if LONG else 2.0
LOOK_S = 1.0
END_S_MAX = 240.0
GROWTH_KB_MAX = {"archive": 32_768}
GROWTH_KB_MAX_OTHERS = 12_288
"""What an agent may take more in the last quarter than in the second: what is kept of orders and bars is bounded and may
not be full yet (16,384 decisions are half an hour here); eight bytes of each tick would be 16 MB at least. The archive's
engine merges parts all the while, later ones larger: what it holds for that goes up and down by some 60 MB, however many
rows there are."""
VENUE_ORDER_KB = 3
"""What the paper venue keeps of an order for good: a venue knows all of them."""
DIALECTS = ("binance", "bybit", "okx") if LONG else ("bybit",)


@pytest.mark.timeout(LOAD_S + 2 * END_S_MAX)
@pytest.mark.parametrize("venue", DIALECTS)
def test_under_load_and_reconnects_nothing_is_lost_and_memory_is_flat(tmp_path: Path, venue: str) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(trade_eagerly, venue=venue, speed=SPEED)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        memory, closed = _load(mesh)
        received = int(figures(mesh.statuses("md"), "md")["ticks"]["received"])
        mesh.ask_to_end()
        found = mesh.report(END_S_MAX)
    _tell(venue, found, received, closed, memory)
    assert closed >= int(LOAD_S / RECONNECT_S) - 1
    assert not LONG or found["orders"]["submitted"] > 0
    assert found["ticks"]["captured"] == found["ticks"]["published"]
    assert_nothing_lost(found)
    grown = {name: _growth_kb(samples) for name, samples in memory.items()}
    grown["paper"] -= VENUE_ORDER_KB * found["orders"]["submitted"] / 2
    too_much = {name: kb for name, kb in grown.items() if kb > GROWTH_KB_MAX.get(name, GROWTH_KB_MAX_OTHERS)}
    assert not LONG or too_much == {}


def _load(mesh: WholeMesh) -> tuple[dict[str, list[int]], int]:
    """Let time pass, and the venue hang up; return each agent's memory second by second, and how often that was."""
    memory: dict[str, list[int]] = {name: [] for name in mesh.config.agents}
    begun_s = time.monotonic()
    closed = 0
    while (now_s := time.monotonic() - begun_s) < LOAD_S:
        if now_s >= (closed + 1) * RECONNECT_S:
            closed += 1
            mesh.fault("close_market")
            mesh.fault("close_user")
        for name, samples in memory.items():
            samples.append(_own_kb(mesh.pid(name)))
        mesh.wait_s(LOOK_S)
    return memory, closed


def _own_kb(pid: int) -> int:
    """Return the memory that is a process's own; pages of its log are the kernel's to take back, and grow with that."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def _growth_kb(samples: Sequence[int]) -> float:
    """Return how much more the last quarter took than the second."""
    part = max(1, len(samples) // 4)
    return median(samples[-part:]) - median(samples[part : 2 * part] or samples)


def _tell(venue: str, found: dict[str, Any], received: int, closed: int, memory: dict[str, list[int]]) -> None:
    lines = [
        f"{venue}: {LOAD_S:.0f} s at {SPEED} times the rate, {closed} reconnects, {received / LOAD_S:,.0f} ticks/s",
        f"ticks {found['ticks']}; orders {found['orders']}",
    ]
    for name, samples in memory.items():
        first, most, grown = samples[0] / 1024, max(samples) / 1024, _growth_kb(samples) / 1024
        lines.append(
            f"{name}: {first:.1f} MB at first, {most:.1f} at most, {grown:+.1f} from the second quarter to the last"
        )
    sys.stdout.write("\n".join(lines) + "\n")
