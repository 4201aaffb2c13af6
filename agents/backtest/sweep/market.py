"""The market data of a sweep: made once, and played by every variant from the same files.

OUT/market/AGENT/log     what each market data agent publishes
OUT/market/made.json     what it was made of; written last, so that what is half made is made again
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agents.backtest.facts import DataFacts
from agents.backtest.market_data import Told
from agents.backtest.sources import CaptureSource
from mesh.sim.recording import LogRecording
from schemas.config import Config

FOLDER = "market"
MADE = "made.json"


class SharedMarket(msgspec.Struct, frozen=True):
    """Where the logs are, by market data agent, and what is known of them."""

    logs: dict[str, str]
    data: DataFacts
    made_of: str = ""

    def recordings(self) -> dict[str, list[LogRecording]]:
        """Return them as what is to be played, of which no message was taken."""
        return {name: [LogRecording(path)] for name, path in self.logs.items()}


def made_of(tree: Mapping[str, Any], sha256: str, tickmesh: str) -> str:
    """Return the hash of all that market data depends on: data, version, and all tables of the configuration but what
    only other agents read."""
    agents = {name: table for name, table in tree["agents"].items() if table.get("role") == "market_data"}
    found = [sha256, tickmesh, tree["venues"], tree["instruments"], agents]
    return hashlib.sha256(msgspec.json.encode(found, order="deterministic")).hexdigest()


def market_of(
    config: Config, tree: Mapping[str, Any], source: CaptureSource, out: Path, tickmesh: str, told: Told
) -> SharedMarket:
    """Return the market data of `source`, which stands in `out` already or is made there now.

    Raises:
        CaptureError: If a capture cannot be read.
        ConfigError: If the configuration does not fit the captures.
    """
    folder = out / FOLDER
    of = made_of(tree, source.data().sha256, tickmesh)
    found = _standing(folder, of)
    if found is not None:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    try:
        played = source.open(config, folder, told)
    finally:
        source.close()
    logs = {name: str((folder / name / "log").absolute()) for name in played.recordings}
    made = SharedMarket(logs, played.data, of)
    _write(folder / MADE, msgspec.json.encode(made))
    return made


def _standing(folder: Path, of: str) -> SharedMarket | None:
    try:
        found = msgspec.json.decode((folder / MADE).read_bytes(), type=SharedMarket)
    except (OSError, msgspec.DecodeError):
        return None
    # The folder may have been moved meanwhile.
    logs = {name: str((folder / name / "log").absolute()) for name in found.logs}
    return msgspec.structs.replace(found, logs=logs) if found.made_of == of else None


def _write(path: Path, content: bytes) -> None:
    """Write a file that is either whole or not there."""
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
