"""Two results side by side: which figures moved beyond what their rounds scatter.

For each figure of both the ratio of medians is taken, with a bootstrap interval over the rounds of both. A figure moved if
the whole interval lies beyond a tolerance on one side of 1: without the tolerance a change of no interest would be told
because it is certain, and with few rounds the interval is narrower than the truth.
"""

from collections.abc import Sequence
from statistics import median

import msgspec

from bench.measure import bootstrap
from bench.result import Figure, Result

TOLERANCE = 0.10
ROUNDS_MIN = 3
TINY = 1e-12
COMPARED = frozenset({"tickmesh"})


class Move(msgspec.Struct, frozen=True):
    """One figure in both results: `ratio` is new over old, `low` to `high` its interval."""

    name: str
    unit: str
    old: float
    new: float
    ratio: float
    low: float
    high: float
    verdict: str
    """better, worse, same, or unknown: too few rounds to tell."""


def compare(new: Result, old: Result, tolerance: float = TOLERANCE) -> list[Move]:
    """Return every figure of ours that both results have."""
    before = old.figures()
    return [
        _move(figure, before[name], tolerance)
        for name, figure in new.figures().items()
        if figure.source in COMPARED and name in before
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


def _move(new: Figure, old: Figure, tolerance: float) -> Move:
    low, high = bootstrap(_ratio, [new.rounds, old.rounds])
    ratio = _ratio([new.rounds, old.rounds])
    rose, fell = low > 1 + tolerance, high < 1 / (1 + tolerance)
    worse, better = (rose, fell) if new.better == "lower" else (fell, rose)
    verdict = "worse" if worse else "better" if better else "same"
    if min(len(new.rounds), len(old.rounds)) < ROUNDS_MIN:
        verdict = "unknown"
    return Move(new.name, new.unit, old.median, new.median, ratio, low, high, verdict)


def _ratio(samples: Sequence[Sequence[float]]) -> float:
    return float(median(samples[0]) / (median(samples[1]) or TINY))
