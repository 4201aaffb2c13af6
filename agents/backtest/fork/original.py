"""A run that was: what it was run with, when, and on which market.

It is found by its folder: that of a backtest has a result, that of a live run its configuration.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from agents.backtest.facts import DataFacts
from agents.backtest.parity.run_market import market_of_run
from agents.backtest.result import FILE, LOGS
from agents.backtest.sources import ArchiveSource, MarketPlayed, played_logs
from mesh.config import load
from mesh.sim.recording import Recording
from schemas.config import Config, MarketDataConfig
from schemas.errors import ExitStatus, TickmeshError

CONFIG_FILE = "tickmesh.toml"


class NoRunError(TickmeshError):
    """There is no run where one was named, or nothing of it at that time."""

    exit_status = ExitStatus.NO_INPUT


class OriginalRun(msgspec.Struct, frozen=True):
    """One run: its folder of logs, and the time from its first message to its last."""

    config: Config
    logs: Path
    first_ns: int
    last_ns: int
    seed: int
    data: DataFacts
    clocks_ns: dict[str, int]
    """By market data agent what its venue's clock showed more than the one that received."""
    simulated: bool
    """Whether it was a backtest, which comes out the same again."""

    @contextmanager
    def market(self) -> Iterator[MarketPlayed]:
        """Give the market of the run, of which no message was taken.

        Raises:
            NoRunError: If it is not here any more.
            UnavailableError: If the archive that it was played from does not answer.
        """
        paths = market_logs(self.config, self.logs)
        if paths:
            yield played_logs(paths, self.data)
            return
        source = ArchiveSource(*_span(self.logs, self.data))
        try:
            played = source.open(self.config, self.logs, lambda done, whole: None)
            if played.data.sha256 != self.data.sha256:
                raise NoRunError(f"the archive has other rows than were played (found: {played.data.sources})")
            yield played
        finally:
            source.close()


def original_run(folder: Path) -> OriginalRun:
    """Return the run whose folder, or whose configuration file, this is.

    Raises:
        ConfigError: If its configuration is not one.
        NoRunError: If there is none.
    """
    file = folder / CONFIG_FILE if folder.is_dir() else folder
    if not file.is_file():
        raise NoRunError(f"{folder}: no run (allowed: the folder of a backtest or of a run, or its {CONFIG_FILE})")
    config = load(file)
    if (file.parent / FILE).is_file():
        return _backtest(config, file.parent)
    return _live(config, Path(config.mesh.state_dir))


def market_logs(config: Config, logs: Path) -> dict[str, Path]:
    """Return the logs of market data agents that are below a folder, by name."""
    found = {}
    for name, table in config.agents.items():
        if isinstance(table, MarketDataConfig) and any((logs / name / "log").glob("*.log")):
            found[name] = logs / name / "log"
    return found


def _backtest(config: Config, folder: Path) -> OriginalRun:
    try:
        result = json.loads((folder / FILE).read_bytes())
        data = msgspec.convert(result["data"], DataFacts)
        seed = int(result["seed"])
    except (ValueError, KeyError, msgspec.ValidationError) as error:
        raise NoRunError(f"{folder / FILE}: not the result of a backtest: {error}") from error
    clocks = data.clock_ahead_ns
    return OriginalRun(config, folder / LOGS, data.first_ns, data.last_ns, seed, data, clocks, simulated=True)


def _live(config: Config, logs: Path) -> OriginalRun:
    paths = market_logs(config, logs)
    if not paths:
        raise NoRunError(f"{logs}: no market data agent left a log there, so there is no market to play")
    market = market_of_run(config, logs, logs, None, logs)
    first_ns = min(_first_ns(each) for each in market.open().values())
    data = DataFacts(sources=[], sha256="", last_ns=market.last_ns)
    seed = config.backtest.seed
    return OriginalRun(config, logs, first_ns, market.last_ns, seed, data, market.clocks_ns, simulated=False)


def _first_ns(recordings: Iterable[Recording]) -> int:
    return min((each.wall_ns for each in recordings if each.step()), default=0)


def _span(logs: Path, data: DataFacts) -> tuple[int, int]:
    """Return the span of an archive that a result names."""
    name = data.sources[0].get("name", "") if data.sources else ""
    found = re.fullmatch(r"archive \S+ (\d+)\.\.(\d+)", name)
    if found is None:
        raise NoRunError(f"{logs}: no market data agent left a log there, and the result names no span of an archive")
    return int(found[1]), int(found[2])
