"""The folders of runs that were started without a configuration, and which `up` of any kind is the newest.

$XDG_STATE_HOME/tickmesh/runs/20260131T120000Z/    a run without a configuration: tickmesh.toml, logs, archive
$XDG_STATE_HOME/tickmesh/runs/current              path of the configuration of the newest `up`, wherever that lies

Commands that are given no configuration take that of the newest `up`.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from mesh.config import load
from schemas.config import Config
from schemas.errors import UnavailableError

CONFIG_FILE = "tickmesh.toml"


def runs_dir() -> Path:
    """Return the folder of all runs of this user."""
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local/state") / "tickmesh/runs"


def new_run_dir(now: datetime | None = None) -> Path:
    """Make and return an empty folder named after `now` (UTC)."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    runs = runs_dir()
    runs.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = runs / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            folder.mkdir(mode=0o750)
        except FileExistsError:
            number += 1
            continue
        return folder


def set_current(config_file: Path) -> None:
    """Remember the newest `up` by its configuration file."""
    pointer = runs_dir() / "current"
    pointer.parent.mkdir(parents=True, exist_ok=True)
    fresh = pointer.with_name(f"current.{os.getpid()}")
    fresh.write_text(f"{config_file}\n", encoding="utf-8")
    fresh.replace(pointer)


def current() -> Path | None:
    """Return the configuration file of the newest `up`, None if there is none."""
    try:
        path = Path((runs_dir() / "current").read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None
    return path if path.is_file() else None


def load_run(config_file: Path | None) -> Config:
    """Return the configuration in a file, or that of the newest run if there is none.

    Raises:
        ConfigError: If it cannot be read, or anything in it is not allowed.
        UnavailableError: If no run was ever started.
    """
    found = config_file or current()
    if found is None:
        raise UnavailableError(f"no run in {runs_dir()}; name a configuration with -c FILE")
    return load(found)
