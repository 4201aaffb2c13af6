"""The market data of a sweep: made once, and played by every variant from the same files.

OUT/market/AGENT/log     what each market data agent publishes
OUT/market/made.json     what it was made of; written last, so that what is half made is made again
"""

import hashlib
import heapq
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agents.backtest.facts import DataFacts
from agents.backtest.market_data import Told
from agents.backtest.sources import CaptureSource, MarketPlayed, PlayedFrom
from core.log import LogWriter
from mesh.protocol.codec import Packer
from mesh.sim.recording import LogRecording, Recording
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
    config: Config, tree: Mapping[str, Any], source: PlayedFrom, out: Path, tickmesh: str, told: Told
) -> SharedMarket:
    """Return the market data of `source`, which stands in `out` already or is made there now.

    Raises:
        CaptureError: If a capture cannot be read.
        ConfigError: If the configuration does not fit the data.
        UnavailableError: If the archive does not answer.
    """
    folder = out / FOLDER
    try:
        if isinstance(source, CaptureSource):
            of = made_of(tree, source.data().sha256, tickmesh)
            return _standing(folder, of) or _made(folder, of, lambda: source.open(config, folder, told))
        # An archive is asked what it has, and read only if that is not what stands.
        played = source.open(config, folder, told)
        of = made_of(tree, played.data.sha256, tickmesh)
        return _standing(folder, of) or _made(folder, of, lambda: _logged(config, played, folder, told))
    finally:
        source.close()


def _made(folder: Path, of: str, make: Callable[[], MarketPlayed]) -> SharedMarket:
    shutil.rmtree(folder, ignore_errors=True)
    played = make()
    logs = {name: str((folder / name / "log").absolute()) for name in played.recordings}
    made = SharedMarket(logs, played.data, of)
    _write(folder / MADE, msgspec.json.encode(made))
    return made


def _logged(config: Config, played: MarketPlayed, folder: Path, told: Told) -> MarketPlayed:
    """Write recordings to the logs that the agents would have of them, in the order of receipt."""
    for name, recordings in played.recordings.items():
        path = folder / name / "log"
        path.mkdir(parents=True)
        log, packer = LogWriter(str(path)), Packer(config.agents[name].id)
        left = [(each.wall_ns, number, each) for number, each in enumerate(recordings) if each.step()]
        heapq.heapify(left)
        first_ns = left[0][0] if left else 0
        untimed: list[bytes] | None = []
        while left:
            wall_ns, number, each = left[0]
            frame = _frame(packer, each)
            if untimed is not None and not hasattr(each.message, "ts_recv_ns"):
                # A log tells time by its messages: what has none comes after the first that does.
                untimed.append(frame)
            else:
                log.append(frame)
                for other in untimed or ():
                    log.append(other)
                untimed = None
            if each.step():
                heapq.heapreplace(left, (each.wall_ns, number, each))
            else:
                heapq.heappop(left)
            told(wall_ns - first_ns, max(1, played.data.last_ns - first_ns))
        log.sync()
        log.close()
    return played


def _frame(packer: Packer, recording: Recording) -> bytes:
    """Return the message at hand as its publisher sent it."""
    message, at_ns = recording.message, recording.wall_ns
    assert message is not None, "there is one at hand"
    (stream,) = recording.streams
    return packer.pack(message, stream, recording.epoch, recording.seq, at_ns, at_ns, at_ns, 0, recording.flags)


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
