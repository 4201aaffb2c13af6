"""The commands for recorded market data: `tickmesh import` and `tickmesh data`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from mesh.cli import archiving
from mesh.cli.options import EXISTING, archive_option, config_option

PLAIN_EVERY_S = 5.0

Progress = Callable[[int, int, int], None]


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=EXISTING, metavar="FILE...")
@config_option()
@click.option("--venue", default="", metavar="V", help="The files are of this venue of the configuration.")
@click.option("--symbol", "symbols", multiple=True, metavar="SYM", help="Only this instrument; repeatable.")
@click.option("--format", "kind", default="", metavar="F", help="The files are in this format (default: it is found).")
@archive_option
@click.option("--strict", is_flag=True, help="The first damaged line is the end.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each file as one JSON object a line.")
def import_command(
    files: tuple[Path, ...],
    config_file: Path | None,
    venue: str,
    symbols: tuple[str, ...],
    kind: str,
    archive: str,
    strict: bool,
    as_json: bool,
) -> NoReturn:
    """Bring recorded market data into the archive, each row once, however often it is begun.

    Captures of hftbacktest, of cryptofeed and of `tickmesh record`; Binance's public data; CSV files of Tardis; Parquet.
    Exit status 1 if something was damaged, and everything else is in the archive.
    """
    import msgspec

    from mesh.roles import role_module
    from mesh.run.run_folders import load_run

    config = load_run(config_file)
    importer = role_module("importer")
    options = importer.ImportOptions(venue, symbols, kind, strict, archive)
    damaged = False
    with _progress(as_json) as begin:
        for found in importer.import_files(config, files, options, begin):
            damaged = damaged or bool(found.damaged)
            click.echo(msgspec.json.encode(found).decode() if as_json else _told(found))
    sys.exit(int(damaged))


@click.group(name="data", invoke_without_command=True)
@config_option()
@click.option("--venue", default="", metavar="V", help="Only this venue.")
@click.option("--symbol", default="", metavar="SYM", help="Only this instrument.")
@click.option("--kind", default="", metavar="K", help="Only trade, book, quote, mark or bar.")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def data(
    ctx: click.Context, config_file: Path | None, venue: str, symbol: str, kind: str, archive: str, as_json: bool
) -> None:
    """List what the archive holds of the market: by instrument, kind and source, from when to when, and what is missing."""
    import msgspec

    from mesh.roles import role_module
    from mesh.run.run_folders import load_run

    if ctx.invoked_subcommand is not None:
        ctx.obj = (config_file, venue, symbol, kind, archive)
        return
    importer = role_module("importer")
    chosen = importer.Chosen(venue=venue, symbol=symbol, kind=kind, archive=archive)
    held = importer.holdings(load_run(config_file), chosen)
    if as_json:
        for each in held:
            click.echo(msgspec.json.encode(each).decode())
    else:
        click.echo(_table(held))


@data.command(name="export")
@config_option()
@click.option("--venue", default="", metavar="V", help="Only this venue.")
@click.option("--symbol", default="", metavar="SYM", help="Only this instrument.")
@click.option("--kind", default="", metavar="K", help="trade, book, quote, mark or bar; a file has one.")
@click.option("--from", "from_time", default="", metavar="TIME", help="Received at that time (UTC, ISO 8601) or later.")
@click.option("--to", "to_time", default="", metavar="TIME", help="Received before that time.")
@archive_option
@click.option("--out", required=True, type=EXISTING, metavar="FILE.parquet", help="The file to write.")
@click.pass_obj
def export_command(
    above: tuple[Path | None, str, str, str, str],
    config_file: Path | None,
    venue: str,
    symbol: str,
    kind: str,
    from_time: str,
    to_time: str,
    archive: str,
    out: Path,
) -> None:
    """Write one kind of market data to a Parquet file, which `import` takes back."""
    from mesh.roles import role_module
    from mesh.run.run_folders import load_run

    config = load_run(config_file or above[0])
    importer = role_module("importer")
    chosen = importer.Chosen(
        venue=venue or above[1],
        symbol=symbol or above[2],
        kind=kind or above[3],
        archive=archive or above[4],
        from_ns=_time_ns("--from", from_time, 0),
        to_ns=_time_ns("--to", to_time, 2**63 - 1),
    )
    rows = importer.export(config, chosen, out)
    click.echo(f"{out}: {rows:,} rows")


COMMANDS = (import_command, data, archiving.archive)


def _time_ns(option: str, text: str, otherwise: int) -> int:
    """Return a time in Unix nanoseconds, `otherwise` if none was given; one without a zone is UTC."""
    from datetime import UTC, datetime

    if not text:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time like 2024-08-09T12:30:00", param_hint=option) from None
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 10**6 + since.microseconds) * 1_000


def _table(held: Any) -> str:
    """Return a line for each holding, for people."""
    if not held:
        return "nothing"
    rows = [("venue", "symbol", "kind", "from (UTC)", "to (UTC)", "rows", "gaps", "missing", "source")]
    rows += [
        (
            *(each.venue, each.symbol, each.kind, _moment(each.from_ns), _moment(each.to_ns)),
            *(f"{each.rows:,}", f"{each.gaps:,}", f"{each.missing:,}", each.source),
        )
        for each in held
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if 5 <= place <= 7 else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _moment(at_ns: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(at_ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}.{at_ns % 10**9 // 10**6:03}"


def _told(found: Any) -> str:
    """Return what became of a file, for people."""
    rows = ", ".join(f"{count:,} {table}" for table, count in found.rows.items()) or "nothing"
    total = sum(found.rows.values())
    new = "all new" if found.new_rows == total else f"{found.new_rows:,} new"
    lines = [f"{found.file}: {found.format}: {rows} ({new})"]
    lines += [f"  damaged: {text}" for text in found.damage]
    if found.damaged > len(found.damage):
        lines.append(f"  damaged: {found.damaged - len(found.damage):,} more, {found.damaged:,} in all")
    return "\n".join([*lines, *(f"  {note}" for note in found.notes)])


def _progress(as_json: bool) -> AbstractContextManager[Callable[[Path], Progress]]:
    """Return what shows how far files are: a bar on a terminal, else a line now and then, on standard error."""
    return _bars() if sys.stderr.isatty() and not as_json else _lines()


@contextmanager
def _bars() -> Iterator[Callable[[Path], Progress]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as shown:

        def begin(path: Path) -> Progress:
            task = shown.add_task(path.name, total=None, told="")
            begun_s = time.monotonic()

            def progress(done: int, total: int, rows: int) -> None:
                shown.update(task, completed=done, total=total, told=_rate(rows, begun_s))

            return progress

        yield begin


@contextmanager
def _lines() -> Iterator[Callable[[Path], Progress]]:
    def begin(path: Path) -> Progress:
        begun_s = told_s = time.monotonic()

        def progress(done: int, total: int, rows: int) -> None:
            nonlocal told_s
            now_s = time.monotonic()
            if now_s - told_s >= PLAIN_EVERY_S and done:
                told_s = now_s
                left_s = (now_s - begun_s) * (total - done) / done
                share = 100 * done / total
                click.echo(f"{path.name}: {share:.0f} %, {_rate(rows, begun_s)}, {left_s:.0f} s left", err=True)

        return progress

    yield begin


def _rate(rows: int, begun_s: float) -> str:
    per_s = rows / max(time.monotonic() - begun_s, 1e-3)
    return f"{rows:,} rows, {per_s:,.0f}/s"
