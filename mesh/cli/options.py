"""Options that several commands have: where the configuration is, and what of the archive is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

EXISTING = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
NEWEST = "that of the newest `up`"


def config_option(without: str = NEWEST) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return the option `-c`, which gives a command its `config_file`; `without` says which it is if none is named."""
    text = f"Configuration file (TOML); without one, {without}." if without else "Configuration file (TOML)."
    return click.option("-c", "--config", "config_file", type=EXISTING, help=text)


archive_option = click.option(
    "--archive", default="", metavar="NAME", help="The agent whose archive it is (default: the only one)."
)
