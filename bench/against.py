"""This checkout against another one, built beside it: the main figures, measured in turns within one run.

A machine is not the same from one hour to the next, so what was measured yesterday cannot tell five in a hundred. Here each
checkout runs its own bench, with its own interpreter and its own modules, one round of one scenario at a time: this, other,
other, this, and so on. Nothing of the other checkout is imported, only its result file is read; it may have been laid out
and written in any other way. A ratio is taken in each round and always as time: over 1 means that this one is slower. What
is told is the median of the rounds with its interval.

The same C program is the floor of a figure on both sides. The ratio of the two floors, which ought to be 1, shows how much
of what is seen is the machine. A figure is over the bound if its median is; it is told whether its whole interval is too:
with few rounds or with neighbours on the machine it may not be.

We chose to hold the medians themselves to the bound, not the end of an interval, because many losses that are each "within
the noise" add up. The price is that a figure close to the bound may be told as over it by chance: then ask for more rounds.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal

import msgspec

from bench import suite
from bench.measure import interleave, interval
from bench.processes import ROOT, ProcessFailedError
from bench.result import Figure, Result, decode
from bench.scenario import Scenario
from bench.settings import DATA, Settings

BOUND = 1.05
"""A main figure may take so many times what it takes in the other checkout."""

LOAD_MAX = 1.5
"""Above this load before the run it is said that others use the machine."""

OVERTIME_S = 120.0
"""A bench ends within its mode's time and this much more, for what was begun and for its report."""

BUILT = "import bench.agent, bench.command"
"""Can be imported if the compiled modules are there."""

SIDES = ("this", "other")
ROUNDS_WITHIN = {"replay": 5, "burst": 3}
"""Of scenarios that are over in a moment one call of the bench measures more rounds, and gives their median."""

Verdict = Literal["holds", "over", "over, in part", "not measured"]


class MainFigure(msgspec.Struct, frozen=True):
    """One figure that may not become slower; `floor` is the same scenario's C program, empty if there is none.

    `before` is what a checkout is compared by that has no such figure yet.
    """

    name: str
    figure: str
    floor: str = ""
    before: str = ""

    @property
    def scenario(self) -> str:
        """Where it is measured."""
        return self.figure.partition(".")[0]


MAIN = (
    MainFigure("tick to order", "tick_to_order.agents_ipc.closed.p50", "tick_to_order.c_ipc.closed.p50"),
    MainFigure("tick to order, from rest", "tick_to_order.agents_ipc.rested.p50", "tick_to_order.c_ipc.rested.p50"),
    MainFigure("at fixed addresses", "tick_to_order.agents_fixed.closed.p50", "tick_to_order.c_fixed.closed.p50"),
    MainFigure(
        "at fixed addresses, from rest", "tick_to_order.agents_fixed.rested.p50", "tick_to_order.c_fixed.rested.p50"
    ),
    MainFigure("group", "group.group.closed.p50", "group.c_ipc.closed.p50"),
    MainFigure("group, from rest", "group.group.rested.p50", "group.c_ipc.rested.p50"),
    MainFigure("venue path, order socket", "venue_path.agents_ipc.closed.p50"),
    MainFigure("venue path, order socket, p99", "venue_path.agents_ipc.closed.p99"),
    MainFigure("venue path, order socket, 100 frames/s", "venue_path.agents_ipc.100ps.p50"),
    MainFigure("venue path, REST", "venue_path.agents_rest.closed.p50", before="venue_path.agents_ipc.closed.p50"),
    MainFigure("venue path, REST, p99", "venue_path.agents_rest.closed.p99", before="venue_path.agents_ipc.closed.p99"),
    MainFigure("risk round trip", "risk.approve.round_trip.p50", "risk.c.round_trip.p50"),
    MainFigure("burst drained", "burst.agents"),
    MainFigure("replay, few orders", "replay.strategy"),
    MainFigure("replay out of a log", "replay.strategy_log"),
    MainFigure("replay, order every 70 ticks", "replay.orders_per_tick"),
)
SCENARIOS = tuple(dict.fromkeys(main.scenario for main in MAIN))


