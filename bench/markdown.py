"""A result as Markdown, for the README: the table of targets, and two pictures as Mermaid charts.

    python -m bench.markdown var/bench/RESULT.json

Charts are text, so that no picture has to be kept in the repository.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.result import Distribution, Result, TargetLine, read, short

SCENARIO = "tick_to_order"
GROUP = "group"
CLOSED = "closed"
FLOOR = "c_ipc"
NAMES = {
    "c_ipc": "C chain",
    "agents_ipc": "Tickmesh",
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
PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0)


def table(lines: Sequence[TargetLine]) -> str:
    """Return the targets as a table; those that hold are in bold."""
    rows = ["| what | target | measured | beside it, same run |", "|---|---|---|---|"]
    for line in lines:
        if line.measured is None:
            rows.append(f"| {line.name} | {line.target} | | {line.why} |")
            continue
        mark = "**" if line.holds else ""
        beside = ", ".join(f"{name.partition('.')[2]} {short(value)}" for name, value in line.beside.items())
        rows.append(
            f"| {mark}{line.name}{mark} | {line.target} | {mark}{short(line.measured)} {line.unit}{mark} | {beside} |"
        )
    return "\n".join(rows)


def ratios(result: Result) -> str:
    """Return the chart of medians back to back, as multiples of the chain in C."""
    found = {name: each for name, each in _closed(result).items() if name in NAMES}
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
    """Return the chart of percentiles back to back of the chains in `CURVES`, in their order."""
    found = _closed(result)
    drawn = [found[name] for name in CURVES if name in found]
    highest = max(_at(each, PERCENTILES[-1]) for each in drawn)
    lines = [f"line [{', '.join(f'{_at(each, p):.0f}' for p in PERCENTILES)}]" for each in drawn]
    return _chart(
        "xychart-beta",
        f'title "Tick to order in us by percentile: {", ".join(NAMES[each.name] for each in drawn)}"',
        f"x-axis [{', '.join(f'{p:g}' for p in PERCENTILES)}]",
        f'y-axis "us" 0 --> {highest * 1.05:.0f}',
        *lines,
    )


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


def main(path: str) -> None:
    """Print everything."""
    result = read(Path(path))
    machine = result.machine
    sys.stdout.write(
        f"{machine['processor']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, Python {machine['python']}; "
        f"{result.started[:10]}, commit {result.commit}, mode {result.settings['mode']}, {result.seconds:.0f} s\n\n"
        f"{table(result.targets)}\n\n{ratios(result)}\n\n{curves(result)}\n"
    )


if __name__ == "__main__":
    main(sys.argv[1])
