"""A sweep from its grid to its table.

OUT/market/            the market data, until the sweep is done
OUT/variants.jsonl     what came of each variant, as it is done
OUT/variants/NUMBER/   logs, tables and result of each, if they are kept, and of the best its page
OUT/sweep.*            the table as JSON and Parquet, and a page
"""

import hashlib
import inspect
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from agents.backtest.places import Place, placed
from agents.backtest.result import show
from agents.backtest.sources import PlayedFrom
from agents.backtest.sweep.grid import Axis, place_of, variants
from agents.backtest.sweep.market import FOLDER, SharedMarket, market_of
from agents.backtest.sweep.outcomes import FinishedOutcomes
from agents.backtest.sweep.overfitting import deflated_sharpe, overfit_probability
from agents.backtest.sweep.page import write_page
from agents.backtest.sweep.table import Judged, Row, SweepResult, figure_of, rows_of, write_table
from agents.backtest.sweep.variant import SLICES, Job, Task, VariantOutcome
from agents.backtest.sweep.walk_forward import OBJECTIVES, walk_forward
from agents.backtest.sweep.workers import Workers
from agents.signal.strategy_path import find_class
from mesh.config import parse
from mesh.roles import build_agent
from schemas.config import Config, SignalConfig
from schemas.errors import ConfigError

WORK, KEPT = "work", "variants"


class SweepAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    axes: Sequence[Axis]
    random: int = 0
    seed: int | None = None
    by: str = "equity_change"
    folds: int = 0
    keep: bool = False

    @property
    def figures(self) -> bool:
        """Whether `by` is one that is counted from logs."""
        return self.by.removeprefix("-").startswith("figures.")


class SweepTold(Protocol):
    """Is told how far a sweep is."""

    def market(self, done: int, whole: int) -> None:
        """So much of the market data is made."""

    def variants(self, done: int, whole: int, *, stood: int) -> None:
        """So many variants are done, of which `stood` were before."""

    def lost(self, text: str) -> None:
        """A process died."""


def sweep(
    config: Config, source: PlayedFrom, out: Path, asked: SweepAsked, workers: Workers, told: SweepTold
) -> SweepResult:
    """Play all variants of `config` that are asked for, and write what came of them to `out`.

    Raises:
        AlreadyRunningError: If another sweep writes there.
        CaptureError: If a capture cannot be read.
        ConfigError: If the grid does not fit the configuration, or the configuration the data or a backtest.
        UnavailableError: If the archive or the cluster does not answer.
    """
    if asked.folds and asked.by not in OBJECTIVES:
        raise ConfigError(
            f"--by {asked.by}: not known of every part of time (allowed with --walk-forward: {OBJECTIVES})"
        )
    tree = _neutral(msgspec.json.decode(msgspec.json.encode(config)))
    places = {axis.name: _place_of(axis, tree) for axis in asked.axes}
    out.mkdir(parents=True, exist_ok=True)
    with FinishedOutcomes(out) as finished:
        market = market_of(config, tree, source, out, version("tickmesh"), told.market)
        tasks = _tasks(config, tree, places, asked, market)
        work = out / (KEPT if asked.keep else WORK)
        job = Job(tree, places, market, asked.seed, str(work.absolute()), asked.keep, asked.figures)
        outcomes = _play(job, tasks, finished, workers, told, asked)
        shutil.rmtree(out / WORK, ignore_errors=True)
    seed = config.backtest.seed if asked.seed is None else asked.seed
    result = _result(outcomes, asked, seed, market)
    write_table(out, result)
    write_page(out, result, {number: each.equity for number, each in outcomes.items()})
    best = result.best()
    if not asked.keep:
        shutil.rmtree(out / FOLDER, ignore_errors=True)
    elif best is not None and (out / KEPT / str(best.number)).exists():
        show(out / KEPT / str(best.number), job.config(best.values))
    return result


