"""What a report draws: each chart as data for plotly.js, with colours by name, which the page takes from its theme.

A colour is written "@name"; the page puts in what its style sheet has for `--name`, light or dark.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.backtest.result.gathering import Gathering
from agents.backtest.result.instrument_story import InstrumentStory
from agents.backtest.result.run_figures import Figures
from agents.backtest.result.thinned import Point, Thinned

Chart = dict[str, Any]
BAR_HEIGHT_PX = 34
BARS_HEIGHT_PX = 116
WORDS = {
    "tick_to_signal": "tick to signal",
    "tick_to_decision": "tick to decision",
    "tick_to_order": "tick to order",
    "order_to_accepted": "order to accepted",
    "order_to_first_fill": "order to first fill",
    "order_to_end": "order to its end",
}


def charts_of(gathered: Gathering, figures: Figures) -> list[Chart]:
    """Return the charts of a report, in the order in which they stand on the page."""
    found = [_equity(gathered, figures)]
    for number, story in sorted(gathered.stories.items()):
        found += [_price(number, story), _position(number, story)]
    found += [_by_hour(gathered, figures), _latency(figures), _by_instrument(figures), _orders(figures)]
    found.append(_denials(gathered))
    data = gathered.facts.data
    lines = [gathered.curve.line, *(line for each in gathered.stories.values() for line in (each.price, each.position))]
    last_ns = max([data.last_ns, *(line.points()[-1][0] for line in lines if line.taken)])
    ends = times([(data.first_ns, 0.0), (last_ns, 0.0)])
    for each in found:
        if each["layout"]["xaxis"].get("type") == "date":
            each["layout"]["xaxis"]["range"] = ends
    return found


def times(points: Sequence[Point]) -> list[str]:
    """Return the times of points as plotly.js reads them: UTC, in microseconds."""
    stamps = np.array([each[0] for each in points], dtype="datetime64[ns]")
    return [str(each) for each in np.datetime_as_string(stamps, unit="us")]


def _line(name: str, thinned: Thinned, colour: str, **more: Any) -> Chart:
    points = thinned.points()
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": times(points),
        "y": [value for _, value in points],
        "line": {"color": colour, "width": 1.6, **more.pop("line", {})},
        **more,
    }


def _equity(gathered: Gathering, figures: Figures) -> Chart:
    curve, currency = gathered.curve, gathered.facts.currency
    below = _line("drawdown", curve.below, "@loss", fill="tozeroy", fillcolor="@loss-soft", yaxis="y2")
    layout = {
        "yaxis": {"domain": [0.36, 1], "title": {"text": currency}, "tickformat": ",~f"},
        "yaxis2": {"domain": [0, 0.28], "tickformat": ".3~%", "title": {"text": "drawdown"}, "rangemode": "tozero"},
        "xaxis": {"type": "date", "anchor": "y2"},
    }
    return {
        "id": "equity",
        "title": "Equity and drawdown",
        "note": _thin_note(curve.line),
        "height": 460,
        "wide": True,
        "traces": [_line("equity", curve.line, "@line"), below] if curve.line.taken else [],
        "layout": layout,
    }


def _price(number: int, story: InstrumentStory) -> Chart:
    prices = story.price if story.price.taken else story.marks
    words = "" if story.price.taken else "The portfolio's marks, as the run has no log of market data. "
    traces = [_line("price", prices, "@muted", line={"width": 1.2})]
    for side, name, colour, symbol in (
        (1, "own buy", "@gain", "triangle-up"),
        (-1, "own sell", "@loss", "triangle-down"),
    ):
        points = story.own[side].points()
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": times(points),
                "y": [value for _, value in points],
                "marker": {"color": colour, "symbol": symbol, "size": 9, "line": {"color": "@card", "width": 1}},
            }
        )
    fills = sum(len(story.own[side].points()) for side in (1, -1))
    shown = (
        f"All {story.fills} own fills." if fills == story.fills else f"{fills} of {story.fills} own fills are shown."
    )
    return {
        "id": f"price-{number}",
        "title": f"{story.info.name}: price and own fills",
        "note": f"{words}{_thin_note(prices)} {shown}",
        "height": 420,
        "wide": True,
        "traces": traces,
        "layout": {
            "yaxis": {"title": {"text": story.info.config.quote}, "tickformat": ",~f"},
            "xaxis": {"type": "date"},
            "showlegend": True,
        },
    }


def _position(number: int, story: InstrumentStory) -> Chart:
    line = _line("position", story.position, "@line", fill="tozeroy", fillcolor="@line-soft", line={"shape": "hv"})
    return {
        "id": f"position-{number}",
        "title": f"{story.info.name}: position",
        "note": _thin_note(story.position),
        "height": 260,
        "wide": True,
        "traces": [line],
        "layout": {"yaxis": {"title": {"text": story.info.config.base}}, "xaxis": {"type": "date"}},
    }


def _by_hour(gathered: Gathering, figures: Figures) -> Chart:
    values = [float(each.pnl) for each in figures.by_hour]
    # A name of each hour, so that one hour is a bar and not a wall.
    points = [(each.hour_ns, 0.0) for each in figures.by_hour]
    hours = [f"{text[5:10]} {text[11:16]}" for text in times(points)]
    return {
        "id": "by-hour",
        "title": "P&L by hour",
        "note": f"What equity changed by in each hour (UTC), but for transfers, in {gathered.facts.currency}.",
        "height": 320,
        "traces": [_bars(hours, values, signed=True)] if values else [],
        "layout": {"yaxis": {"title": {"text": gathered.facts.currency}}, "xaxis": {"type": "category"}},
    }


def _by_instrument(figures: Figures) -> Chart:
    names = [f"{each.instrument} ({each.account})" for each in figures.by_instrument]
    values = [float(each.pnl) for each in figures.by_instrument]
    currencies = sorted({each.currency for each in figures.by_instrument})
    return {
        "id": "by-instrument",
        "title": "P&L by instrument",
        "note": f"Realised and unrealised with funding, after fees, in {', '.join(currencies) or 'nothing'}.",
        "height": _height(names),
        "traces": [_bars(names, values, signed=True, flat=True)] if names else [],
        "layout": _flat_axes(currencies[0] if len(currencies) == 1 else ""),
    }


def _orders(figures: Figures) -> Chart:
    names = [f"{each.instrument} ({each.account})" for each in figures.by_instrument if each.orders]
    counted = [each for each in figures.by_instrument if each.orders]
    parts = (
        ("filled", "@gain", [each.orders_filled for each in counted]),
        ("filled in part", "@warn", [each.orders_filled_in_part for each in counted]),
        ("not filled", "@muted", [each.orders - each.orders_filled - each.orders_filled_in_part for each in counted]),
    )
    shares = [f"{each.instrument} {each.fill_ratio:.1%}" for each in counted if each.fill_ratio is not None]
    return {
        "id": "orders",
        "title": "Orders and fill ratio",
        "note": f"Filled of the quantity that was ordered: {', '.join(shares) or 'nothing'}.",
        "height": _height(names),
        "traces": [
            _bars(names, values, flat=True, name=name, colour=colour) for name, colour, values in parts if names
        ],
        "layout": {**_flat_axes("orders"), "barmode": "stack", "showlegend": True},
    }


def _latency(figures: Figures) -> Chart:
    hops = [(name, each) for name, each in figures.latency_ns.items() if each.max]
    names = [WORDS[name] for name, _ in hops]
    shades = (("median", "@line"), ("90 %", "@warn"), ("99 %", "@loss"))
    traces = []
    for (name, colour), key in zip(shades, ("p50", "p90", "p99"), strict=True):
        values = [getattr(each, key) / 1e6 for _, each in hops]
        traces.append(_bars(names, values, flat=True, name=name, colour=colour))
    return {
        "id": "latency",
        "title": "Latency by hop",
        "note": "In recorded time: the ways to the venue and back take what their models say, agents take none.",
        "height": _height(names, 3),
        "traces": traces if hops else [],
        "layout": {**_flat_axes("ms"), "barmode": "group", "showlegend": True},
    }


def _denials(gathered: Gathering) -> Chart:
    denied = gathered.facts.denied
    names = [name.lower().replace("_", " ") for name in denied]
    return {
        "id": "denials",
        "title": "Denials by reason",
        "note": f"{gathered.facts.approved} of {gathered.facts.signals} signals were approved.",
        "height": _height(names),
        "wide": True,
        "traces": [_bars(names, list(denied.values()), flat=True, colour="@warn")] if denied else [],
        "layout": _flat_axes("signals"),
    }


def _bars(
    names: list[str],
    values: Sequence[float],
    *,
    signed: bool = False,
    flat: bool = False,
    name: str = "",
    colour: str = "@line",
) -> Chart:
    """Return bars by name; `flat` ones lie, `signed` ones have the colour of their sign."""
    colours = ["@gain" if value >= 0 else "@loss" for value in values] if signed else colour
    ways = {"x": list(values), "y": names, "orientation": "h"} if flat else {"x": names, "y": list(values)}
    return {"type": "bar", "name": name, "marker": {"color": colours}, **ways}


def _flat_axes(unit: str) -> Chart:
    return {
        "xaxis": {"title": {"text": unit}},
        "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
    }


def _height(names: Sequence[str], each: int = 1) -> int:
    return BARS_HEIGHT_PX + BAR_HEIGHT_PX * max(1, len(names)) * (1 + each) // 2


def _thin_note(thinned: Thinned) -> str:
    points = len(thinned.points())
    if points == thinned.taken:
        return f"All {points} points."
    return f"{points} of {thinned.taken} points: first, last, lowest and highest of each of equal spans."
