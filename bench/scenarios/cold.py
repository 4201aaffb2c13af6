"""Cold caches: what an agent pays for having been away from its CPU while others ran.

`lines`: a C program passes a token round processes on one CPU, each of which touches so many cache lines in its turn, eight
of a page, each found through the one before (`bench/peers/cold.c`). One process finds them where its last turn left them;
of five, each finds what four others have left. From the difference can be told how many lines an agent may touch within a
target. It is the most that a line costs: none is fetched ahead, code is jumps only, and processes share none of it.

`live`: how many times as long an order takes in four processes as in one. An agent's own work, from an input to its
decision, has no hop in it: what makes it longer is caches, and whoever takes the CPU meanwhile. CPU time has everything,
hops too. The figures are those of `tick_to_order` and `group` of the same run, as multiples of the chain in C beside each.
"""

import platform
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from statistics import median

import numpy as np

from bench.desk import CHAIN, GROUP
from bench.hops import HOPS
from bench.processes import Processes
from bench.result import Figure
from bench.scenario import Bench

NAME = "cold"
TITLE = "Cold caches"
WEIGHT = 0.3
KINDS = ("data", "code")
LINES = (256, 1024, 4096)
"""16, 64 and 256 KiB."""

LINES_OF_PAGE = 8
PROCESSES = (1, 5)
"""Five: the agents of a small desk."""

JUMPS = ("x86_64", "AMD64")
"""Processors whose jumps the program can write."""

ROUNDS_MAX = 5
TIMEOUT_S = 30.0
FOUR, ONE = "tick_to_order", "group"
WORK = {agent: step.replace(" ", "_") for step, (agent, histogram) in HOPS.items() if agent == histogram}
PAIRS = {
    **{
        agent: ((f"agents_ipc.hop.{step}.p50",), (f"group.hop.{step}.p50",), "c_ipc.closed.p50")
        for agent, step in WORK.items()
    },
    "cpu": (tuple(f"agents_ipc.cpu.{name}." for name in CHAIN), (f"group.cpu.{GROUP}.",), "c_ipc.cpu."),
}
"""Name -> figures of the four processes, of the one, and of the chain in C beside each, by how their names begin."""


def run(bench: Bench) -> None:
    """Measure."""
    if made := bench.programs():
        lines(bench, made["cold"])
    live(bench)


def lines(bench: Bench, program: str) -> None:
    """Tell what a line costs, by how many lines are touched and by how many processes."""
    kinds = KINDS if platform.machine() in JUMPS else KINDS[:1]
    if kinds != KINDS:
        bench.skip(f"code: the program writes jumps of x86-64 only, this is {platform.machine()}")
    touched = bench.settings.n(20_000, 20_000, 1_000)
    cases = list(product(kinds, LINES, PROCESSES))
    variants = {_name(*case): partial(turns, bench, program, *case, touched // case[1]) for case in cases}
    found = bench.rounds(variants, rounds=min(ROUNDS_MAX, bench.settings.rounds))
    for name, rounds in found.items():
        bench.figure(name, "ns/line", rounds, source="floor")
    cost = {case: median(found[_name(*case)]) for case in cases if _name(*case) in found}
    rows: list[tuple[str, list[float | None]]] = []
    for kind, count in product(kinds, LINES if cost else ()):
        warm, cold = (cost.get((kind, count, processes)) for processes in PROCESSES)
        more = None if warm is None or cold is None else (cold - warm) * count / 1e3
        rows.append((f"{kind}, {count:,} lines", [warm, cold, more]))
    bench.table("A line, ns", ["one process", "five", "more in a turn, us"], rows)
    for kind, processes in product(kinds, PROCESSES if cost else ()):
        points = [(float(case[1]), ns) for case, ns in cost.items() if (case[0], case[2]) == (kind, processes)]
        bench.growth("lines", f"{kind}, {processes} on the CPU", "lines touched in a turn", "ns/line", points)


def turns(bench: Bench, program: str, kind: str, count: int, processes: int, taken: int) -> float:
    """Return the nanoseconds that a line takes in the median turn."""
    with bench.folder() as folder, Processes(folder) as running:
        file = folder / "turns"
        sizes = map(str, (processes, count, count // LINES_OF_PAGE, max(1, taken)))
        running.start("cold", [program, kind, *sizes, str(file)], cpu=bench.settings.cpu)
        running.wait("cold", TIMEOUT_S)
        return float(np.median(np.fromfile(file, dtype=np.int64))) / count


def live(bench: Bench) -> None:
    """Tell how many times as long work takes in four processes as in one."""
    rows: list[tuple[str, list[float | None]]] = []
    for name, (four, one, floor) in PAIRS.items():
        figures = [_sum(bench.earlier, f"{FOUR}.", four), _sum(bench.earlier, f"{ONE}.", one)]
        floors = [_sum(bench.earlier, f"{scenario}.", (floor,)) for scenario in (FOUR, ONE)]
        if all(figures + floors):
            ratios = over(*figures, *floors)
            bench.figure(f"live.{name}", "x", ratios, source="info")
            rows.append((name, [*map(median, figures), median(ratios)]))
    if rows:
        bench.table("An order in four processes and in one", ["four, us", "one, us", "times, beside C"], rows)
    else:
        bench.skip(f"live: {FOUR} and {ONE} are not measured in this run")


def over(
    four: Sequence[float], one: Sequence[float], four_floor: Sequence[float], one_floor: Sequence[float]
) -> list[float]:
    """Return each round of `four` over the median of `one`, both as multiples of the chain in C beside them."""
    base = median(one) / median(one_floor)
    floors = four_floor if len(four_floor) == len(four) else [median(four_floor)] * len(four)
    return [value / floor / base for value, floor in zip(four, floors, strict=True)]


def _sum(figures: Mapping[str, Figure], scenario: str, names: tuple[str, ...]) -> list[float]:
    """Return, round by round, the sum of the figures whose names begin like this; empty if there is none."""
    begin = tuple(scenario + name for name in names)
    rounds = [figure.rounds for name, figure in figures.items() if name.startswith(begin)]
    return [sum(each) for each in zip(*rounds, strict=False)]


def _name(kind: str, count: int, processes: int) -> str:
    return f"lines.{kind}.{count}.{processes}"
