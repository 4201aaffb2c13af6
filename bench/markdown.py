"""A result as Markdown: the table of targets, two pictures as Mermaid charts, and what can be read off them in figures.

    python -m bench.markdown var/bench/RESULT.json

Every run writes it beside its result file, and the README's table and pictures are pasted from there. Charts are text, so
that no picture has to be kept in the repository. Mermaid has no logarithmic axis, so latencies are drawn as their decimal
logarithm.
"""

import sys
from collections.abc import Iterator, Sequence
from math import log10
from pathlib import Path

from bench.result import Distribution, Result, TargetLine, read, short

SCENARIO = "tick_to_order"
GROUP = "group"
CLOSED = "closed"
FLOOR = "c_ipc"
NAMES = {
    "c_ipc": "C chain",
    "agents_ipc": "Tickmesh",
    "c_fixed": "C chain fixed addresses",
    "agents_fixed": "Tickmesh fixed addresses",
    "group": "Tickmesh group",
    "agents_tcp": "Tickmesh tcp",
    "c_tcp": "C chain tcp",
    "agents_on_asyncio": "same agents on zmq.asyncio",
    "zmq_asyncio": "bare zmq.asyncio",
    "grpc": "bare gRPC",
    "redis": "bare Redis Streams",
    "nats": "bare NATS",
}
CURVES = ("c_ipc", "agents_ipc", "group")
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}


def table(lines: Sequence[TargetLine]) -> str:
    """Return the targets as a table; those that hold are in bold."""
    rows = ["| what | target | measured | rounds | beside it, same run |", "|---|---|---|---|---|"]
    for line in lines:
        if line.measured is None:
            rows.append(f"| {line.name} | {line.target} | | | {line.why} |")
            continue
        mark = "**" if line.holds else ""
        beside = ", ".join(f"{name.partition('.')[2]} {short(value)}" for name, value in line.beside.items())
        measured = f"{mark}{short(line.measured)} {line.unit}{mark}"
        rows.append(f"| {mark}{line.name}{mark} | {line.target} | {measured} | {line.rounds} | {beside} |")
    return "\n".join(rows)


def ratios(result: Result) -> str:
    """Return the chart of medians back to back, as multiples of the chain in C; empty if that was not measured."""
    found = {name: each for name, each in _closed(result).items() if name in NAMES}
    if FLOOR not in found:
        return ""
    floor = _at(found[FLOOR], 50.0)
    bars = sorted((_at(each, 50.0) / floor, NAMES[name]) for name, each in found.items())
    names = ", ".join(f'"{name}"' for _, name in bars)
    return _chart(
        "xychart-beta horizontal",
        'title "Tick to order, back to back on one CPU: median over that of three bare hops in C"',
        f"x-axis [{names}]",
        f'y-axis "times the C chain" 0 --> {bars[-1][0] * 1.05:.1f}',
        f"bar [{', '.join(f'{ratio:.2f}' for ratio, _ in bars)}]",
    )


def curves(result: Result) -> str:
    """Return the chart of percentiles back to back of the chains in `CURVES`, in their order, on a logarithmic scale."""
    drawn = _drawn(result)
    if not drawn:
        return ""
    rows = [[log10(max(1.0, _at(each, p))) for p in PERCENTILES.values()] for each in drawn]
    lowest, highest = min(map(min, rows)), max(map(max, rows))
    return _chart(
        "xychart-beta",
        f'title "Tick to order by percentile, lines in this order: {", ".join(NAMES[each.name] for each in drawn)}"',
        f"x-axis [{', '.join(PERCENTILES)}]",
        f'y-axis "log10 of us (2 is 100 us)" {int(lowest)} --> {highest * 1.02:.2f}',
        *(f"line [{', '.join(f'{value:.2f}' for value in row)}]" for row in rows),
    )


def latencies(result: Result) -> str:
    """Return the table of what `curves` draws, in us."""
    drawn = _drawn(result)
    if not drawn:
        return ""
    rows = [f"| tick to order, us | {' | '.join(PERCENTILES)} |", f"|---|{'---|' * len(PERCENTILES)}"]
    for each in drawn:
        rows.append(f"| {NAMES[each.name]} | {' | '.join(short(_at(each, p)) for p in PERCENTILES.values())} |")
    return "\n".join(rows)


def text(result: Result) -> str:
    """Return everything, with machine, date and settings on top."""
    return "\n\n".join(part for part in _parts(result) if part) + "\n"


def _parts(result: Result) -> Iterator[str]:
    machine, settings = result.machine, result.settings
    yield (
        f"{machine['processor']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, Python {machine['python']}; "
        f"{result.started[:10]}, commit {result.commit}, mode {settings['mode']}, {result.seconds:.0f} s, "
        f"load {machine['load_before'][0]:g} before"
    )
    yield table(result.targets)
    yield ratios(result)
    yield curves(result)
    yield latencies(result)


def _drawn(result: Result) -> list[Distribution]:
    found = _closed(result)
    return [found[name] for name in CURVES if name in found]


def _closed(result: Result) -> dict[str, Distribution]:
    """Return the distributions back to back; where a chain was measured twice, that of the four processes' scenario."""
    scenarios = sorted(result.scenarios, key=lambda scenario: scenario.name == SCENARIO)
    return {
        each.name: each
        for scenario in scenarios
        if scenario.name in (SCENARIO, GROUP)
        for each in scenario.distributions
        if each.group == CLOSED
    }


def _at(distribution: Distribution, percentile: float) -> float:
    return next(value for p, value in distribution.percentiles if p >= percentile)


def _chart(*lines: str) -> str:
    return "\n".join(("```mermaid", lines[0], *(f"    {line}" for line in lines[1:]), "```"))


if __name__ == "__main__":
    sys.stdout.write(text(read(Path(sys.argv[1]))))
