"""One run of one chain over one tape: warm it up, drive it in each of the ways that are measured, and read the times.

Ways to drive: `closed` (the next tick when the order of the last one is out: back to back, one at a time), open loops at a
rate or at the pace of a recorded capture (schedule written beforehand), and `drain` (all at once).
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import msgspec
import numpy as np

from bench.cost import Cost, cpu_time, per_tick
from bench.measure import told
from bench.processes import Processes
from bench.tape import Column, Head, Tape, create

WARM = 300
AWAKE = 20
"""Ticks back to back in front of each open loop."""

START_S_MAX = 20.0
STUCK_S = 0.1
"""A chain that is still starting may lose a tick: after so long the tick is sent again."""

LEAD_NS = 2_000_000


class Plan(msgspec.Struct, frozen=True):
    """How many ticks each way of driving gets; 0 leaves it out."""

    closed: int
    rates: dict[int, int] = {}
    """Ticks per second -> ticks."""
    gaps_ns: Sequence[int] = ()
    """Time between ticks of a capture, already scaled."""
    drain: int = 0

    @property
    def total(self) -> int:
        """All ticks, with those that warm up."""
        return WARM + self.closed + sum(len(gaps) + AWAKE for gaps in self.open().values())

    def open(self) -> dict[str, np.ndarray]:
        """Return the open loops: the gaps in ns between their ticks, by name."""
        found = {f"{rate}/s": np.full(count, 1e9 / rate) for rate, count in self.rates.items()}
        found |= {"capture": np.asarray(self.gaps_ns, dtype=float), "drain": np.zeros(self.drain)}
        return {name: gaps for name, gaps in found.items() if len(gaps)}


class Phase(msgspec.Struct):
    """Times of one way of driving: columns of those ticks whose order came out, and how many did not."""

    columns: list[np.ndarray]
    missing: int

    def between(self, first: Column, last: Column) -> np.ndarray:
        """Return nanoseconds from one place to another, per tick."""
        return np.subtract(self.columns[last], self.columns[first])

    @property
    def per_second(self) -> float:
        """Return orders per second from the first tick's time on the schedule to the last order."""
        ordered = self.columns[Column.ORDERED]
        if not len(ordered):
            return 0.0
        return len(ordered) * 1e9 / max(1, int(ordered.max()) - int(self.columns[Column.SCHEDULED].min()))


Percentiles = dict[str, dict[str, float]]
"""Hop -> the percentiles of its latencies in ns, by name (`bench.measure.TOLD`)."""

Launch = Callable[[Processes, Path, Path], Callable[[], Percentiles] | None]
"""Starts the processes of a chain: (processes, folder, tape) -> what tells the hops' latencies, if it can."""


class ChainRun(msgspec.Struct):
    """What one run of a chain gave: phases by name, and of the closed one the hops and the CPU time per tick."""

    phases: dict[str, Phase]
    hops: Percentiles
    cost: Cost


def run_chain(
    launch: Launch,
    plan: Plan,
    folder: Path,
    feed: str,
    helper_cpu: int,
    around: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> ChainRun:
    """Run a chain once in the empty `folder`; `feed` is the program that keeps schedules, pinned to `helper_cpu`.

    The closed phase is run within `around`.

    Raises:
        ProcessFailedError: If a process fails, or ticks sent back to back do not come out.
    """
    path = folder / "tape.bin"
    tape = create(path, plan.total)
    try:
        with Processes(folder) as processes:
            ask = launch(processes, folder, path)
            driver = _Driver(tape, processes, feed, helper_cpu)
            driver.closed(0, WARM, START_S_MAX)
            phases = {}
            cost: Cost = {}
            at = WARM
            if plan.closed:
                with around():
                    before = cpu_time(processes.pids())
                    phases["closed"] = driver.closed(at, at + plan.closed, 5.0 + plan.closed / 500)
                    cost = per_tick(before, cpu_time(processes.pids()), plan.closed)
                at += plan.closed
            hops = ask() if ask is not None else _hops(phases.get("closed"))
            for name, gaps_ns in plan.open().items():
                # What was driven too hard before is given the time to come back.
                driver.closed(at, at + AWAKE, START_S_MAX)
                at += AWAKE
                phases[name] = driver.open(at, at + len(gaps_ns), gaps_ns)
                at += len(gaps_ns)
            return ChainRun(phases, hops, cost)
    finally:
        tape.close()


class _Driver:
    def __init__(self, tape: Tape, processes: Processes, feed: str, helper_cpu: int) -> None:
        self._tape = tape
        self._processes = processes
        self._feed = feed
        self._cpu = helper_cpu
        self._fed = 0

    def closed(self, first: int, last: int, timeout_s: float) -> Phase:
        tape = self._tape
        ordered = tape.columns[Column.ORDERED]
        tape.words[Head.CHAIN_UNTIL] = last
        tape.send(first)
        seen = [tape.words[Head.ARRIVED], time.monotonic()]

        def again() -> None:
            arrived = tape.words[Head.ARRIVED]
            if arrived != seen[0]:
                seen[:] = [arrived, time.monotonic()]
            elif time.monotonic() - seen[1] > STUCK_S:
                tape.send(next(tick for tick in range(first, last) if not ordered[tick]))
                seen[1] = time.monotonic()

        self._processes.until(lambda: ordered[last - 1], timeout_s, "ticks sent back to back", again)
        return self._phase(first, last)

    def open(self, first: int, last: int, gaps_ns: np.ndarray) -> Phase:
        offsets = np.cumsum(gaps_ns)
        begin_ns = time.monotonic_ns() + LEAD_NS
        for index, offset in enumerate(offsets.astype(np.int64).tolist()):
            self._tape.columns[Column.SCHEDULED][first + index] = begin_ns + offset
        self._fed += 1
        name = f"feed{self._fed}"
        self._processes.start(name, [self._feed, str(self._tape.path), str(first), str(last)], cpu=self._cpu)
        self._settle(first, last, 10.0 + offsets[-1] / 1e9 + (last - first) / 500)
        return self._phase(first, last)

    def _settle(self, first: int, last: int, timeout_s: float) -> None:
        """Wait until every order is out, or for as long as any comes: what is missing then never will."""
        end_s = time.monotonic() + timeout_s
        ordered = self._tape.columns[Column.ORDERED]
        moved = (-1, time.monotonic())
        while not ordered[last - 1] or not all(ordered[first:last].tolist()):
            self._processes.check()
            arrived = self._tape.words[Head.ARRIVED]
            if arrived != moved[0]:
                moved = (arrived, time.monotonic())
            elif time.monotonic() - moved[1] > 1.0 + timeout_s / 10 or time.monotonic() > end_s:
                return
            time.sleep(0.01)

    def _phase(self, first: int, last: int) -> Phase:
        columns = [np.array(column[first:last], dtype=np.int64) for column in self._tape.columns]
        out = columns[Column.ORDERED] > 0
        return Phase([column[out] for column in columns], int((~out).sum()))


def _hops(phase: Phase | None) -> Percentiles:
    """Return each hop's latencies from the tape, of a chain whose every process wrote on it."""
    if phase is None or not phase.columns[Column.RISK].all():
        return {}
    places = {"md > signal": (Column.MD, Column.SIGNAL), "signal > risk": (Column.SIGNAL, Column.RISK)}
    places |= {"risk > execution": (Column.RISK, Column.EXECUTION), "execution": (Column.EXECUTION, Column.ORDERED)}
    return {name: told(phase.between(*ends), 1.0) for name, ends in places.items()}
