"""The command that runs many variants of the configured agents over recorded data: `tickmesh sweep`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh.cli.backtesting import config_of, of_a_market, source_of
from mesh.cli.options import FOLDER
from schemas.errors import ConfigError

if TYPE_CHECKING:
    from rich.progress import TaskID

TOP = 20


@click.command()
@of_a_market
@click.option(
    "--grid",
    "grid",
    multiple=True,
    required=True,
    metavar="NAME=VALUES",
    help="Vary a strategy's parameter or a key: A:B, A:B:STEP or V1,V2; repeatable.",
)
@click.option("--random", type=click.IntRange(min=1), metavar="N", help="Draw N variants of the grid.")
@click.option("--by", default="equity_change", show_default=True, metavar="KEY", help="Figure of a result to sort by.")
@click.option(
    "--walk-forward",
    "folds",
    type=click.IntRange(min=2, max=100),
    metavar="K",
    help="Choose and judge in K folds of time.",
)
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes (default: one for each core).")
@click.option("--ray", metavar="ADDRESS", help="Play on this Ray cluster (needs tickmesh[sweep]).")
@click.option(
    "--out", type=FOLDER, default="sweep", show_default=True, help="Folder of the result; a sweep goes on there."
)
@click.option("--seed", type=click.IntRange(min=0), help="Of what is drawn (default: that of the configuration).")
@click.option("--keep", is_flag=True, help="Keep the logs of each variant.")
@click.option("--top", type=click.IntRange(min=1), default=TOP, show_default=True, help="Variants on the terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print sweep.json.")
def sweep(
    config_file: Path | None,
    captures: tuple[str, ...],
    from_time: str,
    to_time: str,
    archive: str,
    grid: tuple[str, ...],
    random: int | None,
    by: str,
    folds: int | None,
    workers: int | None,
    ray: str | None,
    out: Path,
    seed: int | None,
    keep: bool,
    top: int,
    as_json: bool,
) -> None:
    """Run a backtest for each variant of a grid, and tell which was best and how far that is to be believed.

    The same data, configuration, grid and seed give the same table, whoever played it. Stopped, it goes on with the same
    command. Exit status 66 if a capture cannot be read, 73 if another sweep writes to the folder, 78 if the grid does not
    fit the configuration.
    """
    from mesh.roles import role_module

    sweeps = role_module("backtest.sweep")
    asked = sweeps.SweepAsked(
        axes=[sweeps.parse_axis(each) for each in grid],
        random=random or 0,
        seed=seed,
        by=by,
        folds=folds or 0,
        keep=keep,
    )
    config = config_of(config_file, captures)
    source = source_of(captures, from_time, to_time, archive)
    progress = _Progress()
    try:
        result = sweeps.sweep(config, source, out, asked, _workers(workers, ray), progress)
    finally:
        progress.stop()
    if as_json:
        click.echo((out / "sweep.json").read_text(encoding="utf-8"), nl=False)
    else:
        _show(result, out, top)


def _workers(count: int | None, ray: str | None) -> Any:
    from mesh.roles import role_module

    if ray is None:
        cores = len(os.sched_getaffinity(0))
        return role_module("backtest.sweep.workers").LocalWorkers(count or cores)
    if count is not None:
        raise click.UsageError("--workers is for this machine: a Ray cluster has its own number of cores")
    try:
        return role_module("backtest.sweep.ray_workers").RayWorkers(ray)
    except ModuleNotFoundError as error:
        raise ConfigError(f"--ray {ray}: {error.name} is not installed (pip install 'tickmesh[sweep]')") from error


class _Progress:
    """A bar for market data and one for variants, on standard error if that is a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description:12}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._market: TaskID | None = None
        self._variants: TaskID | None = None
        self._bar.start()

    def market(self, done: int, whole: int) -> None:
        """Show how much of the market data is made, in seconds of it."""
        if self._market is None:
            self._market = self._bar.add_task("market data", total=whole // 10**9)
        self._bar.update(self._market, completed=max(0, done) // 10**9)

    def variants(self, done: int, whole: int, *, stood: int) -> None:
        """Show how many variants are done."""
        if self._variants is None:
            self._variants = self._bar.add_task("variants", total=whole, completed=stood)
            if stood:
                click.echo(f"{stood} of {whole} variants were done before", err=True)
        self._bar.update(self._variants, completed=done)

    def lost(self, text: str) -> None:
        """Tell that a process died."""
        click.echo(f"tickmesh: {text}", err=True)

    def stop(self) -> None:
        """Leave the bars as they are."""
        self._bar.stop()


def _show(result: Any, out: Path, top: int) -> None:
    """Print the best variants, and what is to be known of them."""
    from rich.console import Console
    from rich.table import Table

    from mesh.roles import role_module

    judgement, page = (role_module(f"backtest.sweep.{name}") for name in ("judgement", "page"))
    table = Table(box=None, header_style="bold")
    for name in ("variant", *result.grid, result.by, "orders", "fills", ""):
        table.add_column(name, justify="right", no_wrap=True)
    shown = result.rows[:top]
    default = result.default()
    for row in [*shown, *([default] if default is not None and default not in shown else [])]:
        values = [str(row.values[name]) if row.number else "as it is" for name in result.grid]
        orders, fills = row.result.get("orders", {}).get("submitted", ""), row.result.get("fills", "")
        table.add_row(str(row.number), *values, page.number(row.figure), str(orders), str(fills), row.refused)
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    for line in judgement.sentences(result):
        click.echo(line)
    click.echo(f"result: {out / 'sweep.json'}, sweep.parquet, sweep.html")
