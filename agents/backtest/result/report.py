"""The page of a backtest: its figures, charts and assumptions, whole in one file.

plotly.js stands in it (of the package `plotly`), the data as well, and its content security policy forbids everything
else: it opens without a network, today and in years. It follows the reader's theme and the width of the screen.
"""

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

from plotly.offline import get_plotlyjs

from agents.backtest.result.charts import WORDS, Chart, charts_of, times
from agents.backtest.result.gathering import Gathering
from agents.backtest.result.run_figures import Figures

SECOND_NS = 1_000_000_000
DAYS_MIN = 30
"""Of a shorter run, what is annualised says little, and the page says so."""
PERIODS = {86_400: "a day", 3_600: "an hour", 60: "a minute", 1: "a second"}


class Tile(NamedTuple):
    """One headline figure; the sign of `signed` gives its colour."""

    name: str
    text: str
    more: str
    signed: float = 0


def page(gathered: Gathering, figures: Figures) -> str:
    """Return the page."""
    charts = charts_of(gathered, figures)
    parts = {
        "title": escape(_span(gathered)),
        "span": escape(_header(gathered)),
        "tiles": "\n".join(_tile(each) for each in tiles(gathered, figures)),
        "basis": escape(basis(gathered, figures)),
        "charts": "\n".join(_figure(each) for each in charts),
        "tables": "\n".join(tables(gathered, figures)),
        "data": json.dumps(charts, separators=(",", ":")).replace("<", "\\u003c"),
        "plotly": get_plotlyjs(),
        "style": _file("page.css"),
        "script": _file("page.js"),
    }
    text = _file("page.html")
    for name, part in parts.items():
        before, found, after = text.partition("{{" + name + "}}")
        assert found, name
        text = before + part + after
    return text


def tiles(gathered: Gathering, figures: Figures) -> list[Tile]:
    """Return the headline figures."""
    currency = gathered.facts.currency
    turnover = ", ".join(f"{_money(value)} {name}" for name, value in figures.turnover.items())
    by_equity = f"{_number(figures.turnover_ratio)} times mean equity"
    won = f"{figures.closed_won:,} of {figures.closed_trades:,} closed trades"
    return [
        Tile("P&L after fees", _money(figures.pnl), currency, float(figures.pnl)),
        Tile("Total return", _share(figures.total_return, 3), "of opening equity", figures.total_return or 0),
        Tile("Volatility", _share(figures.volatility), "annualised"),
        Tile("Sharpe ratio", _number(figures.sharpe), "annualised", figures.sharpe or 0),
        Tile("Sortino ratio", _number(figures.sortino), "annualised", figures.sortino or 0),
        Tile("Max drawdown", _share(figures.drawdown_max_share, 3), f"{_money(figures.drawdown_max)} {currency}"),
        Tile("Longest drawdown", _duration(figures.drawdown_longest_ns), "from a peak until it is reached again"),
        Tile("Turnover", turnover or "–", by_equity),
        Tile("Fees", _money(figures.fees), currency),
        Tile("Orders", f"{figures.orders:,}", f"{figures.fills:,} fills, {figures.fills_maker:,} as maker"),
        Tile("Fill ratio", _share(figures.fill_ratio, 1), "of orders, whole or in part"),
        Tile("Hit rate", _share(figures.hit_rate, 1), won),
        Tile("Profit factor", _number(figures.profit_factor), "profits by losses of closed trades"),
        Tile("Signals", f"{gathered.facts.signals:,}", f"{gathered.facts.approved:,} approved"),
    ]


