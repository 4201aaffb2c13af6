"""What a scenario is, and what it is given: where its figures go, its share of the time, a folder, its peers.

A scenario is a module of `bench.scenarios` with `NAME`, `TITLE`, `WEIGHT` (its share of the time) and `run(bench)`.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from bench.cost import Cost
from bench.events import CALLS, FAULTS, TAKEN, WAITED, Counts
from bench.hops import Percentiles
from bench.measure import interleave, interval, percentiles, told
from bench.peers.build import NoCompilerError, programs
from bench.processes import NEVER, ProcessFailedError
from bench.result import Better, Distribution, Figure, Growth, Hops, ScenarioResult, Source, Table
from bench.settings import Settings

US = 1e-3
"""Nanoseconds to microseconds."""

EVENTS = (CALLS, WAITED, TAKEN, FAULTS)

T = TypeVar("T")


class Scenario(Protocol):
    """One module of `bench.scenarios`."""

    NAME: str
    TITLE: str
    WEIGHT: float

    def run(self, bench: "Bench") -> None:
        """Measure, and hand every figure to `bench`."""
        ...


class Bench:
    """Collects the figures of one scenario, and shares out its time."""

    def __init__(
        self,
        settings: Settings,
        result: ScenarioResult,
        seconds: float,
        end_s: float,
        tell: Callable[[str], None],
        earlier: Sequence[ScenarioResult] = (),
    ) -> None:
        """Give the scenario `seconds`, and nothing after `end_s` (monotonic); `tell` shows what is being measured.

        `earlier` are the scenarios of this run that have ended.
        """
        self.settings = settings
        self.result = result
        self._begun_s = time.monotonic()
        self._seconds = seconds
        self._end_s = end_s
        self._tell = tell
        self.earlier = {figure.name: figure for scenario in earlier for figure in scenario.figures}

    # What scenarios ask for

    def rounds(
        self, variants: Mapping[str, Callable[[], T]], upto: float = 1.0, rounds: int | None = None
    ) -> dict[str, list[T]]:
        """Interleave `variants` for `rounds` (by default the settings'), but begin none after `upto` of the time."""
        until_s = self._begun_s + self._seconds * upto
        return interleave(variants, rounds or self.settings.rounds, until_s, self)

    def begin(self, name: str) -> bool:
        """Show what is measured next; tell if there is no time for it."""
        self._tell(name)
        late = time.monotonic() > self._end_s
        if late:
            self.skip(f"{name}: no time was left for it (or for another round)")
        return not late

    def failed(self, name: str, error: Exception) -> bool:
        """Tell that a variant failed; the others go on."""
        if isinstance(error, ProcessFailedError):
            self.result.error += f"{name}: {error}\n"
        return isinstance(error, ProcessFailedError)

    def programs(self) -> dict[str, str]:
        """Return the C programs, empty (and told) if they cannot be compiled here."""
        try:
            return programs()
        except NoCompilerError as error:
            self.skip(f"C: {error}")
            return {}

    @contextmanager
    def on_cpu(self) -> Iterator[None]:
        """Keep this process on the measured CPU meanwhile."""
        before = os.sched_getaffinity(0)
        if self.settings.cpu != NEVER:
            os.sched_setaffinity(0, {self.settings.cpu})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give an empty folder with a path short enough for sockets; it is removed afterwards."""
        path = Path(tempfile.mkdtemp(prefix="tmb"))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    # Where figures go

    def skip(self, text: str) -> None:
        """Tell that something was left out, and why."""
        if text not in self.result.skipped:
            self.result.skipped.append(text)

    def figure(
        self,
        name: str,
        unit: str,
        rounds: Sequence[float],
        *,
        source: Source = "tickmesh",
        better: Better = "lower",
        floor: str = "",
    ) -> None:
        """Add a figure under the scenario's name; `floor` names the one of this scenario that it is compared by."""
        low, high = interval(rounds)
        self.result.figures.append(
            Figure(
                name=f"{self.result.name}.{name}",
                unit=unit,
                rounds=list(rounds),
                source=source,
                better=better,
                low=low,
                high=high,
                floor=f"{self.result.name}.{floor}" if floor else "",
            )
        )

    def latencies(
        self,
        group: str,
        name: str,
        rounds: Sequence["np.ndarray"],
        *,
        source: Source = "tickmesh",
        floor: str = "",
        scale: float = US,
    ) -> None:
        """Add p50 to max of latencies in ns as figures (each round by itself) and their common percentile curve.

        `floor` is the name under which the floor's latencies of this group were added.
        """
        each = [told(samples, scale) for samples in rounds]
        for percentile in each[0]:
            steady = percentile in ("p50", "p90")
            self.figure(
                f"{name}.{group}.{percentile}",
                "us",
                [found[percentile] for found in each],
                source=source if steady or source != "tickmesh" else "info",
                floor=f"{floor}.{group}.{percentile}" if floor else "",
            )
        together = np.concatenate(list(rounds))
        curve = percentiles(together, scale)
        self.result.distributions.append(
            Distribution(group=group, name=name, unit="us", count=len(together), percentiles=curve, source=source)
        )

    def hops(self, name: str, rounds: Sequence[Percentiles], source: Source = "tickmesh") -> None:
        """Add each hop's percentiles (given in ns) as figures, and their medians over rounds as one stacked bar."""
        found = {}
        for hop in rounds[0] if rounds else {}:
            key = hop.replace(" > ", ">").replace(" ", "_")
            for word in rounds[0][hop]:
                values = [each[hop][word] * US for each in rounds if hop in each]
                kept = source if word == "p50" or source != "tickmesh" else "info"
                self.figure(f"{name}.hop.{key}.{word}", "us", values, source=kept)
            found[hop] = float(np.median([each[hop]["p50"] for each in rounds if hop in each])) * US
        if found:
            self.result.hops.append(Hops(name=name, unit="us", hops=found, source=source))

    def costs(self, name: str, rounds: Sequence[Cost], source: Source = "tickmesh") -> None:
        """Add the CPU time per tick (given in ns) of each process as figures, and their medians as one stacked bar."""
        found = {}
        for process in rounds[0]:
            for part in rounds[0][process]:
                values = [each[process].get(part, 0.0) * US for each in rounds]
                self.figure(f"{name}.cpu.{process}.{part.replace(' ', '_')}", "us CPU", values, source="info")
            found[process] = float(np.median([sum(each[process].values()) for each in rounds])) * US
        if found:
            values = [sum(sum(parts.values()) for parts in each.values()) * US for each in rounds]
            self.figure(f"{name}.cpu", "us CPU", values, source=source)
            self.result.costs.append(Hops(name=name, unit="us", hops=found, source=source))

    def events(self, found: Mapping[str, Sequence[Counts]]) -> None:
        """Add what each process of some chains had the kernel do per order as figures, and their medians as a table."""
        rows: list[tuple[str, list[float | None]]] = []
        for chain, rounds in found.items():
            for process, kinds in rounds[0].items():
                medians: dict[str, float] = {}
                for kind in kinds:
                    name = f"{chain}.per_order.{process}.{kind.replace(',', '').replace(' ', '_')}"
                    values = [each[process][kind] for each in rounds if kind in each[process]]
                    self.figure(name, "per order", values, source="info")
                    medians[kind] = float(np.median(values))
                rows.append((f"{chain}, {process}", [medians.get(kind) for kind in EVENTS]))
        self.table("What an order has the kernel do, back to back: times per order", EVENTS, rows)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[tuple[str, list[float | None]]]) -> None:
        """Add a table of figures that belong together, unless it is empty."""
        if rows:
            self.result.tables.append(Table(title=title, columns=list(columns), rows=list(rows)))

    def growth(self, group: str, name: str, x: str, unit: str, points: Sequence[tuple[float, float]]) -> None:
        """Add a curve of cost over size."""
        self.result.growth.append(Growth(group=group, name=name, x=x, unit=unit, points=list(points)))
