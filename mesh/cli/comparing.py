"""The command that holds a run's own orders against the simulated venue: `tickmesh parity`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh.cli.backtesting import source_of
from mesh.cli.options import FOLDER, archive_option, config_option
from schemas.errors import CaptureError, ConfigError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from schemas.config import Config

FURTHEST = 10


@click.command()
@click.argument("run", metavar="[RUN]", default="")
@config_option("that in the folder of the run")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="QUEUE[/LATENCY]",
    help="Try this model, such as log/5ms or risk_averse,power:2/800us,measured; repeatable (default: the usual ones).",
)
@click.option(
    "--capture", "captures", multiple=True, metavar="[VENUE=]FILE", help="The market of the run is this capture."
)
@click.option(
    "--from", "from_time", default="", metavar="TIME", help="The market is what the archive received then on."
)
@click.option("--to", "to_time", default="", metavar="TIME", help="The market is what the archive received before.")
@archive_option
@click.option("--out", type=FOLDER, default="parity", show_default=True, help="Folder of the result.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of what is drawn.")
@click.option(
    "--orders",
    "furthest",
    type=click.IntRange(min=0),
    default=FURTHEST,
    show_default=True,
    metavar="N",
    help="Show the N orders that differ most under the first model.",
)
@click.option("--json", "as_json", is_flag=True, help="Print parity.json.")
def parity(
    run: str,
    config_file: Path | None,
    models: tuple[str, ...],
    captures: tuple[str, ...],
    from_time: str,
    to_time: str,
    archive: str,
    out: Path,
    seed: int,
    furthest: int,
    as_json: bool,
) -> None:
    """Send the orders of RUN through the simulated venue, on the market of RUN, and tell which model fits what happened.

    RUN is the folder of a run (`up`, `backtest`) or a state folder; without one it is that of the newest `up`. Exit status
    66: there is no such run, or it has no orders or no market. 69: the archive does not answer. 78: a model is not known,
    or the configuration is not that of the run, or --out is taken.
    """
    from mesh.roles import role_module

    config, folder, logs = run_of(run, config_file)
    named = bool(captures or from_time or to_time)
    source = source_of(captures, from_time, to_time, archive) if named else None
    found = role_module("backtest.parity")
    progress = _Models()
    try:
        result = found.parity(config, folder, logs, source, out, found.ParityAsked(models, seed), progress.told)
    finally:
        progress.stop()
    if as_json:
        click.echo((out / "parity.json").read_text(encoding="utf-8"), nl=False)
    else:
        _show(result, out, furthest)


def run_of(run: str, config_file: Path | None) -> tuple[Config, Path, Path]:
    """Return the configuration of a run, its folder, and the folder below which its agents' logs lie.

    Raises:
        CaptureError: If there is no such folder.
        ConfigError: If nothing says how the run was configured.
        UnavailableError: If no run was ever started, and none is named.
    """
    from mesh.config import load
    from mesh.run.run_folders import CONFIG_FILE, load_run

    if not run:
        config = load_run(config_file)
        folder = Path(config.mesh.state_dir).absolute()
        return config, folder, folder
    folder = Path(run)
    if not folder.is_dir():
        raise CaptureError(f"{run}: there is no such run (allowed: the folder of a run, or a state folder)")
    file = config_file or folder / CONFIG_FILE
    if not file.is_file():
        raise ConfigError(f"{run}: holds no {CONFIG_FILE}; name the configuration of the run with -c FILE")
    config = load(file)
    for logs in (folder / "logs", folder, Path(config.mesh.state_dir)):
        if any(logs.glob("*/log")):
            return config, folder, logs
    return config, folder, folder


class _Models:
    """A bar for the models, on standard error if that is a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description:12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._task: TaskID | None = None
        self._bar.start()

    def told(self, done: int, whole: int) -> None:
        """Show how many models were played."""
        if self._task is None:
            self._task = self._bar.add_task("models", total=whole)
        self._bar.update(self._task, completed=done)

    def stop(self) -> None:
        """Leave the bar as it is."""
        self._bar.stop()


def _show(result: Any, out: Path, furthest: int) -> None:
    """Print figures beside each other, the verdict, and the orders that differ most."""
    from rich.console import Console

    from mesh.roles import role_module

    text = role_module("backtest.parity.parity_text")
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(text.models_table(result))
    for line in text.sentences(result):
        click.echo(line)
    if furthest:
        console.print(text.orders_table(result, out, furthest))
    click.echo(f"result: {out / 'parity.json'}, {out / 'parity.parquet'}")
