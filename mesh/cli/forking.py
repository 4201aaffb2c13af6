"""The command that runs the rest of a day otherwise: `tickmesh fork`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from schemas.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = click.Path(path_type=Path, file_okay=False)
RUN = click.Path(path_type=Path)
ROWS = (
    ("signals", "signals"),
    ("approved", "approved"),
    ("denied", "denied"),
    ("orders", "orders"),
    ("ended", "orders_ended"),
    ("fills", "fills"),
    ("of them maker", "fills_maker"),
    ("turnover", "turnover"),
    ("fees", "fees"),
    ("positions at the end", "positions"),
    ("equity then", "equity_at"),
    ("equity at the end", "equity_end"),
    ("P&L", "pnl"),
)
"""What is told of each side: by which words, and its key."""


@click.command()
@click.argument("run", metavar="RUN", type=RUN)
@click.option("--at", "at_text", required=True, metavar="T", help="From this time on: 2026-01-31T12:00:00, in UTC.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="What is changed then; repeatable.")
@click.option("--out", type=FOLDER, default="fork", show_default=True, help="Folder of logs and result.")
@click.option("--json", "as_json", is_flag=True, help="Print fork.json.")
def fork(run: Path, at_text: str, sets: tuple[str, ...], out: Path, as_json: bool) -> NoReturn:
    """Run the rest of RUN from a time on with other settings, and show it beside what it was.

    RUN is the folder of a backtest or of a run on a paper venue. KEY is the path of a key of its configuration, such as
    agents.risk.limits.position_max. The agents that a change concerns are started again at that time, in a continuation
    with nothing changed too: what differs between the two is the change's. Exit status 66: there is no such run, or
    nothing of it at that time. 1: a backtest does not come out as it did. 78: what is set is not allowed.
    """
    from mesh.cli.backtesting import StepProgress
    from mesh.history.logs_at import LogsAt
    from mesh.history.moment import clock_text, parse_moment
    from mesh.roles import role_module

    forks = role_module("backtest.fork")
    at_ns = parse_moment(at_text)
    original = forks.original_run(run)
    if not original.first_ns < at_ns < original.last_ns:
        span = f"after {clock_text(original.first_ns)}, before {clock_text(original.last_ns)}"
        raise forks.NoRunError(f"--at {at_text}: not in the run (allowed: {span})")
    progress = StepProgress()

    def told(step: str, done: int, whole: int) -> None:
        progress.told(step, done, whole, 0)

    try:
        if original.simulated:
            found = forks.fork_backtest(original, at_ns, sets, out, told)
        else:
            logs = LogsAt(original.config, original.logs, forks.desk_names(original.config), at_ns)
            found = forks.fork_live(original, at_ns, sets, out, logs.lay_out, told)
    finally:
        progress.stop()
    if as_json:
        click.echo((out / forks.FILE).read_text(encoding="utf-8"), nl=False)
    else:
        _show(found, out)
    sys.exit(ExitStatus.OK if found.sets or found.equal or not found.simulated else ExitStatus.FAILED)


def _show(found: Any, out: Path) -> None:
    """Print the sides beside each other, and where they part."""
    from rich.console import Console
    from rich.table import Table

    from mesh.history.moment import clock_text

    again = f"; started again: {', '.join(found.started_again)}" if found.started_again else ""
    click.echo(f"from {clock_text(found.at_ns)} to {clock_text(found.last_ns)}{again}")
    table = Table(box=None, header_style="bold")
    table.add_column("")
    for name in found.sides:
        table.add_column(name, justify="right")
    for words, key in ROWS:
        values = [getattr(side, key) for side in found.sides.values()]
        if any(values):
            table.add_row(words, *(_text(value) for value in values))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    for pair, parting in found.partings.items():
        for line in _parting(pair.split("-"), parting, equal=found.equal and pair.startswith("run")):
            click.echo(line)
    click.echo(f"result: {out / 'fork.json'}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name} {each}" for name, each in value.items()) or "-"
    return str(value) if value != "" else "-"


def _parting(names: Iterable[str], parting: Any, *, equal: bool) -> list[str]:
    """Return where two sides part, as lines."""
    from mesh.history.moment import clock_text

    one, other = names
    if parting is None:
        how = "equal, byte for byte" if equal else "the same signals, decisions and orders"
        return [f"{one} and {other}: {how}"]
    fields = f": {', '.join(parting.fields)}" if parting.fields else ""
    return [
        f"{one} and {other} part at {clock_text(parting.wall_ns)}, {parting.agent} {parting.stream}{fields}",
        f"  {one:10} {_event(parting.one)}",
        f"  {other:10} {_event(parting.other)}",
    ]


def _event(event: Any) -> str:
    """Return one event in a line: what is set of it."""
    from mesh.trace.message_text import short

    if event is None:
        return "nothing"
    fields = (
        f"{name}={short(value)}"
        for name, value in event.fields.items()
        if value not in ("", 0, [], {}, False) and name != "causes"
    )
    return f"{event.type} {event.epoch}/{event.seq} {' '.join(fields)}"
