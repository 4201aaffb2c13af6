"""How a run of the suite is set up: how much of everything, on which CPU, with which data."""

import os
import subprocess
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from bench.processes import NEVER, ROOT

DATA = "TICKMESH_DATA"
NAUTILUS = "TICKMESH_NAUTILUS"
NAUTILUS_VENV = ROOT / ".venv" / "nautilus"
NAUTILUS_VERSION = "from importlib.metadata import version; print(version('nautilus_trader'))"
ASK_S_MAX = 20.0


class Mode(StrEnum):
    """How much is measured."""

    FULL = "full"
    QUICK = "quick"
    SMOKE = "smoke"


BUDGET_S = {Mode.FULL: 840.0, Mode.QUICK: 68.0, Mode.SMOKE: 200.0}
"""When nothing more is begun; what runs then may end, and the report is made."""

ROUNDS = {Mode.FULL: 9, Mode.QUICK: 3, Mode.SMOKE: 1}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`cpu` carries what is measured, `helper_cpu` what drives it; -1 leaves both to the kernel."""

    mode: Mode
    rounds: int
    cpu: int
    helper_cpu: int
    budget_s: float
    data: str
    profile: bool = False
    """Whether to sample where the time goes, in runs of their own."""

    def n(self, full: int, quick: int, smoke: int) -> int:
        """Return a count for this mode."""
        return {Mode.FULL: full, Mode.QUICK: quick, Mode.SMOKE: smoke}[self.mode]

    @property
    def seconds(self) -> float:
        """How long one timing of a micro-benchmark lasts."""
        return {Mode.FULL: 0.25, Mode.QUICK: 0.04, Mode.SMOKE: 0.001}[self.mode]

    @property
    def peers(self) -> bool:
        """Whether to measure what others use, beside the floors."""
        return self.mode is not Mode.SMOKE


def make_settings(
    mode: Mode, *, rounds: int | None = None, cpu: int = 0, data: str = "", profile: bool = False
) -> Settings:
    """Return the settings of a mode on this machine.

    Raises:
        ValueError: If this process may not run on `cpu`.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if cpu != NEVER and cpu not in allowed:
        raise ValueError(f"--cpu {cpu}: this process may run on {allowed} only (-1: pin nothing)")
    others = [each for each in allowed if each != cpu]
    helper = others[-1] if cpu != NEVER and others else NEVER
    return Settings(
        mode=mode,
        rounds=rounds or ROUNDS[mode],
        cpu=cpu,
        helper_cpu=helper,
        budget_s=BUDGET_S[mode],
        data=data or os.environ.get(DATA, str(ROOT.parent / "shared" / "data")),
        profile=profile,
    )


def nautilus_python() -> str:
    """Return an interpreter that has nautilus_trader: the one that the environment names, else that of `make bench`.

    Empty if there is neither: an environment in which the package could not be installed does not count.
    """
    if named := os.environ.get(NAUTILUS, ""):
        return named
    installed = any(NAUTILUS_VENV.glob("lib/python*/site-packages/nautilus_trader"))
    return str(NAUTILUS_VENV / "bin" / "python") if installed else ""


def nautilus_version() -> str:
    """Return the version of nautilus_trader that `nautilus_python` has, empty if there is none."""
    interpreter = nautilus_python()
    return said([interpreter, "-c", NAUTILUS_VERSION]) if interpreter else ""


def said(command: Sequence[str]) -> str:
    """Return the first line that a program prints, empty if it is not there or fails."""
    try:
        ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=ASK_S_MAX)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (ended.stdout.splitlines() or [""])[0].strip()


def capture(settings: Settings, name: str) -> Path | None:
    """Return a recorded capture below the data folder, None if it is not there."""
    path = Path(settings.data) / "raw" / name
    return path if path.is_file() else None
