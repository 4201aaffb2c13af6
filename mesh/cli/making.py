"""Commands that make what a newcomer does not have yet: a configuration with a strategy, and a capture to play."""

from pathlib import Path

import click

from mesh.cli.options import FOLDER

CAPTURE_S = 60.0
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
def new(folder: Path) -> None:
    """Write a configuration, a strategy and its test to the folder DIR, to begin with.

    Exit status 78 if one of the files is there already.
    """
    from mesh.run.starter import STRATEGY, TEST, write

    config_file, *_ = write(folder)
    click.echo(f"{config_file}: trades the strategy in {STRATEGY} beside it on the paper venue; {TEST} is its test")
    click.echo(f"tickmesh check -c {config_file}")
    click.echo(f"tickmesh up -c {config_file}")


@click.command("make-capture")
@click.argument("file", metavar="FILE", type=FILE)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="The same seed, the same file.")
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(min=0, min_open=True),
    default=CAPTURE_S,
    show_default=True,
    metavar="S",
    help="How many seconds of the market.",
)
def make_capture(file: Path, seed: int, duration_s: float) -> None:
    """Write a capture of the order-flow model to FILE, gzipped, for `tickmesh up --capture FILE`."""
    from mesh.run import default_config

    frames = default_config.make_capture(file, seed=seed, duration_s=duration_s)
    click.echo(f"{file}: {frames} frames, {duration_s:g} s, seed {seed}")