def _neutral(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration tree that keeps no files of its own; where strategies are stays."""
    tree["mesh"] = {**tree["mesh"], "state_dir": "", "run_dir": ""}
    return tree


def _place_of(axis: Axis, tree: Mapping[str, Any]) -> Place:
    def refusal(place: Place) -> str:
        # One value may not go with the other parameters as they are: it is taken if any is.
        said = ""
        for value in axis.values:
            try:
                build_agent(str(place[1]), parse(placed(tree, {axis.name: place}, {axis.name: value})))
            except ConfigError as error:
                said = str(error)
            else:
                return ""
        return said

    return place_of(axis.name, tree, refusal)


def _tasks(
    config: Config, tree: Mapping[str, Any], places: Mapping[str, Place], asked: SweepAsked, market: SharedMarket
) -> list[Task]:
    seed = config.backtest.seed if asked.seed is None else asked.seed
    common = [market.made_of, {**tree, "mesh": {**tree["mesh"], "strategy_dir": ""}}, _sources(config), seed, SLICES]
    whole = hashlib.sha256(
        msgspec.json.encode([*common, "figures"] if asked.figures else common, order="deterministic")
    )
    found = []
    for number, values in enumerate([{}, *variants(asked.axes, random=asked.random, seed=seed)]):
        own = whole.copy()
        own.update(msgspec.json.encode([(places[name], value) for name, value in sorted(values.items())]))
        found.append(Task(number, own.hexdigest(), values))
    return found


def _sources(config: Config) -> dict[str, str]:
    """Return the hashes of the files in which strategies are: who changes one has other results."""
    found = {}
    for table in config.agents.values():
        for each in table.strategies if isinstance(table, SignalConfig) else ():
            file = Path(inspect.getfile(find_class(each.path, config.mesh.strategy_dir)))
            found[each.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def _play(
    job: Job, tasks: Sequence[Task], finished: FinishedOutcomes, workers: Workers, told: SweepTold, asked: SweepAsked
) -> dict[int, VariantOutcome]:
    """Return all outcomes by number."""
    left = [task for task in tasks if task.key not in finished.by_key]
    stood = done = len(tasks) - len(left)
    told.variants(done, len(tasks), stood=stood)
    numbers: dict[str, Task] = {task.key: task for task in left}
    dead: dict[str, VariantOutcome] = {}

    def lost(task: Task, text: str) -> None:
        told.lost(f"variant {task.number}: {text}")

    for key, outcome in workers.play(job, left, lost) if left else ():
        done += 1
        if not outcome.refused:
            # A figure that nobody knows is known to be wrong with the first result, and not with the last.
            figure_of(outcome.result, asked.by)
        if outcome.key:
            finished.add(outcome)
        else:
            # It is tried again when the sweep is.
            dead[key] = outcome
        assert key in numbers, "only what was asked for is played"
        told.variants(done, len(tasks), stood=stood)
    return {task.number: finished.by_key.get(task.key) or dead[task.key] for task in tasks}


def _result(outcomes: Mapping[int, VariantOutcome], asked: SweepAsked, seed: int, market: SharedMarket) -> SweepResult:
    rows = rows_of(outcomes, asked.by)
    first = next((row.result for row in rows if row.result), {})
    data = msgspec.to_builtins(market.data)
    return SweepResult(
        tickmesh=version("tickmesh"),
        seed=seed,
        by=asked.by,
        grid={axis.name: list(axis.values) for axis in asked.axes},
        drawn=asked.random,
        data={name: data[name] for name in ("sources", "sha256", "last_ns")},
        currency=first.get("currency", ""),
        judged=_judged(outcomes, rows, asked),
        rows=rows,
    )


def _judged(outcomes: Mapping[int, VariantOutcome], rows: Sequence[Row], asked: SweepAsked) -> Judged:
    default = next(row for row in rows if row.number == 0)
    ranked = [row for row in rows if row.number and row.figure is not None]
    known = [row.number for row in ranked if not row.result.get("equity_not_known")]
    numbers = sorted(known)
    better = [row for row in rows[: rows.index(default)] if row.figure != default.figure]
    judged = Judged(
        variants=len(rows) - 1,
        refused=sum(bool(row.refused) for row in rows if row.number),
        beat_default=len(better) / len(ranked) if ranked and default.figure is not None else None,
        overfit_probability=None,
        deflated_sharpe=None,
        walk_forward=None,
    )
    if not numbers:
        return judged
    changes = np.array([_changes(outcomes[number]) for number in numbers])
    own = None if default.refused or default.result.get("equity_not_known") else _changes(outcomes[0])
    return msgspec.structs.replace(
        judged,
        overfit_probability=overfit_probability(changes),
        deflated_sharpe=deflated_sharpe(changes, numbers.index(known[0])),
        walk_forward=walk_forward(numbers, changes, own, asked.folds, asked.by) if asked.folds else None,
    )


def _changes(outcome: VariantOutcome) -> NDArray[np.float64]:
    """Return what was gained in each slice of time."""
    return np.diff(np.array(outcome.equity), prepend=0.0)
