"""The command `tickmesh bench`: options, progress, the table at the end.

`mesh.cli.commands` finds this module by name, as it finds roles, so that the mesh does not know of its bench.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import against, report, result, suite
from bench.against import BOUND, Checkout, Comparison
from bench.compare import TOLERANCE, Move, compare, doubts, vanished
from bench.result import Result, short
from bench.scenario import Scenario
from bench.settings import Mode, Settings, make_settings
from schemas.errors import ConfigError, ExitStatus

FOLDER = Path("var/bench")
WIDTH = 160
"""Of the table where there is no terminal."""


@click.command()
@click.option("--quick", "mode", flag_value="quick", help="Little of everything, within 90 s.")
@click.option("--smoke", "mode", flag_value="smoke", help="The least that runs everything; its figures mean nothing.")
@click.option("--full", "mode", flag_value="full", default=True, help="Everything, within 15 minutes (the default).")
@click.option(
    "--only", "names", multiple=True, metavar="NAME", help=f"One scenario; repeatable: {', '.join(suite.SCENARIOS)}."
)
@click.option("--rounds", type=click.IntRange(min=1), help="Rounds of each variant, as long as the time lasts.")
@click.option(
    "--cpu", type=click.IntRange(min=-1), default=0, show_default=True, help="CPU of what is measured; -1 pins nothing."
)
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="Where result and report go.",
)
@click.option(
    "--compare",
    "baseline",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="An earlier result file: exit status 1 if a figure got worse.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=TOLERANCE,
    show_default=True,
    help="What --compare calls no change.",
)
@click.option(
    "--against",
    "other",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="CHECKOUT",
    help="Another checkout, built (`make -C CHECKOUT build`): measure its main figures and this one's in turns, each with "
    "its own bench, and print the ratios; exit status 1 if one is over the bound.",
)
@click.option(
    "--bound",
    type=click.FloatRange(min=0, min_open=True),
    default=BOUND,
    show_default=True,
    help="How many times the other checkout's time --against lets a main figure take.",
)
@click.option("--profile", is_flag=True, help="Sample where the time of a tick goes, too (needs perf).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def bench(
    mode: str,
    names: tuple[str, ...],
    rounds: int | None,
    cpu: int,
    folder: Path,
    baseline: Path | None,
    tolerance: float,
    other: Path | None,
    bound: float,
    profile: bool,
    as_json: bool,
) -> NoReturn:
    """Measure this version beside its floors and peers; write a result file and a report."""
    errors = Console(stderr=True)
    try:
        settings = make_settings(Mode(mode), rounds=rounds, cpu=cpu, profile=profile)
        if other is not None:
            if baseline or profile:
                raise ValueError("--against measures main figures only: not with --compare, not with --profile")
            sys.exit(_against(settings, names, against.built(other), bound, folder, as_json, errors))
        scenarios = suite.load(names)
        old = result.read(baseline) if baseline else None
    except (ValueError, OSError) as error:
        raise ConfigError(str(error)) from error
    found = _run(settings, scenarios, errors)
    stem = folder / time.strftime("%Y%m%d-%H%M%S")
    result.write(found, stem.with_suffix(".json"))
    for line in report.write(found, stem):
        errors.print(line, highlight=False)
    moves = compare(found, old, tolerance) if old else []
    gone = vanished(found, old) if old else []
    if as_json:
        compared = {"moves": msgspec.to_builtins(moves), "vanished": gone}
        click.echo(msgspec.json.encode({**msgspec.to_builtins(found), **compared}))
    else:
        _show(found, _wide())
    if old is not None:
        _show_moves(moves, [*doubts(found, old), *(f"no longer measured: {name}" for name in gone)], errors)
    failed = [each for each in found.scenarios if each.error]
    worse = any(move.verdict == "worse" for move in moves)
    sys.exit(ExitStatus.FAILED if worse or failed else ExitStatus.OK)


def _run(settings: Settings, scenarios: Sequence[Scenario], errors: Console) -> Result:
    with _telling(errors) as tell:
        return suite.run(settings, scenarios, tell)


def _against(
    settings: Settings,
    names: Sequence[str],
    other: Checkout,
    bound: float,
    folder: Path,
    as_json: bool,
    errors: Console,
) -> ExitStatus:
    chosen = against.scenarios(names)
    stem = (folder / time.strftime("%Y%m%d-%H%M%S-against")).absolute()
    with _telling(errors) as tell:
        found = against.run(settings, chosen, other, bound, stem, tell)
    path = stem.with_suffix(".json")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))
    errors.print(f"result:  {path}, of each round: {stem}/", highlight=False)
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _show_against(found, _wide())
    return ExitStatus.OK if found.holds else ExitStatus.FAILED


@contextmanager
def _telling(errors: Console) -> Iterator[suite.Tell]:
    """Show the progress: a bar on a terminal, else a line for each scenario."""
    columns = (TextColumn("{task.description:16}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[what]}"))
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
        task = progress.add_task("", total=1.0, what="")
        told = ""

        def tell(name: str, done: float, what: str) -> None:
            nonlocal told
            progress.update(task, description=name, what=what, completed=done)
            if not errors.is_terminal and name != told:
                told = name
                errors.print(f"bench: {name}", highlight=False)

        yield tell
        progress.update(task, completed=1.0, what="")


def _show_against(found: Comparison, console: Console) -> None:
    title = f"This ({found.this or 'no commit'}) against {found.against} ({found.other or 'no commit'})"
    table = Table(title=title, title_justify="left")
    columns = ("", "this", "other", "this / other, as time", "95 % interval", "rounds", "of the C floor")
    for name in (*columns, f"<= {found.bound:g} x"):
        table.add_column(name, justify="right" if name in columns[1:] else "left")
    for line in found.lines:
        sides = [f"{short(side)} {line.unit}" if side is not None else "-" for side in (line.this, line.other)]
        spread = "-" if line.low is None or line.high is None else f"{line.low:.3f} to {line.high:.3f}"
        ratios = ["-" if ratio is None else f"{ratio:.3f}" for ratio in (line.ratio, line.floor_ratio)]
        verdict = f"[green]{line.verdict}[/]" if line.verdict == "holds" else f"[red]{line.verdict}[/]"
        table.add_row(line.name, *sides, ratios[0], spread, str(len(line.ratios) or ""), ratios[1], verdict)
    console.print(table)
    for note in found.notes:
        console.print(note, highlight=False, markup=False)
    for line in found.lines:
        if line.verdict == "over, in part":
            console.print(f"{line.name}: over the bound, but its interval is not: more --rounds tell", highlight=False)
    held = sum(line.verdict == "holds" for line in found.lines)
    console.print(f"{held} of {len(found.lines)} main figures hold; {found.seconds:.0f} s", highlight=False)


def _show(found: Result, console: Console) -> None:
    table = Table(title="Targets", title_justify="left")
    for name in ("", "target", "measured", "holds", "rounds", "of this run"):
        table.add_column(name, overflow="fold")
    ran = {scenario.name for scenario in found.scenarios}
    for line in found.targets:
        if line.figure.partition(".")[0] not in ran:
            continue
        figure = "" if line.measured is None else f"{short(line.measured)} {line.unit}".rstrip()
        holds = {None: "-", True: "[green]yes[/]", False: "[red]NO[/]"}[line.holds]
        beside = ", ".join(f"{name.partition('.')[2]} {short(value)}" for name, value in line.beside.items())
        table.add_row(line.name, line.target, figure, holds, str(line.rounds or ""), line.why or beside)
    console.print(table)
    for scenario in found.scenarios:
        for each in scenario.tables:
            console.print(_table(f"{scenario.name}: {each.title}", each))
        for text in scenario.skipped:
            console.print(f"left out of {scenario.name}: {text}", highlight=False)
        if scenario.error:
            console.print(f"[red]{scenario.name} failed:[/] {scenario.error}", highlight=False)
    held = sum(line.holds is True for line in found.targets)
    told = sum(line.holds is not None for line in found.targets)
    console.print(
        f"{held} of {told} measured targets hold; {found.seconds:.0f} s, commit {found.commit}", highlight=False
    )


def _table(title: str, found: result.Table) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("", *found.columns):
        table.add_column(name, justify="right" if name else "left")
    for name, values in found.rows:
        table.add_row(name, *("-" if value is None else short(value) for value in values))
    return table


def _wide() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _show_moves(moves: list[Move], warnings: list[str], errors: Console) -> None:
    for text in warnings:
        errors.print(f"bench: {text}", highlight=False)
    for move in moves:
        if move.verdict in ("better", "worse"):
            interval = f"[{move.low:.2f}, {move.high:.2f}]"
            change = f"{move.old:.4g} -> {move.new:.4g} {move.unit}, x {move.ratio:.2f} {interval}"
            change += f" beside {move.floor}" if move.floor else ""
            errors.print(f"{move.verdict:6} {move.name}: {change}", highlight=False, markup=False)
    count = Counter(move.verdict for move in moves)
    told = ", ".join(f"{count[verdict]} {verdict}" for verdict in ("better", "worse", "same", "unknown"))
    errors.print(f"{len(moves)} figures compared: {told}", highlight=False)