def basis(gathered: Gathering, figures: Figures) -> str:
    """Return what the figures rest on, in words."""
    data = gathered.facts.data
    period = PERIODS[figures.sample_ns // SECOND_NS]
    words = (
        f"Volatility, Sharpe and Sortino are of {figures.returns:,} returns over {period} each, times the root of"
        f" {figures.periods_per_year:,.0f} periods a year (markets open all the time), against a return of 0."
        f" Hit rate and profit factor are of {figures.closed_trades:,} fills that made a position smaller, each less the"
        " commissions of what it closed."
    )
    if data.last_ns - data.first_ns < DAYS_MIN * 86_400 * SECOND_NS:
        words += f" The run is shorter than {DAYS_MIN} days: annualised figures only compare it with others like it."
    return words


def tables(gathered: Gathering, figures: Figures) -> list[str]:
    """Return the tables below the charts."""
    facts = gathered.facts
    found = []
    if figures.by_instrument:
        heads = (
            "Instrument",
            "Account",
            "P&L",
            "Realised",
            "Unrealised",
            "Fees",
            "Funding",
            "Position",
            "Orders",
            "Fills",
        )
        rows: list[tuple[str, ...]] = [
            (
                *(each.instrument, each.account, f"{_money(each.pnl)} {each.currency}", _money(each.realised)),
                *(_money(each.unrealised), _money(each.fees), _money(each.funding), each.position),
                *(f"{each.orders:,}", f"{each.fills:,}"),
            )
            for each in figures.by_instrument
        ]
        found.append(_table("Instruments", heads, rows, texts=2, wide=True))
    if figures.latency_ns:
        rows = [
            (
                WORDS[name],
                f"{each.count:,}",
                *(f"{value / 1e6:,.3f}" for value in (each.p50, each.p90, each.p99, each.max)),
            )
            for name, each in figures.latency_ns.items()
        ]
        found.append(_table("Latency by hop, ms", ("Hop", "Count", "Median", "90 %", "99 %", "Most"), rows, texts=1))
    strategies = [
        (name, *(f"{each[key]:,}" for key in ("signals", "fills", "open_orders")), _pairs(each["positions"]))
        for name, each in facts.strategies.items()
    ]
    if strategies:
        found.append(
            _table("Strategies", ("Strategy", "Signals", "Fills", "Open orders", "Position"), strategies, texts=1)
        )
    for name, venue in facts.venues.items():
        models = [(key.replace("_", " "), _plain(value)) for key, value in venue.models.items()]
        models += [("fees paid", _pairs(venue.fees)), ("funding", _pairs(venue.funding))]
        found.append(_table(f"Assumed of {name}", ("Model", "Value"), models, texts=2))
    run = [
        ("Tickmesh", facts.tickmesh),
        ("seed", str(facts.seed)),
        ("configuration", f"sha256 {facts.config_sha256}"),
        ("data", f"sha256 {facts.data.sha256}"),
        *((f"file {each['name']}", f"sha256 {each['sha256']}") for each in facts.data.sources),
        ("messages", f"{facts.data.messages:,}"),
    ]
    found.append(_table("What was run", ("What", "Value"), run, texts=2))
    return found


def _span(gathered: Gathering) -> str:
    data = gathered.facts.data
    begun, ended = (each[:19].replace("T", " ") for each in times([(data.first_ns, 0.0), (data.last_ns, 0.0)]))
    return f"{begun} to {ended} UTC"


def _header(gathered: Gathering) -> str:
    facts = gathered.facts
    equity = f"{_money(facts.equity_opening)} to {_money(facts.equity_final)} {facts.currency}"
    unknown = f" (not known: {facts.equity_not_known})" if facts.equity_not_known else ""
    span_ns = facts.data.last_ns - facts.data.first_ns
    return f"{_span(gathered)}, {_duration(span_ns)}. Equity {equity}{unknown}."


def _tile(tile: Tile) -> str:
    sign = ' class="gain"' if tile.signed > 0 else ' class="loss"' if tile.signed < 0 else ""
    name, text, more = escape(tile.name), escape(tile.text), escape(tile.more)
    return f'<div class="tile"><span>{name}</span><strong{sign}>{text}</strong><small>{more}</small></div>'


def _figure(chart: Chart) -> str:
    name, title = escape(chart["id"], quote=True), escape(chart["title"])
    kinds = "".join((" wide" if chart.get("wide") else "", "" if chart["traces"] else " none"))
    height = f'<div class="plot" id="{name}" style="height:{chart["height"]}px"></div>'
    plot = height if chart["traces"] else '<p class="note">None.</p>'
    return f'<figure class="chart{kinds}"><h2>{title}</h2><p class="note">{escape(chart["note"])}</p>{plot}</figure>'


def _table(
    title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, texts: int, wide: bool = False
) -> str:
    """Return a table whose first columns are `texts`, the others numbers."""

    def cells(tag: str, row: tuple[str, ...]) -> str:
        kinds = ("" if place < texts else ' class="number"' for place in range(len(row)))
        return "".join(f"<{tag}{kind}>{escape(each)}</{tag}>" for each, kind in zip(row, kinds, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    head = f"<thead><tr>{cells('th', heads)}</tr></thead>"
    kind = "table wide" if wide else "table"
    return f'<div class="{kind}"><h2>{escape(title)}</h2><table>{head}<tbody>{body}</tbody></table></div>'


def _file(name: str) -> str:
    return files("agents.backtest.result").joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def _money(text: str) -> str:
    return f"{float(text):z,.2f}"


def _share(value: float | None, decimals: int = 2) -> str:
    return "–" if value is None else f"{value:.{decimals}%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def _pairs(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items()) or "none"


def _plain(value: Any) -> str:
    return _pairs(value) if isinstance(value, dict) else str(value)


def _duration(span_ns: int) -> str:
    seconds = span_ns // SECOND_NS
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            whole, rest = divmod(seconds, unit)
            lower = {"d": (3_600, "h"), "h": (60, "min"), "min": (1, "s")}[name]
            more = f" {rest // lower[0]} {lower[1]}" if rest // lower[0] else ""
            return f"{whole} {name}{more}"
    return f"{span_ns / SECOND_NS:.1f} s"
