"""The commands for recorded market data: `tickmesh import` and `tickmesh data`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

EXISTING = click.Path(path_type=Path, dir_okay=False)
CONFIG_HELP = "Configuration file (TOML); without one, that of the newest `up`."
PLAIN_EVERY_S = 5.0

Progress = Callable[[int, int, int], None]


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=EXISTING, metavar="FILE...")
@click.option("-c", "--config", "config_file", type=EXISTING, help=CONFIG_HELP)
@click.option("--venue", default="", metavar="V", help="The files are of this venue of the configuration.")
@click.option("--symbol", "symbols", multiple=True, metavar="SYM", help="Only this instrument; repeatable.")
@click.option("--format", "kind", default="", metavar="F", help="The files are in this format (default: it is found).")
@click.option("--archive", default="", metavar="NAME", help="The agent whose archive it is (default: the only one).")
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


COMMANDS = (import_command,)


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
