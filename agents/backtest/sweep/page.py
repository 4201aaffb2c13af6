"""`sweep.html`: the table and what it means to look at, in one file that asks nobody for anything.

Two names make a heat map; one makes a line; more make parallel axes, and of each name what its values came to in the middle
and at best. Then the equity of the best variant beside that of the configuration as it is, and the choices of walk-forward.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from agents.backtest.sweep.judgement import sentences
from agents.backtest.sweep.table import Row, SweepResult
from agents.backtest.sweep.walk_forward import WalkForward

HTML = "sweep.html"
ROWS = 50
"""The best of so many variants are on the page; the files have all."""

HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sweep</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#1a1a1a}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2em .8em;text-align:right;
border-bottom:1px solid #ddd}h2{margin-top:2em}</style>"""


def write_page(out: Path, result: SweepResult, equity: Mapping[int, Sequence[float]]) -> None:
    """Write the page; `equity` is by variant what it had gained at the end of each slice of time."""
    import plotly.graph_objects as go
    from plotly.io import to_html
    from plotly.offline import get_plotlyjs

    figures = [figure for figure in (*_maps(go, result), _equity(go, result, equity)) if figure is not None]
    drawn = "".join(
        to_html(figure, full_html=False, include_plotlyjs=False, div_id=f"figure{number}")
        for number, figure in enumerate(figures)
    )
    said = "".join(f"<p>{escape(line)}</p>" for line in sentences(result))
    walk = "" if result.judged.walk_forward is None else _choices(result.judged.walk_forward)
    script = f"<script>{get_plotlyjs()}</script>"
    body = f"<h1>Sweep by {escape(result.by)}</h1>{said}{drawn}{walk}<h2>Best variants</h2>{_best(result)}"
    (out / HTML).write_text(f"{HEAD}{script}<body>{body}</body></html>\n", encoding="utf-8")


def _maps(go: Any, result: SweepResult) -> list[Any]:
    rows = [row for row in result.rows if row.number and row.figure is not None]
    names = list(result.grid)
    if not rows:
        return []
    if len(names) == 2:
        return [_heat(go, result, rows, names[0], names[1])]
    if len(names) == 1:
        return [_by_value(go, result, rows, names[0])]
    return [_parallel(go, result, rows), *(_by_value(go, result, rows, name) for name in names)]


def _heat(go: Any, result: SweepResult, rows: Sequence[Row], down: str, across: str) -> Any:
    found = {(row.values[down], row.values[across]): row for row in rows}
    ys, xs = result.grid[down], result.grid[across]
    cells = [[found.get((y, x)) for x in xs] for y in ys]
    figures = [[None if row is None else row.figure for row in line] for line in cells]
    texts = [["" if row is None else f"variant {row.number}" for row in line] for line in cells]
    signed = any((row.figure or 0) < 0 for row in rows) and any((row.figure or 0) > 0 for row in rows)
    heat = go.Heatmap(
        x=[str(x) for x in xs],
        y=[str(y) for y in ys],
        z=figures,
        text=texts,
        colorscale="RdBu" if signed else "Viridis",
        zmid=0 if signed else None,
        hovertemplate=f"{across} %{{x}}<br>{down} %{{y}}<br>{result.by} %{{z}}<br>%{{text}}<extra></extra>",
    )
    figure = go.Figure(heat)
    return figure.update_layout(
        title=result.by,
        xaxis={"title": across, "type": "category"},
        yaxis={"title": down, "type": "category"},
    )


def _by_value(go: Any, result: SweepResult, rows: Sequence[Row], name: str) -> Any:
    """Return what the values of one name came to, whatever the others were."""
    by_value = {value: [row.figure for row in rows if row.values[name] == value] for value in result.grid[name]}
    there = {
        str(value): [each for each in figures if each is not None] for value, figures in by_value.items() if figures
    }
    best = min if result.by.startswith("-") else max
    figure = go.Figure()
    for label, of in (("middle", median), ("best", best)):
        figure.add_scatter(x=list(there), y=[of(each) for each in there.values()], name=label, mode="lines+markers")
    return figure.update_layout(title=f"{result.by} by {name}", xaxis={"title": name, "type": "category"})


def _parallel(go: Any, result: SweepResult, rows: Sequence[Row]) -> Any:
    dimensions = []
    for name, values in result.grid.items():
        places = {value: place for place, value in enumerate(values)}
        dimensions.append(
            {
                "label": name,
                "values": [places[row.values[name]] for row in rows],
                "tickvals": list(places.values()),
                "ticktext": [str(value) for value in values],
            }
        )
    figures = [row.figure for row in rows]
    dimensions.append({"label": result.by, "values": figures})
    line = {"color": figures, "colorscale": "Viridis", "showscale": True}
    return go.Figure(go.Parcoords(dimensions=dimensions, line=line)).update_layout(title=result.by)


def _equity(go: Any, result: SweepResult, equity: Mapping[int, Sequence[float]]) -> Any:
    best, default = result.best(), result.default()
    shown = [(f"best, variant {best.number}", best)] if best is not None else []
    shown += [("configuration as it is", default)] if default is not None and not default.refused else []
    if not shown:
        return None
    figure = go.Figure()
    for label, row in shown:
        figure.add_scatter(y=list(equity[row.number]), name=label)
    title = f"Equity gained, {result.currency}".rstrip(", ")
    return figure.update_layout(title=title, xaxis={"title": "slice of time"})


def _best(result: SweepResult) -> str:
    names = list(result.grid)
    head = ["variant", *names, result.by, ""]
    lines = [
        [str(row.number), *(str(row.values.get(name, "as it is")) for name in names), number(row.figure), row.refused]
        for row in result.rows[:ROWS]
    ]
    return _table(head, lines)


def _choices(found: WalkForward) -> str:
    head = ["chosen after fold", "variant", "in sample", "out of sample", "as it is", "best in hindsight", "beat"]
    lines = [
        [
            f"{each.fold} of {found.folds}",
            str(each.number),
            number(each.in_sample),
            number(each.out_of_sample),
            number(each.default_out_of_sample),
            number(each.best_out_of_sample),
            f"{each.beaten:.0%}",
        ]
        for each in found.choices
    ]
    return f"<h2>Walk-forward</h2>{_table(head, lines)}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{escape(each)}" for each in head)
    return f"<table><tr>{titles}{''.join('<tr>' + ''.join(f'<td>{escape(c)}' for c in line) for line in lines)}</table>"


def number(figure: float | None) -> str:
    """Return a figure as people read it."""
    return "not known" if figure is None else f"{figure:.6g}"
