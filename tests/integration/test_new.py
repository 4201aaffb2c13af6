"""The first minute of a newcomer, command for command: `new`, the test, `check`, `up`; and a capture of one's own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mesh.config import load
from schemas.errors import ExitStatus

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.whole_mesh, pytest.mark.timeout(240)]
DEADLINE_S = 120.0
RUN_S = 6


class Newcomer:
    """A folder without PYTHONPATH, in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        self._environment["XDG_STATE_HOME"] = str(folder / "home")

    def tickmesh(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.run(Path(sys.executable).with_name("tickmesh"), *arguments)

    def run(self, *line: object) -> subprocess.CompletedProcess[str]:
        command = [str(each) for each in line]
        return subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=DEADLINE_S
        )

    def report(self, *arguments: object) -> dict[str, Any]:
        """Return the report of an `up` that has ended well."""
        found = self.tickmesh("up", "--json", *arguments)
        assert found.returncode == ExitStatus.OK, found.stderr
        return dict(json.loads(found.stdout))


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path)


def test_new_strategy_is_tested_checked_and_trades(newcomer: Newcomer) -> None:
    assert newcomer.tickmesh("new", "mine").returncode == ExitStatus.OK
    again = newcomer.tickmesh("new", "mine")
    assert again.returncode == ExitStatus.CONFIG
    assert again.stderr.startswith("tickmesh: mine/tickmesh.toml: is there already")
    tested = newcomer.run(sys.executable, "-m", "pytest", "-q", "mine")
    assert tested.returncode == 0, tested.stdout
    checked = newcomer.tickmesh("check", "-c", "mine/tickmesh.toml")
    assert checked.returncode == ExitStatus.OK, checked.stderr
    found = newcomer.report("-c", "mine/tickmesh.toml", "--duration", RUN_S)
    assert found["fills"] > 0
    assert found["ticks"]["captured"] == found["ticks"]["published"] == found["ticks"]["archived"] > 0
    assert {link["lost"] for link in found["links"]} == {0}


def test_module_beside_the_configuration_is_found_also_by_a_copy_that_up_writes(newcomer: Newcomer) -> None:
    newcomer.tickmesh("new", "mine")
    newcomer.tickmesh("make-capture", "model.gz", "--duration", 20)
    config = newcomer.folder / "mine/tickmesh.toml"
    (newcomer.folder / "mine/mine.py").rename(newcomer.folder / "mine/momentum.py")
    config.write_text(config.read_text().replace("./mine.py:Mine", "momentum:Mine").replace('"0.01"', '"0.1"', 1))
    found = newcomer.report("-c", config, "--capture", "model.gz", "--speed", 4, "--state-dir", "elsewhere")
    copy = load(newcomer.folder / "elsewhere/tickmesh.toml")
    assert copy.mesh.strategy_dir == str(config.parent)
    assert found["signals"] > 0


def test_capture_made_here_is_played_and_archived_tick_for_tick(newcomer: Newcomer) -> None:
    made = newcomer.tickmesh("make-capture", "model.gz", "--seed", 7, "--duration", 60)
    assert made.returncode == ExitStatus.OK, made.stderr
    frames = int(made.stdout.split()[1])
    found = newcomer.report("--capture", "model.gz", "--speed", 20)
    assert found["ticks"] == dict.fromkeys(("captured", "published", "archived"), frames)
    assert all(book["compared"] == book["equal"] > 0 for book in found["books"])
    assert {link["lost"] for link in found["links"]} == {0}
    assert found["fills"] > 0
