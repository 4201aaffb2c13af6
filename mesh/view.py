"""What a person sees while a mesh runs: a screen that renews itself, or a line now and then where there is no terminal.

Both show a `Picture`: the report as it is at that moment, and beside it what only a running mesh has, its rates, the
state of its links and the best bid and ask. A link's figures are those of its streams together.
"""

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, TextIO

import msgspec
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mesh.report import DOWN, AgentLine, Report, mebibytes, micros
from schemas.messages import AgentStatus
from schemas.streams import StreamState

PLAIN_INTERVAL_S = 5.0
STATE_STYLES = {"live": "green", "degraded": "yellow", "starting": "cyan", DOWN: "red"}


class Picture(msgspec.Struct, frozen=True):
    """A running mesh at a moment; `tops` are best bid and ask by instrument, as texts."""

    title: str
    elapsed_s: float
    report: Report
    statuses: dict[str, AgentStatus]
    tops: dict[str, tuple[str, str]]
    ticks_per_s: float

    @property
    def gaps(self) -> int:
        """Return how many gaps all links have seen."""
        return sum(link.gaps for status in self.statuses.values() for link in status.links)


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
        self._live.update(render(picture), refresh=True)

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
        if picture.elapsed_s - self._shown_s >= PLAIN_INTERVAL_S:
            self._shown_s = picture.elapsed_s
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
    tops = "".join(f"{symbol} {bid}/{ask}  " for symbol, (bid, ask) in picture.tops.items())
    return (
        f"{picture.elapsed_s:5.0f} s  agents {live}/{len(report.agents)} live  "
        f"ticks {report.ticks.published} ({picture.ticks_per_s:.0f}/s)  gaps {picture.gaps}  lost {report.lost}  {tops}"
        f"signals {report.signals}  approved {report.decisions.approved}  denied {sum(report.decisions.denied.values())}  "
        f"orders {report.orders.submitted}  filled {report.orders.filled}  "
        f"P&L {report.pnl.realised + report.pnl.unrealised - report.pnl.fees:f}"
    )


def render(picture: Picture) -> RenderableType:
    """Return the picture as rich draws it."""
    head = Text(f"tickmesh  {picture.title}  {picture.elapsed_s:.0f} s  ", "bold")
    head.append(f"{picture.ticks_per_s:.0f} ticks/s", "not bold")
    parts = (
        agents_table(picture.report.agents, picture.statuses),
        Group(_market(picture), _trading(picture.report)),
        links_table(picture.statuses),
        _latency(picture.report),
    )
    return Group(head, Columns(parts, padding=(0, 3)))


def agents_table(agents: list[AgentLine], statuses: Mapping[str, AgentStatus]) -> Table:
    """Return a table of the agents and how they are."""
    table = _table("agent", "state", "epoch", "up", "restarts", "memory", title="agents", numbers_from=2)
    for agent in agents:
        status = statuses.get(agent.name)
        table.add_row(
            agent.name,
            Text(agent.state, STATE_STYLES.get(agent.state, "")),
            str(status.epoch) if status else "",
            f"{status.uptime_ns / 1e9:.0f} s" if status else "",
            str(agent.restarts),
            mebibytes(agent.rss_bytes) if status else "",
        )
    return table


def links_table(statuses: Mapping[str, AgentStatus]) -> Table:
    """Return a table of the links, the streams of each together."""
    table = _table("link", "state", "received", "repaired", "lost", "gaps", title="links", numbers_from=2)
    for subscriber, status in statuses.items():
        for publisher in dict.fromkeys(link.publisher for link in status.links):
            links = [link for link in status.links if link.publisher == publisher]
            worst = StreamState(min(link.state for link in links))
            lost = sum(link.lost for link in links)
            table.add_row(
                f"{publisher} > {subscriber}",
                Text(worst.name.lower(), "green" if worst is StreamState.LIVE else "yellow"),
                str(sum(link.received for link in links)),
                str(sum(link.repaired for link in links)),
                Text(str(lost), "red" if lost else ""),
                str(sum(link.gaps for link in links)),
            )
    return table


def _market(picture: Picture) -> Table:
    books = {book.instrument: book for book in picture.report.books}
    table = _table("instrument", "bid", "ask", "book = ticker", "position", title="market", numbers_from=1)
    for symbol in dict.fromkeys((*picture.tops, *books)):
        bid, ask = picture.tops.get(symbol, ("", ""))
        book = books.get(symbol)
        position = picture.report.positions.get(symbol)
        compared = f"{book.equal} of {book.compared}" if book else ""
        table.add_row(symbol, bid, ask, compared, f"{position:f}" if position is not None else "")
    return table


def _trading(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    states = {name.replace("_", " "): n for name, n in msgspec.structs.asdict(report.orders).items()}
    orders = {name: n for name, n in states.items() if n or name == "submitted"}
    pnl = {name: f"{value:f}" for name, value in msgspec.structs.asdict(report.pnl).items()}
    table.add_row("ticks", _pairs(msgspec.structs.asdict(report.ticks)))
    table.add_row("signals", str(report.signals))
    table.add_row("decisions", _pairs({"approved": report.decisions.approved} | report.decisions.denied))
    table.add_row("orders", _pairs(orders))
    table.add_row("P&L", _pairs(pnl))
    return table


def _latency(report: Report) -> Table:
    table = _table("hop", "count", "p50", "p99", "p99.9", "max", title="latency", numbers_from=1)
    for hop, found in report.latency_ns.items():
        table.add_row(hop, str(found["count"]), *(micros(found[p]) for p in ("p50", "p99", "p999", "max")))
    return table


def _pairs(values: Mapping[str, Any]) -> str:
    return "  ".join(f"{name} {value}" for name, value in values.items())


def _table(*columns: str, title: str, numbers_from: int) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index >= numbers_from else "left", no_wrap=True)
    return table
