"""One run of one chain over one tape: warm it up, drive it in each of the ways that are measured, and read the times.

Ways to drive: `closed` (the next tick when the order of the last one is out: back to back, one at a time, so what an order
still causes competes with the next tick), `rested` (one at a time, the next when the CPU has come to rest), open loops at a
rate or at the pace of a recorded capture (schedule written beforehand), and `drain` (all at once, an order for each tick).
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import msgspec
import numpy as np

from bench.cost import Cost, cpu_time, per_tick
from bench.events import Counts, counted, events, system_calls
from bench.hops import REST, Percentiles, Served, steps
from bench.measure import told
from bench.processes import Processes
from bench.settings import Settings
from bench.tape import GO, READY, Column, Head, Tape, create

WARM = 300
"""Ticks that each chain carries before the first that is measured."""

AWAKE = 20
"""Ticks back to back in front of each open loop."""

START_S_MAX = 20.0
FEED = "feed"
CALLS_FILE = "system-calls"
STUCK_S = 0.1
"""A chain that is still starting may lose a tick: after so long the tick is sent again."""

LEAD_NS = 5_000_000
"""From the feed's word to go to the first tick of an open loop."""


class Plan(msgspec.Struct, frozen=True):
    """How many ticks each way of driving gets; 0 leaves it out."""

    closed: int
    rates: dict[int, int] = {}
    """Ticks per second -> ticks."""
    gaps_ns: Sequence[int] = ()
    """Time between ticks of a capture, already scaled."""
    drain: int = 0
    rested: int = 0
    calls: int = 0
    """Back to back too, while system calls are counted."""

    @property
    def total(self) -> int:
        """All ticks, with those that warm up."""
        return WARM + self.closed + self.calls + self.rested + sum(len(gaps) + AWAKE for gaps in self.open().values())

    def open(self) -> dict[str, np.ndarray]:
        """Return the open loops: the gaps in ns between their ticks, by name."""
        found = {f"{rate}/s": np.full(count, 1e9 / rate) for rate, count in self.rates.items()}
        found |= {"capture": np.asarray(self.gaps_ns, dtype=float), "drain": np.zeros(self.drain)}
        return {name: gaps for name, gaps in found.items() if len(gaps)}


class Phase(msgspec.Struct):
    """Times of one way of driving: columns of those ticks whose order came out, and how many did not."""

    columns: list[np.ndarray]
    missing: int
    late_ns: np.ndarray
    """How late the feed of an open loop was, for every tick; empty for the other ways."""

    def between(self, first: Column, last: Column) -> np.ndarray:
        """Return nanoseconds from one place to another, per tick."""
        taken_ns: np.ndarray = self.columns[last] - self.columns[first]
        return taken_ns

    @property
    def per_second(self) -> float:
        """Return orders per second from the first tick's time on the schedule to the last order."""
        ordered = self.columns[Column.ORDERED]
        if not len(ordered):
            return 0.0
        return len(ordered) * 1e9 / max(1, int(ordered.max()) - int(self.columns[Column.SCHEDULED].min()))


Launch = Callable[[Processes, Path, Path], Callable[[], Served] | None]
"""Starts the processes of a chain: (processes, folder, tape) -> what asks for its agents' histograms, if it has any."""


class ChainRun(msgspec.Struct):
    """What one run of a chain gave: phases by name, and of the closed one the hops, and per tick CPU time and events."""

    phases: dict[str, Phase]
    hops: Percentiles
    cost: Cost
    events: Counts


