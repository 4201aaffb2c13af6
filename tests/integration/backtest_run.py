"""A backtest by the command, for tests of what it leaves."""

import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from mesh.cli.commands import cli
from mesh.run.default_config import make_capture

TIMEOUT_S = 120


def backtest(*args: str, hash_seed: str = "0") -> "subprocess.CompletedProcess[str]":
    """Run `tickmesh backtest` with these arguments."""
    return tickmesh("backtest", *args, hash_seed=hash_seed)


def tickmesh(*args: str, hash_seed: str = "0") -> "subprocess.CompletedProcess[str]":
    """Run a command of Tickmesh."""
    command = [sys.executable, "-m", "mesh", *args]
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, env=env, check=False)


def refusal(*args: str) -> tuple[int, str]:
    """Run a command that is refused before it begins, in this process; return its exit status and what it says."""
    found = CliRunner().invoke(cli, args)
    return found.exit_code, found.stderr


def leave_result(folder: Path, *, duration_s: float = 15.0, seed: int = 7) -> Path:
    """Backtest the default desk on a market of the model, and return the folder of the result."""
    capture, out = folder / "model.gz", folder / "out"
    make_capture(capture, seed=seed, duration_s=duration_s)
    ended = backtest("--capture", str(capture), "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    (folder / "summary.txt").write_text(ended.stdout)
    return out
