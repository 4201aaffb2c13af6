"""The files that `tickmesh new` writes: those of `agents.starter`, as they are to lie in a folder of the trader's own.

The package is found by its name, as roles are. What differs from its files: where state is kept and which port the paper
venue takes, both of this machine, and whence the test takes the strategy.
"""

import importlib.resources
from pathlib import Path

from mesh.run.default_config import free_port
from mesh.run.run_folders import CONFIG_FILE
from schemas.errors import ConfigError

PACKAGE = "agents.starter"
STRATEGY, TEST = "mine.py", "test_mine.py"


def write(folder: Path) -> list[Path]:
    """Write configuration, strategy and test to `folder`, which is made if it is not there; return their paths.

    Raises:
        ConfigError: If one of the files is there already, or the folder cannot be written; nothing is changed then.
    """
    paths = [folder / name for name in (CONFIG_FILE, STRATEGY, TEST)]
    taken = [path for path in paths if path.exists()]
    if taken:
        raise ConfigError(
            f"{taken[0]}: is there already (allowed: a folder without {', '.join(p.name for p in paths)})"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            path.write_text(_text(path.name, folder.absolute()), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
    return paths


def _text(name: str, folder: Path) -> str:
    text = importlib.resources.files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
    if name == CONFIG_FILE:
        state_dir = str(folder / "state").replace("\\", "\\\\").replace('"', '\\"')
        return text.replace("{state_dir}", state_dir).replace("{port}", str(free_port()))
    return text.replace(f"from {PACKAGE}.mine import", "from mine import")