class Line(msgspec.Struct, kw_only=True):
    """One main figure on both sides: medians, and the ratio this / other as time, with its rounds and its interval.

    `floor_ratio` is the same ratio of the floors, None if there is no floor or it was not measured.
    """

    name: str
    figure: str
    unit: str = ""
    this: float | None = None
    other: float | None = None
    ratios: list[float] = []
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    floor_ratio: float | None = None
    verdict: Verdict = "not measured"


class Comparison(msgspec.Struct, kw_only=True):
    """What a run against another checkout found; `notes` say what makes it doubtful, or what failed."""

    started: str
    seconds: float
    this: str
    other: str
    """Commits; empty outside of a repository."""
    against: str
    bound: float
    settings: dict[str, Any]
    machine: dict[str, Any]
    lines: list[Line]
    notes: list[str]

    @property
    def holds(self) -> bool:
        """Whether every main figure was measured on both sides and is within the bound."""
        return all(line.verdict == "holds" for line in self.lines)


class Checkout(msgspec.Struct, frozen=True):
    """A folder with a version of Tickmesh and the interpreter that has it."""

    root: Path
    python: str

    def bench(self, settings: Settings, scenario: str, folder: Path) -> Result:
        """Run one round of a scenario with the bench of this checkout, its files in `folder`.

        Raises:
            ProcessFailedError: If the bench or the scenario fails, or tells nothing that can be read.
        """
        command = [self.python, "-m", "bench", f"--{settings.mode}", "--only", scenario, "--cpu", str(settings.cpu)]
        command += ["--rounds", str(ROUNDS_WITHIN.get(scenario, 1)), "--json", "--out", str(folder)]
        limit_s = settings.budget_s + OVERTIME_S
        env = {**os.environ, DATA: settings.data}
        try:
            ended = subprocess.run(
                command, cwd=self.root, env=env, capture_output=True, text=True, timeout=limit_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ProcessFailedError(f"bench of {self.root}: {scenario} did not end within {limit_s:.0f} s") from error
        if ended.returncode:
            raise ProcessFailedError(f"bench of {self.root}: {scenario} failed: {_last_words(ended.stderr)}")
        try:
            return decode(ended.stdout.encode(), f"bench of {self.root}")
        except ValueError as error:
            raise ProcessFailedError(str(error)) from error


def this_checkout() -> Checkout:
    """Return the checkout that this code is in."""
    return Checkout(ROOT, sys.executable)


def built(path: Path) -> Checkout:
    """Return the checkout at `path`.

    Raises:
        ValueError: If it has no bench, or is not built; the message names the command that builds it.
    """
    root = path.resolve()
    if not (root / "bench" / "__main__.py").is_file():
        raise ValueError(f"--against {path}: no checkout of Tickmesh (there is no bench/__main__.py in it)")
    python = root / ".venv" / "bin" / "python"
    if not python.exists():
        raise ValueError(f"--against {path}: not built (there is no .venv in it); run `make -C {path} build`")
    tried = subprocess.run([str(python), "-c", BUILT], cwd=root, capture_output=True, text=True, check=False)
    if tried.returncode:
        words = _last_words(tried.stderr)
        raise ValueError(f"--against {path}: not built, or not whole ({words}); run `make -C {path} build`")
    return Checkout(root, str(python))


def scenarios(names: Sequence[str] = ()) -> list[Scenario]:
    """Return the scenarios of those names, all that have a main figure if there are none.

    Raises:
        ValueError: If one has no main figure.
    """
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise ValueError(f"--against measures {', '.join(SCENARIOS)} only, not {', '.join(unknown)}")
    return suite.load(names or SCENARIOS)


def run(
    settings: Settings, chosen: Sequence[Scenario], other: Checkout, bound: float, folder: Path, tell: suite.Tell
) -> Comparison:
    """Measure the chosen scenarios in this checkout and in `other`, in turns, and hold the main figures to `bound`.

    Both together have twice the time of the mode, each scenario its share; `folder` takes the files of each bench.
    """
    begun_s = time.monotonic()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    load = os.getloadavg()[0]
    sides = dict(zip(SIDES, (this_checkout(), other), strict=True))
    found: dict[str, list[Result]] = {name: [] for name in SIDES}
    notes = [f"load {load:.2f} before: others use this machine, the ratios scatter more"] if load > LOAD_MAX else []
    lines: list[Line] = []
    weight = sum(each.WEIGHT for each in chosen)
    share = 0.0
    for scenario in chosen:
        share += scenario.WEIGHT / weight
        watch = _Watch(partial(tell, scenario.NAME, share - scenario.WEIGHT / weight))
        calls = {name: partial(side.bench, settings, scenario.NAME, folder) for name, side in sides.items()}
        rounds = interleave(calls, settings.rounds, begun_s + 2 * settings.budget_s * share, watch)
        notes += watch.notes
        lines += [line(main, rounds, bound) for main in MAIN if main.scenario == scenario.NAME]
        for name, results in rounds.items():
            found[name] += results
    return Comparison(
        started=started,
        seconds=time.monotonic() - begun_s,
        this=_commit(found["this"]),
        other=_commit(found["other"]),
        against=str(other.root),
        bound=bound,
        settings=msgspec.to_builtins(settings),
        machine=suite.machine() | {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)},
        lines=lines,
        notes=[*notes, *differences(found)],
    )


