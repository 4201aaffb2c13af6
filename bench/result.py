"""What a run of the suite found: the types that are written to the result file and read back to compare."""

from pathlib import Path
from statistics import median
from typing import Any, Literal

import msgspec

FORMAT = 2

Better = Literal["lower", "higher"]
Source = Literal["tickmesh", "floor", "peer", "info"]
"""Whose figure it is: ours, a floor that cannot be passed, what others use, or only told."""


class Figure(msgspec.Struct, kw_only=True):
    """One number with all its rounds; `source` decides who is compared with whom.

    `floor` names the figure of the same run that this one is divided by before it is compared with another run's: so a
    slower machine does not look like slower code.
    """

    name: str
    unit: str
    rounds: list[float]
    source: Source = "tickmesh"
    better: Better = "lower"
    low: float = 0.0
    high: float = 0.0
    floor: str = ""

    @property
    def median(self) -> float:
        """The figure: the middle of its rounds."""
        return median(self.rounds)


class Distribution(msgspec.Struct, kw_only=True):
    """Latencies of all rounds together: (percentile, value) up to the maximum at 100."""

    group: str
    name: str
    unit: str
    count: int
    percentiles: list[tuple[float, float]]
    source: Source = "tickmesh"


class Hops(msgspec.Struct, kw_only=True):
    """Median latency of each hop of one chain, in order."""

    name: str
    unit: str
    hops: dict[str, float]
    source: Source = "tickmesh"


class Growth(msgspec.Struct, kw_only=True):
    """How one cost grows: (size, cost)."""

    group: str
    name: str
    x: str
    unit: str
    points: list[tuple[float, float]]


class Profile(msgspec.Struct, kw_only=True):
    """Where the samples of one run fell: percent by library, and (percent, library, function), the most first."""

    name: str
    libraries: dict[str, float]
    functions: list[tuple[float, str, str]]


class Table(msgspec.Struct, kw_only=True):
    """Figures side by side for people: a number under each column, or none where there is none."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[float | None]]]


class ScenarioResult(msgspec.Struct, kw_only=True):
    """Everything that one scenario found; `skipped` says what was left out and why."""

    name: str
    title: str
    seconds: float = 0.0
    figures: list[Figure] = []
    distributions: list[Distribution] = []
    hops: list[Hops] = []
    costs: list[Hops] = []
    """CPU time of each process per tick, instead of latency of each hop."""
    profiles: list[Profile] = []
    growth: list[Growth] = []
    tables: list[Table] = []
    skipped: list[str] = []
    error: str = ""


class TargetLine(msgspec.Struct, kw_only=True):
    """One target against this run. `reference` is the other side of a ratio; `holds` is None when not measured.

    `figure` and `reference_figure` are names of figures, `rounds` the fewest that either has.
    """

    name: str
    target: str
    measured: float | None
    reference: float | None
    holds: bool | None
    figure: str = ""
    reference_figure: str = ""
    rounds: int = 0
    unit: str = ""
    beside: dict[str, float] = {}
    """Reference, floors and peers of the same run, in the unit of the figure; a ratio's own figure too."""
    why: str = ""


class Result(msgspec.Struct, kw_only=True):
    """One run of the suite."""

    format: int
    started: str
    seconds: float
    commit: str
    machine: dict[str, Any]
    versions: dict[str, str]
    settings: dict[str, Any]
    method: dict[str, str]
    """How it was measured, in words: warm-up, garbage collector, clocks."""
    scenarios: list[ScenarioResult]
    targets: list[TargetLine]

    def figures(self) -> dict[str, Figure]:
        """Return every figure by its name."""
        return {figure.name: figure for scenario in self.scenarios for figure in scenario.figures}


class _Head(msgspec.Struct):
    format: int


def short(value: float) -> str:
    """Return a figure for people: three digits, and no exponent for what can be read without one."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e7 else f"{value:.3g}"


def write(result: Result, path: Path) -> None:
    """Write the result file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))


def read(path: Path) -> Result:
    """Read a result file.

    Raises:
        ValueError: If it is not one of this format.
    """
    return decode(path.read_bytes(), str(path))


def decode(data: bytes, whence: str) -> Result:
    """Return the result in the text of a result file, or in what `--json` prints; `whence` is for the error.

    Raises:
        ValueError: If it is not one of this format.
    """
    try:
        found = msgspec.json.decode(data, type=_Head).format
        if found == FORMAT:
            return msgspec.json.decode(data, type=Result)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{whence}: not a result file of `tickmesh bench`: {error}") from error
    raise ValueError(f"{whence}: format {found} (allowed: {FORMAT})")
