"""The pictures of a report, drawn with matplotlib: percentile curves, stacked hops, ratios, rates, growth.

One measure always has one colour: ours blue, floors grey, peers orange and on. Latencies stand on a logarithmic axis, and
percentiles on one that stretches the tail (1 / (1 - p)), as HdrHistogram's plots have it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib

from bench.result import Distribution, Figure, Growth, Hops, Result, ScenarioResult, short

matplotlib.use("Agg")

import matplotlib.pyplot as plt

OURS = ("#1f5fbf", "#5f9fef", "#123a78", "#8fbfff")
FLOORS = ("#444444", "#888888", "#bbbbbb")
PEERS = ("#d9541e", "#e8a33d", "#8f5fbf", "#3f9f5f", "#bf3f6f", "#7f6f2f")
SIZE = (9.0, 4.6)
GROUPS = {
    "closed": "back to back",
    "rested": "one at a time, each from rest",
    "1000ps": "1,000 ticks/s, from the time they were due",
    "10000ps": "10,000 ticks/s, from the time they were due",
    "100ps": "100 ticks/s, from the time they were due",
    "500ps": "500 ticks/s, from the time they were due",
    "capture": "with the gaps between the frames of a recorded capture, from the time they were due",
}
TICKS = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999)

Picture = tuple[str, str, Any]
"""(file stem, caption, matplotlib figure)."""


def pictures(result: Result) -> Iterator[Picture]:
    """Yield every picture of a result with its caption as title; the caller closes each with `close`."""
    for stem, caption, picture in _all(result):
        picture.axes[0].set_title(caption, fontsize=10, loc="left")
        picture.tight_layout()
        yield stem, caption, picture


def _all(result: Result) -> Iterator[Picture]:
    if any(line.measured is not None for line in result.targets):
        yield "targets", "Targets: measured over what is allowed; left of the line holds", _targets(result)
    for scenario in result.scenarios:
        yield from _of_scenario(scenario)


def close(picture: Any) -> None:
    """Free a picture."""
    plt.close(picture)


def _of_scenario(scenario: ScenarioResult) -> Iterator[Picture]:
    groups = dict.fromkeys(each.group for each in scenario.distributions)
    for group in groups:
        some = [each for each in scenario.distributions if each.group == group]
        yield f"{scenario.name}-{group}", f"{scenario.title}: {GROUPS.get(group, group)}", _curves(some)
        floor = next((each for each in some if each.source == "floor"), None)
        if floor is not None and len(some) > 1:
            caption = f"{scenario.title}: {GROUPS.get(group, group)}; medians over the floor's"
            yield f"{scenario.name}-{group}-ratios", caption, _ratios(some, floor)
    if scenario.hops:
        yield f"{scenario.name}-hops", f"{scenario.title}: median of each hop", _hops(scenario.hops)
    if scenario.costs:
        yield f"{scenario.name}-cpu", f"{scenario.title}: CPU time of each process per tick", _hops(scenario.costs)
    for unit, better in dict.fromkeys((f.unit, f.better) for f in scenario.figures if f.source != "info"):
        some_figures = [f for f in scenario.figures if (f.unit, f.better) == (unit, better) and _is_bar(f, scenario)]
        if some_figures:
            stem = f"{scenario.name}-{unit.replace('/', 'p').replace(' ', '')}-{better}"
            yield stem, f"{scenario.title}: {unit}, {better} is better", _bars(some_figures, unit)
    for group in dict.fromkeys(each.group for each in scenario.growth):
        yield (
            f"{scenario.name}-growth-{group}",
            f"{scenario.title}: {group}",
            _growth([each for each in scenario.growth if each.group == group]),
        )


def _is_bar(figure: Figure, scenario: ScenarioResult) -> bool:
    """Return whether a figure gets a bar: of latency distributions only the median does."""
    tails = (".p90", ".p99", ".p99.9", ".max")
    if ".hop." in figure.name:
        return False
    grown = tuple(f"{scenario.name}.{each.group}." for each in scenario.growth if each.group != "subscribers")
    return figure.source != "info" and not figure.name.endswith(tails) and not figure.name.startswith(grown or ("\0",))


def _curves(distributions: Sequence[Distribution]) -> Any:
    picture, axes = plt.subplots(figsize=SIZE)
    most = max(each.count for each in distributions)
    for each, colour in zip(distributions, _colours([d.source for d in distributions]), strict=True):
        points = [(p, value) for p, value in each.percentiles if value > 0]
        axes.plot(
            # The largest of n samples stands where the percentile 1 - 1 / n does.
            [min(float(each.count), 1 / max(1e-12, 1 - p / 100)) for p, _ in points],
            [value for _, value in points],
            label=f"{each.name} (n = {each.count:,})",
            color=colour,
            linewidth=2.2 if each.source == "tickmesh" else 1.3,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    shown = [p for p in TICKS if 1 / (1 - p / 100) <= most]
    axes.set_xticks([1 / (1 - p / 100) for p in shown], [f"{p:g} %" for p in shown])
    axes.minorticks_off()
    axes.set_xlabel("percentile")
    axes.set_ylabel("us")
    return _finished(picture, axes)


def _ratios(distributions: Sequence[Distribution], floor: Distribution) -> Any:
    picture, axes = plt.subplots(figsize=(SIZE[0], 1.2 + 0.34 * len(distributions)))
    values = [_median(each) / _median(floor) for each in distributions]
    colours = _colours([each.source for each in distributions], one_each=False)
    axes.barh([each.name for each in distributions], values, color=colours)
    for index, value in enumerate(values):
        axes.annotate(f" {value:.2f} x", (value, index), va="center", fontsize=8)
    axes.axvline(1.0, color="#000000", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlabel(f"median, times that of {floor.name}")
    return _finished(picture, axes, legend=False)


def _median(distribution: Distribution) -> float:
    return next(value for p, value in distribution.percentiles if p >= 50)


def _hops(chains: Sequence[Hops]) -> Any:
    picture, axes = plt.subplots(figsize=SIZE)
    names = list(dict.fromkeys(hop for chain in chains for hop in chain.hops))
    shades = plt.get_cmap("Blues")([0.85 - 0.5 * i / max(1, len(names) - 1) for i in range(len(names))])
    left = [0.0] * len(chains)
    for hop, shade in zip(names, shades, strict=True):
        values = [chain.hops.get(hop, 0.0) for chain in chains]
        axes.barh([chain.name for chain in chains], values, left=left, label=hop, color=shade, edgecolor="white")
        left = [a + b for a, b in zip(left, values, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("us")
    return _finished(picture, axes)


def _bars(figures: Sequence[Figure], unit: str) -> Any:
    picture, axes = plt.subplots(figsize=(SIZE[0], 1.2 + 0.34 * len(figures)))
    values = [max(figure.median, 1e-9) for figure in figures]
    spread = [[v - min(f.low, v) for v, f in zip(values, figures, strict=True)]]
    spread += [[max(f.high, v) - v for v, f in zip(values, figures, strict=True)]]
    names = [figure.name.partition(".")[2] for figure in figures]
    colours = _colours([figure.source for figure in figures], one_each=False)
    axes.barh(names, values, xerr=spread, color=colours, ecolor="#000000", capsize=2)
    for index, value in enumerate(values):
        axes.annotate(f"  {short(value)}", (max(value, figures[index].high), index), va="center", fontsize=8)
    axes.margins(x=0.12, y=0.02)
    if max(values) / min(values) > 20:
        axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    return _finished(picture, axes, legend=False)


def _growth(curves: Sequence[Growth]) -> Any:
    picture, axes = plt.subplots(figsize=SIZE)
    for curve in curves:
        axes.plot([x for x, _ in curve.points], [y for _, y in curve.points], marker="o", label=curve.name)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(curves[0].x)
    axes.set_ylabel(curves[0].unit)
    return _finished(picture, axes)


def _targets(result: Result) -> Any:
    from bench.targets import TARGETS

    bounds = {target.name: target for target in TARGETS}
    lines = [line for line in result.targets if line.measured is not None]
    ratios = []
    for line in lines:
        target = bounds[line.name]
        measured = max(line.measured or 0.0, 1e-9)
        ratios.append(target.bound / measured if target.least else measured / target.bound)
    picture, axes = plt.subplots(figsize=(SIZE[0], 1.2 + 0.34 * len(lines)))
    colours = ["#3f9f5f" if line.holds else "#c0392b" for line in lines]
    axes.barh([f"{line.name}: {line.target}" for line in lines], ratios, color=colours)
    axes.axvline(1.0, color="#000000", linewidth=1)
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xlabel("measured / allowed")
    return _finished(picture, axes, legend=False)


def _colours(sources: Sequence[str], one_each: bool = True) -> list[str]:
    palettes = {"tickmesh": OURS, "floor": FLOORS, "peer": PEERS, "info": FLOORS}
    used = dict.fromkeys(palettes, 0)
    found = []
    for source in sources:
        palette = palettes[source]
        found.append(palette[used[source] % len(palette)])
        used[source] += one_each
    return found


def _finished(picture: Any, axes: Any, legend: bool = True) -> Any:
    axes.grid(True, axis="both", alpha=0.25)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(fontsize=8, frameon=False)
    return picture
