"""What a person sees while a mesh runs: a screen that renews itself, or a line now and then where there is no terminal.

Both show a `Picture`: the report as it is at that moment, and beside it what only a running mesh has, its tick rate and the
state of its links. A link's figures are those of its streams together.

A screen on which all of it does not fit shows the tables one below the other, each with as many rows as there is room for
and a last one for the rest; what is wrong comes first. Links become one row before anything else does.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol, TextIO

import msgspec
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mesh.report.figures import DOWN, AgentLine, Report
from mesh.report.text import denials, links_text, mebibytes, micros
from schemas.messages import AgentStatus
from schemas.streams import StreamState

PLAIN_INTERVAL_S = 5.0
TICK_TO_ORDER = "tick_to_order"
AGENTS = ("agent", "state", "epoch", "up", "restarts", "memory", "in/s", "out/s")
LINKS = ("link", "state", "received", "repaired", "lost", "gaps")
MARKET = ("instrument", "bid", "ask", "book = ticker", "position")
LATENCY = ("hop", "count", "p50", "p99", "p99.9", "max")
WIDTH_MAX = 1000
AGENT_ROWS_MIN = MARKET_ROWS_MIN = 2
"""A row, and one for the rest."""

STATE_STYLES = {"live": "green", "degraded": "yellow", "starting": "cyan", DOWN: "red"}


Row = Sequence[str | Text]


class Picture(msgspec.Struct, frozen=True):
    """A running mesh at a moment."""

    title: str
    report: Report
    statuses: dict[str, AgentStatus]
    ticks_per_s: float


class View(Protocol):
    """Where pictures go."""

    def __enter__(self) -> "View": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, picture: Picture) -> None:
        """Show the mesh as it is now."""
        ...

    def note(self, text: str) -> None:
        """Tell of something that happened."""
        ...


class Screen:
    """Renews the whole view in place, on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Draw on `stream`."""
        self._console = Console(file=stream)
        self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, picture: Picture) -> None:
        """Draw the picture in the place of the one before."""
        self._live.update(render(picture, self._console), refresh=True)

    def note(self, text: str) -> None:
        """Print a line above the picture."""
        self._console.print(Text(text, "dim"))


class Lines:
    """Writes a line every few seconds, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`."""
        self._stream = stream
        self._shown_s = -PLAIN_INTERVAL_S

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

    def show(self, picture: Picture) -> None:
        """Write the picture's line if the last one is long enough ago."""
        elapsed_s = picture.report.elapsed_s
        if elapsed_s - self._shown_s >= PLAIN_INTERVAL_S:
            self._shown_s = elapsed_s
            self.note(line(picture))

    def note(self, text: str) -> None:
        """Write a line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()


def make_view(json: bool) -> View:
    """Return the view that suits where the output goes; with `json`, standard output is left alone."""
    stream = sys.stderr if json else sys.stdout
    return Screen(stream) if stream.isatty() else Lines(sys.stderr)


def line(picture: Picture) -> str:
    """Return the picture as one line."""
    report = picture.report
    live = sum(agent.state == "live" for agent in report.agents)
    tops = "".join(f"{symbol} {bid}/{ask}  " for symbol, (bid, ask) in _tops(report).items())
    gaps, repaired = sum(link.gaps for link in report.links), sum(link.repaired for link in report.links)
    hop = report.latency_ns.get(TICK_TO_ORDER)
    latency = f"tick to order p50 {micros(hop['p50'])}, p99 {micros(hop['p99'])}  " if hop else ""
    return (
        f"{report.elapsed_s:5.0f} s  agents {live}/{len(report.agents)} live  "
        f"ticks {report.ticks.published} ({picture.ticks_per_s:.0f}/s)  gaps {gaps}  repaired {repaired}  "
        f"lost {report.lost}  {tops}"
        f"signals {report.signals}  approved {report.decisions.approved}  {denials(report.decisions)}  "
        f"orders {report.orders.submitted}  filled {report.orders.filled}  fills {report.fills}  {latency}"
        f"P&L {report.pnl.realised + report.pnl.unrealised - report.pnl.fees:f}"
    )


def render(picture: Picture, console: Console) -> RenderableType:
    """Return the picture as rich draws it on `console`, whole if it fits there."""
    report = picture.report
    parts = (
        agents_table(report.agents, picture.statuses),
        Group(_table_of("market", MARKET, 1, _market_rows(report)), _trading(report)),
        links_table(picture.statuses),
        _table_of("latency", LATENCY, 1, _latency_rows(report)),
    )
    whole = Group(_head(picture), Columns(parts, padding=(0, 3)))
    if all(_width(part, console) <= console.width for part in parts) and _height(whole, console) <= console.height:
        return whole
    return _summarised(picture, console)


def agents_table(agents: Sequence[AgentLine], statuses: Mapping[str, AgentStatus]) -> Table:
    """Return a table of the agents and how they are."""
    return _table_of("agents", AGENTS, 2, [_agent_row(agent, statuses.get(agent.name)) for agent in agents])


def links_table(statuses: Mapping[str, AgentStatus]) -> Table:
    """Return a table of the links, the streams of each together."""
    return _table_of("links", LINKS, 2, _link_rows(statuses))


def _summarised(picture: Picture, console: Console) -> RenderableType:
    """Return the picture one below the other, each table with as many rows as fit; the links in one."""
    report = picture.report
    market, latency = _market_rows(report), _latency_rows(report)
    links = Text(f"links {links_text(report.links)}", no_wrap=True, overflow="ellipsis")
    trading = _trading(report)
    room = console.height - _height(trading, console) - 2
    agents = sorted(report.agents, key=lambda agent: agent.state == "live")
    rows = [_agent_row(agent, picture.statuses.get(agent.name)) for agent in agents]
    for_agents = min(len(rows), max(AGENT_ROWS_MIN, room - 1 - 1 - min(len(market), MARKET_ROWS_MIN)))
    states = [agent.state for agent in agents]
    room -= 1 + for_agents
    for_market = min(len(market), max(MARKET_ROWS_MIN, room - 1))
    room -= 1 + for_market
    parts: list[RenderableType] = [
        _head(picture),
        _table_of("", AGENTS, 2, _cut(rows, for_agents, states)),
        _table_of("", MARKET, 1, _cut(market, for_market)),
        trading,
        links,
    ]
    if latency and room > 1:
        parts.append(_table_of("", LATENCY, 1, _cut(latency, room - 1)))
    return Group(*parts)


def _cut(rows: Sequence[Row], room: int, states: Sequence[str] = ()) -> Sequence[Row]:
    """Return the rows that there is room for; if not for all, the last tells how many more there are, and their states."""
    if len(rows) <= room:
        return rows
    shown = max(room - 1, 0)
    rest = ", ".join(f"{n} {state}" for state, n in Counter(states[shown:]).items())
    return [*rows[:shown], (f"and {len(rows) - shown} more", rest)]


def _head(picture: Picture) -> Text:
    rates = f"tickmesh  {picture.report.elapsed_s:.0f} s  {picture.ticks_per_s:.0f} ticks/s  "
    return Text(rates, "bold", no_wrap=True, overflow="ellipsis").append(picture.title, "not bold")


def _agent_row(agent: AgentLine, status: AgentStatus | None) -> Row:
    return (
        agent.name,
        Text(agent.state, STATE_STYLES.get(agent.state, "")),
        str(status.epoch) if status else "",
        f"{status.uptime_ns / 1e9:.0f} s" if status else "",
        str(agent.restarts),
        mebibytes(agent.rss_bytes) if status else "",
        f"{agent.received_per_s:.0f}" if status else "",
        f"{agent.published_per_s:.0f}" if status else "",
    )


def _link_rows(statuses: Mapping[str, AgentStatus]) -> list[Row]:
    rows: list[Row] = []
    for subscriber, status in statuses.items():
        for publisher in dict.fromkeys(link.publisher for link in status.links):
            links = [link for link in status.links if link.publisher == publisher]
            worst = StreamState(min(link.state for link in links))
            lost = sum(link.lost + link.skipped for link in links)
            rows.append(
                (
                    f"{publisher} > {subscriber}",
                    Text(worst.name.lower(), "green" if worst is StreamState.LIVE else "yellow"),
                    str(sum(link.received for link in links)),
                    str(sum(link.repaired for link in links)),
                    Text(str(lost), "red" if lost else ""),
                    str(sum(link.gaps for link in links)),
                )
            )
    return rows


def _market_rows(report: Report) -> list[Row]:
    books = {book.instrument: book for book in report.books}
    tops = _tops(report)
    rows: list[Row] = []
    for symbol in dict.fromkeys((*tops, *books)):
        bid, ask = tops.get(symbol, ("", ""))
        book = books.get(symbol)
        position = report.positions.get(symbol)
        compared = f"{book.equal} of {book.compared}" if book else ""
        rows.append((symbol, bid, ask, compared, f"{position:f}" if position is not None else ""))
    return rows


def _tops(report: Report) -> dict[str, tuple[str, str]]:
    """Return bid and ask by instrument as texts, empty where they are not known."""
    sides = {symbol: (top.bid, top.ask) for symbol, top in report.tops.items()}
    return {symbol: (_price(bid), _price(ask)) for symbol, (bid, ask) in sides.items()}


def _price(price: Decimal | None) -> str:
    return "" if price is None else f"{price:f}"


def _trading(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    states = {name.replace("_", " "): n for name, n in msgspec.structs.asdict(report.orders).items()}
    orders = {name: n for name, n in states.items() if n or name == "submitted"}
    money = msgspec.structs.asdict(report.pnl)
    pnl = {name: f"{value:f}" for name, value in money.items() if value or name != "funding"}
    table.add_row("ticks", _pairs(msgspec.structs.asdict(report.ticks)))
    table.add_row("signals", str(report.signals))
    table.add_row("decisions", _pairs({"approved": report.decisions.approved} | report.decisions.denied))
    table.add_row("orders", _pairs(orders))
    table.add_row("fills", str(report.fills))
    table.add_row("P&L", _pairs(pnl))
    for name, found in (("modes", report.trading), ("trouble", report.trouble)):
        lines = [f"{agent}: {told}" for agent, told_by in found.items() for told in told_by]
        if lines:
            more = f"  and {len(lines) - 1} more" if len(lines) > 1 else ""
            table.add_row(name, Text(lines[0] + more, "yellow", no_wrap=True, overflow="ellipsis"))
    return table


def _latency_rows(report: Report) -> list[Row]:
    hops = sorted(report.latency_ns, key=lambda hop: hop != TICK_TO_ORDER)
    found = {hop: report.latency_ns[hop] for hop in hops}
    return [
        (hop, str(each["count"]), *(micros(each[p]) for p in ("p50", "p99", "p999", "max")))
        for hop, each in found.items()
    ]


def _pairs(values: Mapping[str, Any]) -> str:
    return "  ".join(f"{name} {value}" for name, value in values.items())


def _table_of(title: str, columns: Sequence[str], numbers_from: int, rows: Sequence[Row]) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index >= numbers_from else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _width(part: RenderableType, console: Console) -> int:
    """Return how wide a part would be if it had all the room that it wants."""
    return Measurement.get(console, console.options.update(max_width=WIDTH_MAX), part).maximum


def _height(part: RenderableType, console: Console) -> int:
    """Return how many lines a part takes on the console."""
    return len(console.render_lines(part, console.options.update(height=None), pad=False))
