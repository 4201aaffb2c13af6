"""A backtest from its configuration to its result.

OUT/logs/AGENT/log    what each agent published, market data too where captures were played: logs as of any run
OUT/result.json       what came of it (`agents.backtest.facts`), and what else `agents.backtest.result` writes
"""

import hashlib
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import msgspec

from agents.backtest.desk import BacktestDesk
from agents.backtest.facts import Facts, facts_of
from agents.backtest.result import FILE, LOGS, write
from agents.backtest.sources import MarketPlayed, PlayedFrom
from schemas.config import Config
from schemas.errors import ConfigError, TickmeshError

PARTS = 200
"""In so many steps of recorded time it is played; progress is told after each."""

Progress = Callable[[str, int, int, int], None]
"""Is told what is done, how much of how much, and how many messages were handed out so far."""


def run(config: Config, source: PlayedFrom, out: Path, *, seed: int | None = None, told: Progress) -> Facts:
    """Backtest `config` on what `source` has; leave logs and result in the folder `out`, which must not hold another.

    Raises:
        CaptureError: If a capture cannot be read.
        ConfigError: If the configuration does not fit the data or a backtest, or `out` is not empty.
        UnavailableError: If the archive does not answer.
    """
    if any((out / name).exists() for name in (LOGS, FILE)):
        raise ConfigError(f"{out}: holds a backtest already (allowed: an empty folder, or a new one)")
    try:
        played = source.open(config, out / LOGS, lambda done, whole: told("market data", done, whole, 0))
        return play(config, played, out, seed=seed, told=told)
    except TickmeshError:
        # What could not be played is no backtest: the next one may have the folder.
        shutil.rmtree(out / LOGS, ignore_errors=True)
        raise
    finally:
        source.close()


def play(config: Config, played: MarketPlayed, out: Path, *, seed: int | None = None, told: Progress) -> Facts:
    """Backtest `config` on recordings; write the result to `out` and return it.

    Raises:
        ConfigError: If the configuration does not fit a backtest.
    """
    seed = config.backtest.seed if seed is None else seed
    data, last_ns = played.data, played.data.last_ns
    desk = BacktestDesk(config, played.recordings, out / LOGS, seed=seed, clocks_ns=data.clock_ahead_ns)
    replay = desk.replay
    first_ns = replay.wall_ns
    whole_ns = max(1, last_ns - first_ns)
    while replay.play(replay.now_ns + max(1, whole_ns // PARTS)):
        told("backtest", min(replay.wall_ns - first_ns, whole_ns), whole_ns, replay.messages)
    told("backtest", whole_ns, whole_ns, replay.messages)
    desk.settle()
    data = msgspec.structs.replace(data, first_ns=first_ns, messages=replay.messages)
    facts = facts_of(desk, tickmesh=version("tickmesh"), seed=seed, config_sha256=config_sha256(config), data=data)
    replay.end()
    write(out, config, facts)
    return facts


def config_sha256(config: Config) -> str:
    """Return the hash of a configuration, but for where it keeps its files."""
    mesh = msgspec.structs.replace(config.mesh, state_dir="", run_dir="", strategy_dir="")
    tree = msgspec.to_builtins(msgspec.structs.replace(config, mesh=mesh))
    return hashlib.sha256(msgspec.json.encode(tree, order="deterministic")).hexdigest()
