"""Segments of logs that were moved, as commands meet them: where they were brought to, and which are nowhere."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


def _look_in(context: click.Context, parameter: click.Parameter, folder: Path | None) -> Any:
    from core.log.moved import look_in

    look_in(None if folder is None else folder.absolute())


moved_option = click.option(
    "--moved",
    type=FOLDER,
    expose_value=False,
    callback=_look_in,
    help="Where moved segments of logs were brought to (DIR/AGENT/log), if not to where they were moved.",
)
"""For commands that read logs."""


def tell_absent(logs: Iterable[Path]) -> bool:
    """Name, on standard error, what of these logs was moved to where it is not found; return whether anything was."""
    from core.log.moved import absent_in

    found = False
    for log in logs:
        for path in absent_in(log):
            found = True
            click.echo(f"tickmesh: {path}: moved to {path.readlink()}, which is not there (--moved DIR)", err=True)
    return found