def line(main: MainFigure, rounds: Mapping[str, Sequence[Result]], bound: float) -> Line:
    """Return a main figure out of the rounds of both sides, the ratio taken in each round."""
    made = Line(name=main.name, figure=main.figure)
    this, other = (_figures(rounds.get(side, ()), main.figure) for side in SIDES)
    if not other and main.before:
        other = _figures(rounds.get("other", ()), main.before)
    if not this or len(this) != len(other):
        return made
    made.unit = this[0].unit
    made.this, made.other = (median(each.median for each in side) for side in (this, other))
    made.ratios = _ratios(this, other)
    made.ratio = median(made.ratios)
    made.low, made.high = interval(made.ratios)
    floors = [_figures(rounds[side], main.floor) for side in SIDES]
    if floors[0] and len(floors[0]) == len(floors[1]):
        made.floor_ratio = median(_ratios(*floors))
    made.verdict = "holds" if made.ratio <= bound else "over" if made.low > bound else "over, in part"
    return made


def differences(found: Mapping[str, Sequence[Result]]) -> list[str]:
    """Return in what both sides differ beside their code: the interpreter, and the versions of what both have."""
    if not all(found.get(side) for side in SIDES):
        return []
    this, other = ({"python": found[side][0].machine["python"], **found[side][0].versions} for side in SIDES)
    return [
        f"not the same on both sides: {name} {this[name]}, there {other[name]}"
        for name in this
        if name != "tickmesh" and name in other and this[name] != other[name]
    ]


class _Watch:
    """Tells the progress of a scenario, and leaves out a side whose bench failed, with all its rounds."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.notes: list[str] = []
        self._tell = tell
        self._begun = 0

    def begin(self, name: str) -> bool:
        self._tell(f"{name}, round {self._begun // len(SIDES) + 1}")
        self._begun += 1
        return not self.notes

    def failed(self, _name: str, error: Exception) -> bool:
        if isinstance(error, ProcessFailedError):
            self.notes.append(str(error))
        return isinstance(error, ProcessFailedError)


def _figures(results: Sequence[Result], name: str) -> list[Figure]:
    found = [result.figures().get(name) for result in results]
    return [each for each in found if each is not None]


def _ratios(this: Sequence[Figure], other: Sequence[Figure]) -> list[float]:
    """Return this over other in each round, as time: a rate is turned over."""
    slower = 1 if this[0].better == "lower" else -1
    return [(a.median / b.median) ** slower for a, b in zip(this, other, strict=True)]


def _commit(results: Sequence[Result]) -> str:
    return results[0].commit if results else ""


def _last_words(said: str) -> str:
    return (said.strip().splitlines() or ["it said nothing"])[-1]
