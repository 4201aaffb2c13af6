"""Anchors of a live mesh: made while it trades, started from after a kill, and equal to the full fold at the end."""

import asyncio
import json
import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from mesh.anchor_store import files
from mesh.history.anchoring import Folding
from mesh.run.anchors import keep_anchored
from tests.integration.whole_mesh import assert_nothing_lost, trade_eagerly, whole_mesh

FILLS_MORE = 4
RECOVERY_S_MAX = 60.0
ANCHORED = ("portfolio", "execution", "risk", "signal", "md")
KILLED = ("execution", "risk", "portfolio", "signal")
pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(300)]


def test_agents_that_are_killed_start_from_their_anchors(tmp_path: Path) -> None:
    with whole_mesh(tmp_path) as mesh:
        mesh.write_config(trade_eagerly)
        mesh.start("-c", mesh.config_file, "--json")
        mesh.wait_until_live()
        fills = mesh.wait_for_fills(FILLS_MORE)
        made = mesh.command("anchor", "-c", mesh.config_file, "--json")
        assert made.returncode == 0, made.stderr
        assert {json.loads(line)["agent"] for line in made.stdout.splitlines()} == set(ANCHORED)
        for name in ANCHORED:
            (file,) = files(mesh.state / name / "anchors")
            assert file.stat().st_size > 0
        for name in KILLED:
            pid = mesh.pid(name)
            os.kill(pid, signal.SIGKILL)
            mesh.until(lambda n=name, p=pid: mesh.pid(n) not in (0, p), f"{name} is back", RECOVERY_S_MAX)  # type: ignore[misc]
        found = mesh.wait_until_live()
        assert [name for name in KILLED if found[name].counters.get("anchors_refused")] == []
        mesh.wait_for_fills(fills + FILLS_MORE)
        mesh.ask_to_end()
        report = mesh.report()
        assert_nothing_lost(report)
        assert any(Decimal(held) for held in report["account"].values())
        assert report["positions"].keys() >= report["account"].keys()
        checked = mesh.command("anchor", "-c", mesh.config_file, "--check")
        assert (checked.returncode, checked.stderr) == (0, "")
        moved = mesh.command("anchor", "-c", mesh.config_file, "--move-to", tmp_path / "cold", "--json")
        assert moved.returncode == 0, moved.stderr
        told = [each for each in map(json.loads, moved.stdout.splitlines()) if "lie_there" in each]
        assert {each["agent"]: each["wrong"] for each in told}.items() >= dict.fromkeys(KILLED, "").items()
        assert Folding("risk", mesh.config).run().records > 0
        for path in files(mesh.state / "risk/anchors"):
            path.unlink()
        asyncio.run(made_beside(mesh.config_file, mesh.state / "risk/anchors"))


async def made_beside(config_file: Path, folder: Path) -> None:
    """Have anchors made by the process that `up` has make them, until there is one."""
    making = asyncio.create_task(keep_anchored(config_file, period_s=0.1, grown_mb=0))
    async with asyncio.timeout(RECOVERY_S_MAX):
        while not files(folder):
            await asyncio.sleep(0.1)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
