"""The command for the archive itself: `tickmesh archive`, what it is, its tables in SQL, migration, backup and restore."""

import importlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from mesh.cli.options import FOLDER, archive_option, config_option

Chosen = tuple[Path | None, str]


@click.group(name="archive", invoke_without_command=True)
@config_option()
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def archive(ctx: click.Context, config_file: Path | None, archive: str, as_json: bool) -> None:
    """Show an archive: its schema version, and of each table the rows, bytes, days, and how long rows are kept."""
    import msgspec

    if ctx.invoked_subcommand is not None:
        ctx.obj = (config_file, archive)
        return
    upkeep, config, name = _opened((config_file, archive), None, "")
    held = upkeep.look(config, name)
    click.echo(msgspec.json.encode(held).decode() if as_json else _table(held))


@archive.command(name="ddl")
@config_option()
@archive_option
@click.option("--cluster", default="", metavar="NAME", help="For this cluster: replicated and Distributed tables.")
@click.option(
    "--shard-by",
    type=click.Choice(["instrument", "venue", "publisher"]),
    default="instrument",
    show_default=True,
    help="What of a row says to which shard it goes.",
)
@click.option("--database", default="", metavar="NAME", help="Called so (default: as configured, else tickmesh).")
@click.pass_obj
def ddl_command(
    above: Chosen, config_file: Path | None, archive: str, cluster: str, shard_by: str, database: str
) -> None:
    """Print the archive's tables in SQL, as it makes them itself, or for a cluster; nothing is run.

    Without -c they are those of an archive whose rows are kept for good.
    """
    if config_file is None and above[0] is None:
        upkeep, config, name = _upkeep(), None, ""
    else:
        upkeep, config, name = _opened(above, config_file, archive)
    click.echo(upkeep.statements(config, name, cluster, shard_by, database), nl=False)


@archive.command(name="migrate")
@config_option()
@archive_option
@click.option("--check", is_flag=True, help="Only say whether there is anything to do; exit status 1 if so.")
@click.pass_obj
def migrate_command(above: Chosen, config_file: Path | None, archive: str, check: bool) -> NoReturn:
    """Bring an archive's tables up to this version of Tickmesh, as its agent does when it starts."""
    upkeep, config, name = _opened(above, config_file, archive)
    if not check:
        upkeep.migrate(config, name)
    held = upkeep.look(config, name)
    click.echo(_version(held))
    sys.exit(int(held.version not in (0, held.allowed)))


@archive.command(name="backup")
@click.argument("folder", metavar="DIR", type=FOLDER)
@config_option()
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def backup_command(above: Chosen, folder: Path, config_file: Path | None, archive: str, as_json: bool) -> None:
    """Write all of an archive to the new folder DIR; of a server, on the server's host.

    An archive on a server may go on writing meanwhile; the embedded engine has to be free.
    """
    import msgspec

    upkeep, config, name = _opened(above, config_file, archive)
    made = upkeep.back_up(config, name, folder)
    plain = f"{made.folder}: {made.files:,} files, {made.bytes:,} bytes, schema version {made.version}"
    click.echo(msgspec.json.encode(made).decode() if as_json else plain)


@archive.command(name="restore")
@click.argument("folder", metavar="DIR", type=FOLDER)
@config_option()
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: rows by table.")
@click.pass_obj
def restore_command(above: Chosen, folder: Path, config_file: Path | None, archive: str, as_json: bool) -> None:
    """Make an empty archive what the backup in DIR is, in tables of this version of Tickmesh."""
    import msgspec

    upkeep, config, name = _opened(above, config_file, archive)
    rows = upkeep.restore(config, name, folder)
    plain = f"{name}: {sum(rows.values()):,} rows in {len(rows)} tables"
    click.echo(msgspec.json.encode(rows).decode() if as_json else plain)


def _upkeep() -> Any:
    # Found by name, as roles are: the mesh knows of no role.
    return importlib.import_module("agents.archive.upkeep")


def _opened(above: Chosen, config_file: Path | None, archive: str) -> tuple[Any, Any, str]:
    """Return what does it, the configuration, and the archive's name."""
    from mesh.run.run_folders import load_run

    config = load_run(config_file or above[0])
    name = importlib.import_module("agents.archive.database").archive_name(config, archive or above[1])
    return _upkeep(), config, name


def _version(held: Any) -> str:
    if not held.version:
        return f"{held.archive}: no archive yet (schema version {held.allowed} is made)"
    state = "up to date" if held.version == held.allowed else f"known here: up to {held.allowed}"
    return f"{held.archive}: schema version {held.version}, {state}"


def _table(held: Any) -> str:
    """Return a line for each table, for people."""
    rows = [("table", "rows", "bytes", "from (UTC)", "to (UTC)", "kept")]
    rows += [
        (
            *(each.name, f"{each.rows:,}", f"{each.bytes:,}", _day(each.first_day), _day(each.last_day)),
            f"{each.keep_days} days" if each.keep_days else "for good",
        )
        for each in held.tables
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(
            text.rjust(width) if place in (1, 2) else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([_version(held), *lines])


def _day(partition: str) -> str:
    """Return the day of a partition; a venue that gives no time has 1970."""
    return f"{partition[:4]}-{partition[4:6]}-{partition[6:]}" if partition else ""
