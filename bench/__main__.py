"""`python -m bench` is `tickmesh bench`."""

import sys

import click

from bench.command import bench
from schemas.errors import TickmeshError

if __name__ == "__main__":
    try:
        bench.main(prog_name="bench")
    except TickmeshError as error:
        click.echo(f"bench: {error}", err=True)
        sys.exit(error.exit_status)
