"""One variant of a sweep: its configuration, its backtest, and what is kept of it."""

import os
import shutil
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from agents.backtest.desk import BacktestDesk
from agents.backtest.facts import Facts, facts_of
from agents.backtest.places import Place, Value, placed
from agents.backtest.result import LOGS, write
from agents.backtest.result.run_figures import Figures
from agents.backtest.run import config_sha256
from agents.backtest.sweep.market import SharedMarket
from agents.backtest.sweep.overfitting import sharpe
from mesh.config import parse
from schemas.config import Config
from schemas.errors import ConfigError
from schemas.figures import PortfolioFigures

SLICES = 200
"""Time is cut in so many equal parts, and equity noted at the end of each."""


class Task(msgspec.Struct, frozen=True):
    """A variant to be played: its number in the sweep, its key, and what it sets."""

    number: int
    key: str
    values: dict[str, Value]


class VariantOutcome(msgspec.Struct, frozen=True):
    """What came of a variant; `refused` says why it was not played, and it has no result then.

    `equity` is what it was worth at the end of each of `SLICES` slices of time, less what it began with.
    """

    key: str
    values: dict[str, Value]
    refused: str = ""
    result: dict[str, Any] = {}
    equity: list[float] = []


class Job(msgspec.Struct, frozen=True):
    """What all variants of a sweep have in common."""

    tree: dict[str, Any]
    """The configuration, as a tree."""
    places: dict[str, Place]
    """Where in it the values of a variant go."""
    market: SharedMarket
    seed: int | None
    work: str
    """The folder in which variants have a folder each, by number, while they are played."""
    keep: bool = False
    figures: bool = False
    """Whether what is counted from the logs of a variant belongs to its result, as `figures.*`."""

    def config(self, values: Mapping[str, Value]) -> Config:
        """Return the configuration of a variant.

        Raises:
            ConfigError: If a value is not allowed.
        """
        return parse(placed(self.tree, self.places, values))


def play_variant(job: Job, task: Task) -> VariantOutcome:
    """Play one variant in a folder of its own, which is left only if the job says so."""
    folder = Path(job.work, str(task.number))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        result, equity = _played(job.config(task.values), job, folder)
    except ConfigError as error:
        return VariantOutcome(task.key, task.values, refused=str(error))
    finally:
        if not job.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return VariantOutcome(task.key, task.values, result=result, equity=equity)


def _played(config: Config, job: Job, folder: Path) -> tuple[dict[str, Any], list[float]]:
    data = job.market.data
    seed = config.backtest.seed if job.seed is None else job.seed
    desk = BacktestDesk(config, job.market.recordings(), folder / LOGS, seed=seed, clocks_ns=data.clock_ahead_ns)
    replay = desk.replay
    first_ns, equity = replay.wall_ns, []
    step_ns = max(1, (data.last_ns - first_ns) // SLICES)
    while replay.play(replay.now_ns + step_ns):
        equity.append(_equity(desk))
    desk.settle()
    data = msgspec.structs.replace(data, first_ns=first_ns, messages=replay.messages)
    facts = facts_of(desk, tickmesh=version("tickmesh"), seed=seed, config_sha256=config_sha256(config), data=data)
    replay.end()
    counted = _counted(config, job, folder, facts) if job.keep or job.figures else None
    opening, final = Decimal(facts.equity_opening), Decimal(facts.equity_final)
    # What comes after the last whole slice belongs to it.
    equity = [*equity[: SLICES - 1], *[equity[-1] if equity else opening] * (SLICES - 1 - len(equity)), final]
    gained = [float(each - opening) for each in equity]
    result = {"equity_change": format(final - opening, "f"), **msgspec.to_builtins(facts)}
    result["sharpe_of_slices"] = sharpe([b - a for a, b in zip([0.0, *gained[:-1]], gained, strict=True)])
    for whole in ("data", "tickmesh", "config_sha256", "format"):
        del result[whole]
    if job.figures and counted is not None:
        result["figures"] = msgspec.to_builtins(counted)
    return result, gained


def _counted(config: Config, job: Job, folder: Path, facts: Facts) -> Figures:
    """Write the result of a variant, beside links to the market data that all have, and return its figures."""
    for name, log in job.market.logs.items():
        (folder / LOGS / name).symlink_to(os.path.relpath(Path(log).parent, folder / LOGS))
    return write(folder, config, facts, shown=False)


def _equity(desk: BacktestDesk) -> Decimal:
    for node in desk.nodes.values():
        figures = node.agent.figures()
        if isinstance(figures, PortfolioFigures):
            return Decimal(figures.pnl.equity)
    return Decimal(0)