def run_chain(
    launch: Launch,
    plan: Plan,
    folder: Path,
    feed: str,
    settings: Settings,
    around: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> ChainRun:
    """Run a chain once in the empty `folder`; `feed` is the program that keeps schedules, placed as `settings` say.

    The closed phase is run within `around`.

    Raises:
        ProcessFailedError: If a process fails, or ticks sent back to back do not come out.
    """
    path = folder / "tape.bin"
    tape = create(path, plan.total)
    try:
        with Processes(folder) as processes:
            ask = launch(processes, folder, path)
            driver = _Driver(tape, processes, feed, settings)
            driver.closed(0, WARM, START_S_MAX)
            phases = {}
            at = WARM + plan.closed
            served = ask() if ask is not None else {}
            pids = processes.pids()
            with around():
                before, events_before = cpu_time(pids), events(pids)
                closed = phases["closed"] = driver.closed(WARM, at, 5.0 + plan.closed / 500)
                cost = per_tick(before, cpu_time(pids), plan.closed)
                happened = per_tick(events_before, events(pids), plan.closed)
            hops = _on_tape(closed) if ask is None else _with_rest(steps(served, ask()), closed)
            if plan.calls:
                with counted(pids, folder / CALLS_FILE):
                    driver.closed(at, at + plan.calls, 5.0 + plan.calls / 500)
                at += plan.calls
                calls = per_tick({}, system_calls(pids, folder / CALLS_FILE), plan.calls)
                happened = {name: kinds | calls[name] for name, kinds in happened.items()}
            if plan.rested:
                phases["rested"] = driver.rested(at, at + plan.rested, 5.0 + plan.rested / 100)
                at += plan.rested
            for name, gaps_ns in plan.open().items():
                # What was driven too hard before is given the time to come back.
                driver.closed(at, at + AWAKE, START_S_MAX)
                at += AWAKE
                phases[name] = driver.open(at, at + len(gaps_ns), gaps_ns)
                at += len(gaps_ns)
            return ChainRun(phases, hops, cost, happened)
    finally:
        tape.close()


class _Driver:
    def __init__(self, tape: Tape, processes: Processes, feed: str, settings: Settings) -> None:
        self._tape = tape
        self._processes = processes
        self._feed = feed
        self._settings = settings

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

    def rested(self, first: int, last: int, timeout_s: float) -> Phase:
        self._tape.words[Head.CHAIN_UNTIL] = 0
        self._processes.start(
            FEED, [self._feed, str(self._tape.path), "rested", str(first), str(last)], cpu=self._settings.cpu
        )
        self._processes.wait(FEED, timeout_s)
        return self._phase(first, last)

    def open(self, first: int, last: int, gaps_ns: np.ndarray) -> Phase:
        arrived = self._tape.words[Head.ARRIVED]
        duration_s = pace(self._tape, first, gaps_ns, self._processes, self._feed, self._settings.helper_cpu)
        settle(self._tape, self._processes, arrived + last - first, 10.0 + duration_s + (last - first) / 500)
        self._processes.wait(FEED, START_S_MAX)
        phase = self._phase(first, last)
        late_ns = self._tape.array(Column.FED)[first:last] - self._tape.array(Column.SCHEDULED)[first:last]
        return Phase(phase.columns, phase.missing, late_ns)

    def _phase(self, first: int, last: int) -> Phase:
        columns = [self._tape.array(column)[first:last] for column in Column]
        out = columns[Column.ORDERED] > 0
        return Phase([column[out] for column in columns], int((~out).sum()), np.empty(0, dtype=np.int64))


def pace(tape: Tape, first: int, gaps_ns: np.ndarray, processes: Processes, program: str, cpu: int) -> float:
    """Start a feed as the process `FEED`, let it be ready, write its schedule and let it go; return its length in s.

    Raises:
        ProcessFailedError: If it is not ready in time.
    """
    offsets_ns = np.cumsum(gaps_ns).astype(np.int64)
    last = first + len(offsets_ns)
    tape.words[Head.FEED] = 0
    processes.start(FEED, [program, str(tape.path), "paced", str(first), str(last)], cpu=cpu)
    processes.until(lambda: tape.words[Head.FEED] == READY, START_S_MAX, "the feed ready")
    tape.array(Column.SCHEDULED)[first:last] = offsets_ns + (time.monotonic_ns() + LEAD_NS)
    tape.words[Head.FEED] = GO
    return float(offsets_ns[-1]) / 1e9


def settle(tape: Tape, processes: Processes, arrived: int, timeout_s: float) -> None:
    """Wait until `arrived` orders are out in all, or for as long as any comes: what is missing then never will.

    Raises:
        ProcessFailedError: If a process fails.
    """
    end_s = time.monotonic() + timeout_s
    moved = (-1, time.monotonic())
    while (now := tape.words[Head.ARRIVED]) < arrived:
        processes.check()
        if now != moved[0]:
            moved = (now, time.monotonic())
        elif time.monotonic() - moved[1] > 1.0 + timeout_s / 10 or time.monotonic() > end_s:
            return
        time.sleep(0.01)


def _with_rest(found: Percentiles, closed: Phase) -> Percentiles:
    """Return the steps that agents measured, and the rest of the median that they do not explain."""
    total = float(np.median(closed.between(Column.MD, Column.ORDERED)))
    return found | {REST: {"p50": max(0.0, total - sum(step["p50"] for step in found.values()))}}


def _on_tape(phase: Phase) -> Percentiles:
    """Return each hop's latencies from the tape, of a chain whose every process wrote on it; work and hop in one."""
    if not phase.columns[Column.RISK].all():
        return {}
    places = {"md > signal": (Column.MD, Column.SIGNAL), "signal > risk": (Column.SIGNAL, Column.RISK)}
    places |= {"risk > execution": (Column.RISK, Column.EXECUTION), "execution": (Column.EXECUTION, Column.ORDERED)}
    return {name: told(phase.between(*ends), 1.0) for name, ends in places.items()}
