"""report.html in a real browser: it draws what the tables hold, asks for nothing and fits the screen.

`make browser` looks at it in each theme and at three widths; the short form at one of each.
"""

import json
import math
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.chromium import DRAWN_S, binaries, chromium, requested
from tests.integration.backtest_run import leave_result

LONG = bool(os.environ.get("TICKMESH_LONG"))
SCREENS = [(390, False), (1400, True), (390, True), (1400, False), (2560, False)][: None if LONG else 2]
PIXEL = 1.0

DRAWN = "return document.documentElement.dataset.drawn === 'true'"
CHARTS = """
return JSON.parse(document.getElementById("data").textContent).map((chart) => {
  const box = document.getElementById(chart.id);
  if (!box) return {id: chart.id, traces: chart.traces, drawn: null};
  const full = box._fullLayout;
  const axis = (name) => full[name] && {range: full[name].range, length: full[name]._length, offset: full[name]._offset};
  const shapes = (selector) => [...box.querySelectorAll(selector)];
  const places = (nodes) => nodes.map((node) => {
    const found = /translate\\(([-0-9.e]+),\\s*([-0-9.e]+)\\)/.exec(node.getAttribute("transform") || "");
    return found && [Number(found[1]), Number(found[2])];
  });
  const sizes = (nodes) => nodes.map((node) => { const box = node.getBBox(); return [box.width, box.height]; });
  return {
    id: chart.id, traces: chart.traces,
    drawn: {
      x: axis("xaxis"), y: axis("yaxis"), y2: axis("yaxis2"),
      lines: shapes(".scatterlayer .trace .lines path.js-line").map((node) => node.getAttribute("d")),
      points: shapes(".scatterlayer .trace").map((node) => places([...node.querySelectorAll(".points path.point")])),
      bars: shapes(".barlayer .trace").map((node) => sizes([...node.querySelectorAll(".point path")])),
      width: box.getBoundingClientRect().width,
    },
  };
});
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    binaries()
    return leave_result(tmp_path_factory.mktemp("page"), duration_s=30.0)


@pytest.fixture(scope="module", params=SCREENS, ids=lambda each: f"{each[0]}-{'dark' if each[1] else 'light'}")
def page(out: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    width, dark = request.param
    with chromium(tmp_path_factory.mktemp("profile"), width=width, dark=dark) as browser:
        browser.get((out / "report.html").as_uri())
        WebDriverWait(browser, DRAWN_S).until(lambda found: found.execute_script(DRAWN))
        yield browser


@pytest.fixture
def charts(page: Chrome) -> dict[str, Any]:
    return {each["id"]: each for each in page.execute_script(CHARTS)}


def test_it_asks_the_network_for_nothing_and_has_no_errors(page: Chrome, out: Path) -> None:
    assert requested(page) == [(out / "report.html").as_uri()]
    assert [entry["message"] for entry in page.get_log("browser")] == []
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_it_fits_the_screen(page: Chrome, charts: dict[str, Any]) -> None:
    wide, screen = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= screen
    for chart in charts.values():
        if chart["drawn"] is not None:
            assert 0 < chart["drawn"]["width"] <= screen


def test_every_chart_is_there(charts: dict[str, Any]) -> None:
    drawn = {name for name, each in charts.items() if each["drawn"] is not None}
    assert drawn >= {"equity", "price-1", "position-1", "by-hour", "by-instrument", "orders", "latency"}
    assert drawn == {name for name, each in charts.items() if each["traces"]}


def test_lines_go_through_their_points(charts: dict[str, Any]) -> None:
    """Each corner of a drawn line lies on a point of the data, and the line reaches the lowest and the highest."""
    for name, axes in (("equity", ("y", "y2")), ("price-1", ("y",))):
        chart = charts[name]
        lines = [each for each in chart["traces"] if each["mode"] == "lines"]
        assert len(chart["drawn"]["lines"]) == len(lines)
        for path, trace, axis in zip(chart["drawn"]["lines"], lines, axes, strict=True):
            expected = pixels(trace, chart["drawn"]["x"], chart["drawn"][axis])
            corners = corners_of(path)
            assert len(corners) > 1
            assert max(min(math.dist(corner, each) for each in expected) for corner in corners) < PIXEL
            for pick in (min, max):
                assert abs(pick(y for _, y in corners) - pick(y for _, y in expected)) < PIXEL


def test_own_fills_stand_at_their_time_and_price(charts: dict[str, Any], out: Path) -> None:
    chart, trades = charts["price-1"], pq.read_table(out / "trades.parquet").to_pylist()
    markers = [each for each in chart["traces"] if each["mode"] == "markers"]
    groups = [each for each in chart["drawn"]["points"] if each]
    assert len(groups) == len([each for each in markers if each["x"]]) > 0
    for trace, drawn in zip([each for each in markers if each["x"]], groups, strict=True):
        side = {"own buy": "BUY", "own sell": "SELL"}[trace["name"]]
        own = {(row["time"].isoformat()[:26], float(row["price"])) for row in trades if row["side"] == side}
        assert {(time[:26], price) for time, price in zip(trace["x"], trace["y"], strict=True)} <= own
        expected = pixels(trace, chart["drawn"]["x"], chart["drawn"]["y"])
        assert len(drawn) == len(expected)
        assert all(math.dist(one, other) < PIXEL for one, other in zip(drawn, expected, strict=True))


def test_bars_are_as_long_as_their_numbers(charts: dict[str, Any]) -> None:
    for name in ("by-hour", "by-instrument", "orders", "latency"):
        chart = charts[name]
        bars = [each for each in chart["traces"] if each["type"] == "bar"]
        assert len(chart["drawn"]["bars"]) == len(bars)
        for trace, drawn in zip(bars, chart["drawn"]["bars"], strict=True):
            flat = trace.get("orientation") == "h"
            axis = chart["drawn"]["x" if flat else "y"]
            unit = axis["length"] / abs(axis["range"][1] - axis["range"][0])
            values = [abs(each) * unit for each in trace["x" if flat else "y"]]
            lengths = [width if flat else height for width, height in drawn]
            shown = [each for each in values if each > 0]
            assert [each for each in lengths if each > 0] == pytest.approx(shown, abs=PIXEL)


def test_the_end_of_equity_is_that_of_the_table(charts: dict[str, Any], out: Path) -> None:
    equity = pq.read_table(out / "equity.parquet").to_pylist()
    line = charts["equity"]["traces"][0]
    assert line["y"][-1] == float(equity[-1]["equity"])
    assert set(line["y"]) <= {float(row["equity"]) for row in equity}


def test_headline_figures_are_those_of_the_result(page: Chrome, out: Path) -> None:
    figures = json.loads((out / "result.json").read_text())["figures"]
    text = page.execute_script("return document.querySelector('.tiles').innerText")
    for shown in (f"{figures['sharpe']:,.2f}", f"{figures['hit_rate']:.1%}", f"{figures['orders']:,}"):
        assert shown in text


def test_the_theme_is_the_reader_s(page: Chrome, request: pytest.FixtureRequest) -> None:
    dark = page.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches")
    page_light, text_light = page.execute_script(
        "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color].map("
        "(each) => each.match(/[0-9]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0))"
    )
    assert (page_light < text_light) == dark
    line = page.execute_script("return document.querySelector('#equity .lines path').style.stroke")
    assert line == ("rgb(110, 168, 255)" if dark else "rgb(37, 99, 201)")


def pixels(trace: dict[str, Any], across: dict[str, Any], up: dict[str, Any]) -> list[tuple[float, float]]:
    """Return where the points of a trace are on the chart, counted by hand from the ends of its axes."""
    left, right = (moment(each) for each in across["range"])
    low, high = up["range"]
    return [
        ((moment(x) - left) / (right - left) * across["length"], (high - y) / (high - low) * up["length"])
        for x, y in zip(trace["x"], trace["y"], strict=True)
    ]


def moment(text: str) -> float:
    """Return a time of plotly's as seconds."""
    return datetime.fromisoformat(text.replace(" ", "T")[:26]).replace(tzinfo=UTC).timestamp()


def corners_of(path: str) -> list[tuple[float, float]]:
    """Return the corners of an SVG path of straight lines."""
    found: list[tuple[float, float]] = []
    x = y = 0.0
    for part in path.replace("M", " M").replace("L", " L").replace("H", " H").replace("V", " V").split():
        numbers = [float(each) for each in part[1:].split(",")]
        if part[0] in "ML":
            x, y = numbers
        elif part[0] == "H":
            (x,) = numbers
        else:
            (y,) = numbers
        found.append((x, y))
    return found
