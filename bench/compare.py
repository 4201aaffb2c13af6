"""Two results side by side: which figures moved beyond what their rounds scatter.

A machine is not the same from day to day, so a figure that has a floor in its run is divided by it, round by round, before
it is compared; the others are compared as they are. A figure moved if the whole interval of new over old lies beyond a
tolerance on one side of 1: without the tolerance a change of no interest would be told because it is certain.

A hundred figures are compared at once. So that two runs of one commit seldom have one that moved, the intervals together
are wrong with probability `ERROR` (Bonferroni: each with its share of it), and no figure is taken to scatter less than the
middle one of all does. The price is that few rounds show large changes only.
"""

from collections.abc import Sequence
from math import exp, log
from statistics import median, stdev

import msgspec

from bench.result import Figure, Result
from bench.student import log_ratio

TOLERANCE = 0.10
ERROR = 0.05
ROUNDS_MIN = 3
TINY = 1e-12
COMPARED = frozenset({"tickmesh"})


class Move(msgspec.Struct, frozen=True):
    """One figure in both results: `ratio` is new over old, `low` to `high` its interval.

    `old` and `new` are the figures themselves; with `floor` the ratio is that of figures over their floors.
    """

    name: str
    unit: str
    old: float
    new: float
    ratio: float
    low: float
    high: float
    verdict: str
    """better, worse, same, or unknown: too few rounds to tell."""
    floor: str = ""


class _Pair:
    def __init__(self, new: Result, old: Result, name: str) -> None:
        theirs, ours = old.figures(), new.figures()
        self.new, self.old = ours[name], theirs[name]
        floor = self.new.floor
        self.floor = floor if floor in ours and floor in theirs else ""
        self.rounds = (_over(self.new, ours.get(self.floor)), _over(self.old, theirs.get(self.floor)))
        self.known = min(map(len, self.rounds)) >= ROUNDS_MIN

    @property
    def spreads(self) -> list[float]:
        return [stdev(map(log, side)) for side in self.rounds]


def compare(new: Result, old: Result, tolerance: float = TOLERANCE) -> list[Move]:
    """Return every figure of ours that both results have."""
    before = old.figures()
    names = [name for name, figure in new.figures().items() if figure.source in COMPARED and name in before]
    pairs = [_Pair(new, old, name) for name in names]
    known = [pair for pair in pairs if pair.known]
    spread = median([each for pair in known for each in pair.spreads]) if known else 0.0
    return [_move(pair, ERROR / max(1, len(known)), spread, tolerance) for pair in pairs]


def vanished(new: Result, old: Result) -> list[str]:
    """Return the figures of ours that `old` has and `new` has not, of scenarios that ran again."""
    ran = {scenario.name for scenario in new.scenarios}
    there = new.figures()
    return [
        name
        for name, figure in old.figures().items()
        if figure.source in COMPARED and name not in there and name.partition(".")[0] in ran
    ]


def doubts(new: Result, old: Result) -> list[str]:
    """Return what makes the comparison doubtful: another machine, another mode."""
    found = []
    for key in ("processor", "cpus", "kernel"):
        if new.machine.get(key) != old.machine.get(key):
            found.append(f"another machine: {key} {old.machine.get(key)!r} -> {new.machine.get(key)!r}")
    for key in ("mode", "cpu"):
        if new.settings.get(key) != old.settings.get(key):
            found.append(f"another setting: {key} {old.settings.get(key)!r} -> {new.settings.get(key)!r}")
    return found


def _over(figure: Figure, floor: Figure | None) -> list[float]:
    if floor is None:
        return [max(each, TINY) for each in figure.rounds]
    floors = floor.rounds if len(floor.rounds) == len(figure.rounds) else [floor.median] * len(figure.rounds)
    return [max(a, TINY) / max(b, TINY) for a, b in zip(figure.rounds, floors, strict=True)]


def _move(pair: _Pair, error: float, spread: float, tolerance: float) -> Move:
    new, old = pair.new, pair.old
    if pair.known:
        ratio, low, high = map(exp, log_ratio(*pair.rounds, error, spread))
        verdict = _verdict(low, high, tolerance, new.better == "lower")
    else:
        ratio = low = high = _ratio(pair.rounds)
        verdict = "unknown"
    return Move(new.name, new.unit, old.median, new.median, ratio, low, high, verdict, pair.floor)


def _verdict(low: float, high: float, tolerance: float, less_is_better: bool) -> str:
    if low > 1 + tolerance:
        return "worse" if less_is_better else "better"
    if high < 1 / (1 + tolerance):
        return "better" if less_is_better else "worse"
    return "same"


def _ratio(rounds: Sequence[Sequence[float]]) -> float:
    return median(rounds[0]) / median(rounds[1])
