"""Where the inputs of an agent are recorded: a folder for each of its starts, with the configuration that it had.

AGENT/inputs/0000000003/               the start of epoch 3: a log of `mesh.protocol.input_log`
AGENT/inputs/0000000003/config.json    the whole configuration, as `tickmesh check --json` prints it
AGENT/inputs/0000000003/anchor         the anchor that the start began from, if there was one

Retention removes whole starts, the oldest first: what is left of a start without its beginning cannot be run again.
"""

import shutil
from pathlib import Path

import msgspec

from mesh import anchor_store
from mesh.agent import Agent
from mesh.anchor import Anchor
from mesh.config import parse
from mesh.protocol.input_log import InputLog
from schemas.config import Config

FOLDER = "inputs"
CONFIG_FILE = "config.json"
ANCHOR_FILE = "anchor"
SEGMENT_BYTES_MAX = 1 << 24
"""Smaller than a log's: each start begins one of its own."""


def open_inputs(
    name: str, agent_dir: Path, epoch: int, config: Config, agent: Agent, anchor: Anchor | None = None
) -> InputLog:
    """Return the recorder of the start `epoch` of the agent `name`; it is off where nothing is to be recorded.

    `anchor` is what the agent begins from, kept with its inputs: those that lie beside the log go in time.

    Raises:
        OSError: If its folder cannot be made.
    """
    when = config.mesh.record_inputs
    wanted = when == "always" or (when == "processes" and not config.agents[name].group)
    if not wanted or not agent.rests_on_inputs:
        return InputLog("", epoch, segment_bytes=0)
    _retain(agent_dir / FOLDER, config.mesh.inputs_retention_bytes)
    folder = folder_of(agent_dir, epoch)
    inputs = InputLog(str(folder), epoch, segment_bytes=min(SEGMENT_BYTES_MAX, config.mesh.log_segment_bytes))
    (folder / CONFIG_FILE).write_bytes(msgspec.json.encode(config))
    if anchor is not None:
        (folder / ANCHOR_FILE).write_bytes(anchor_store.encode(anchor))
    return inputs


def folder_of(agent_dir: Path, epoch: int) -> Path:
    """Return the folder of one start."""
    return agent_dir / FOLDER / f"{epoch:010d}"


def starts_in(agent_dir: Path) -> list[int]:
    """Return the epochs whose inputs are kept, in order."""
    return sorted(int(path.name) for path in (agent_dir / FOLDER).glob("*") if path.name.isdigit())


def config_of(agent_dir: Path, epoch: int) -> Config:
    """Return the configuration that the agent had in that epoch.

    Raises:
        ConfigError: If this version does not take it any more.
        OSError: If it is not there.
    """
    return parse(msgspec.json.decode((folder_of(agent_dir, epoch) / CONFIG_FILE).read_bytes()))


def anchor_of(agent_dir: Path, epoch: int) -> Anchor | str | None:
    """Return what the agent began from besides its log, None if that was nothing; or why it cannot be read."""
    file = folder_of(agent_dir, epoch) / ANCHOR_FILE
    return anchor_store.decode(file.read_bytes()) if file.is_file() else None


def _retain(folder: Path, bytes_max: int) -> None:
    if not bytes_max:
        return
    starts = sorted(path for path in folder.glob("*") if path.name.isdigit())
    sizes = [sum(file.stat().st_size for file in start.iterdir()) for start in starts]
    while starts and sum(sizes) > bytes_max:
        shutil.rmtree(starts.pop(0))
        sizes.pop(0)
