"""One run of one chain over one tape: warm it up, drive it in each of the ways that are measured, and read the times.

Ways to drive: `closed` (the next tick when the order of the last one is out: back to back, one at a time), open loops at a
rate or at the pace of a recorded capture (schedule written beforehand), and `drain` (all at once).
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from bench.processes import ProcessFailedError, Processes
from bench.tape import Column, Head, Tape, create

WARM = 300
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
        return WARM + self.closed + sum(self.rates.values()) + len(self.gaps_ns) + self.drain


class Phase(msgspec.Struct):
    """Times of one way of driving: columns of those ticks whose order came out, and how many did not."""

    columns: list[np.ndarray]
    missing: int

    def between(self, first: Column, last: Column) -> np.ndarray:
        """Return nanoseconds from one place to another, per tick."""
        return self.columns[last] - self.columns[first]

    @property
    def per_second(self) -> float:
        """Return orders per second from the first tick's time on the schedule to the last order."""
        took_ns = int(self.columns[Column.ORDERED].max()) - int(self.columns[Column.SCHEDULED].min())
        return len(self.columns[Column.ORDERED]) * 1e9 / max(1, took_ns)


Launch = Callable[[Processes, Path, Path], Callable[[], dict[str, float]] | None]
"""Starts the processes of a chain: (processes, folder, tape) -> what tells the hops' medians in ns, if it can."""


class ChainRun(msgspec.Struct):
    """What one run of a chain gave: phases by name, and median ns by hop of the closed one."""

    phases: dict[str, Phase]
    hops: dict[str, float]


def run_chain(launch: Launch, plan: Plan, folder: Path, feed: str, helper_cpu: int) -> ChainRun:
    """Run a chain once in the empty `folder`; `feed` is the program that keeps schedules, pinned to `helper_cpu`.

    Raises:
        ProcessFailedError: If a process fails or a phase does not end.
    """
    path = folder / "tape.bin"
    tape = create(path, plan.total)
    try:
        with Processes(folder) as processes:
            ask = launch(processes, folder, path)
            driver = _Driver(tape, processes, feed, helper_cpu)
            driver.closed(0, WARM, START_S_MAX)
            phases = {}
            at = WARM
            if plan.closed:
                phases["closed"] = driver.closed(at, at + plan.closed, 5.0 + plan.closed / 500)
                at += plan.closed
            hops = ask() if ask is not None else _hops(phases.get("closed"))
            for rate, count in plan.rates.items():
                phases[f"{rate}/s"] = driver.open(at, at + count, np.full(count, 1e9 / rate))
                at += count
            if len(plan.gaps_ns):
                phases["capture"] = driver.open(at, at + len(plan.gaps_ns), np.asarray(plan.gaps_ns))
                at += len(plan.gaps_ns)
            if plan.drain:
                phases["drain"] = driver.open(at, at + plan.drain, np.zeros(plan.drain))
            return ChainRun(phases, hops)
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
        if not out.any():
            raise ProcessFailedError(f"no order came out\n{self._processes.words()}")
        return Phase([column[out] for column in columns], int((~out).sum()))


def _hops(phase: Phase | None) -> dict[str, float]:
    """Return the median of each hop from the tape, of a chain whose every process wrote on it."""
    if phase is None or not phase.columns[Column.RISK].all():
        return {}
    places = {"md > signal": (Column.MD, Column.SIGNAL), "signal > risk": (Column.SIGNAL, Column.RISK)}
    places |= {"risk > execution": (Column.RISK, Column.EXECUTION), "execution": (Column.EXECUTION, Column.ORDERED)}
    return {name: float(np.median(phase.between(*ends))) for name, ends in places.items()}
