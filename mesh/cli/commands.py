"""The command line: `tickmesh up`, `agent`, `tap`, `status`, `check`, `doctor`, `bench`, and those beside this.

Facts go to standard output, everything else to standard error. What goes wrong ends with one line there and the exit
status of its error (`schemas.errors.ExitStatus`). An agent's process starts here too, so each command imports what it
needs itself.
"""

import contextlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mesh.cli import backtesting, comparing, data, forking, history, making, operating, recording, replaying, sweeping
from mesh.cli.options import config_option
from mesh.run.run_folders import load_run
from schemas.errors import ConfigError, ExitStatus, TickmeshError, UnavailableError

if TYPE_CHECKING:
    from mesh.report.figures import Report
    from schemas.config import Config

TAP_LOOK_S, TAP_TAIL_S = 1.0, 0.25


class Commands(click.Group):
    """The group of all commands: turns Tickmesh errors into exit statuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except TickmeshError as error:
            click.echo(f"tickmesh: {_one_line(error)}", err=True)
            ctx.exit(error.exit_status)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tickmesh")
def cli() -> None:
    """Run and watch a mesh of trading agents."""


cli.add_command(making.new)
cli.add_command(making.make_capture)
cli.add_command(recording.record)
cli.add_command(backtesting.backtest)
cli.add_command(sweeping.sweep)
cli.add_command(comparing.parity)
cli.add_command(forking.fork)
for each in (*data.COMMANDS, *operating.COMMANDS, *history.COMMANDS, *replaying.COMMANDS):
    cli.add_command(each)


@cli.command()
@config_option("")
@click.option("--capture", "captures", multiple=True, metavar="FILE", help="Play recorded market data; repeatable.")
@click.option(
    "--venue",
    "venues",
    multiple=True,
    metavar="V",
    help="Model this venue: binance (default), binance-usdm, bybit or okx; several are one desk.",
)
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), help="How many times real time (default 1).")
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Run for S seconds (default: until the capture is done, else until Ctrl-C).",
)
@click.option(
    "--state-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder of logs and archive (default: fresh)."
)
@click.option("--leave-orders", is_flag=True, help="Leave orders resting at the venue at the end.")
@click.option("--verbose", is_flag=True, help="Report every stream of every link, every hop, and every counter.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def up(
    config_file: Path | None,
    captures: tuple[str, ...],
    venues: tuple[str, ...],
    speed: float | None,
    duration_s: float | None,
    state_dir: Path | None,
    leave_orders: bool,
    verbose: bool,
    as_json: bool,
) -> NoReturn:
    """Run all agents on this machine, show how they are, and print a report at the end.

    Without a configuration, everything runs against the paper venue, on a seeded order-flow model or on captures. Agents
    wait for clocks and sockets here, so the same capture gives other orders each time; not so with `tickmesh backtest`.
    """
    from mesh.config import load
    from mesh.report import figures, text
    from mesh.report.live_view import make_view
    from mesh.run import default_config, run_folders
    from mesh.run.up import run

    default_config.check_captures(captures)
    if config_file is None:
        config, config_file = _embedded(captures, venues, speed, state_dir, leave_orders)
    elif venues:
        raise ConfigError(f"--venue {venues[0]}: a configuration names its venues itself; use one of -c and --venue")
    else:
        config = load(config_file)
        default_config.check_captures(default_config.captures_of(config))
        config, config_file = _adjusted(config, config_file.absolute(), captures, speed, state_dir, leave_orders)
    default_config.provide_credentials(config)
    run_folders.set_current(config_file)
    click.echo(f"configuration: {config_file}", err=True)
    found = run(config, config_file, make_view(as_json), duration_s=duration_s, leave_orders=leave_orders)
    click.echo(figures.encode(found) if as_json else text.text(found, verbose=verbose))
    click.echo(f"state folder: {Path(config.mesh.state_dir).absolute()}", err=True)
    sys.exit(_verdict(config, found))


@cli.command()
@click.argument("name")
@config_option()
def agent(name: str, config_file: Path | None) -> NoReturn:
    """Run the agent NAME, or the agents of the group NAME, in this process until SIGTERM or Ctrl-C."""
    from mesh.node.node import run

    sys.exit(run(name, load_run(config_file)))


@cli.command()
@click.argument("name")
@config_option()
@click.option("--stream", default="", help="Only streams of this name or beginning: BOOK, TRADE/1, TRADE/1/2.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N frames.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def tap(name: str, config_file: Path | None, stream: str, count: int | None, as_json: bool) -> None:
    """Show the frames in and out of the live agent NAME, decoded; it can never be slowed by this."""
    from mesh.endpoints import endpoints
    from mesh.trace.stream_filter import check_stream
    from mesh.trace.tap_text import TapLines
    from mesh.transport.client import Client

    check_stream(stream)
    config = load_run(config_file)
    endpoint = endpoints(config, name).tap
    with Client(config) as client:
        if not client.statuses([name]):
            raise UnavailableError(f"agent {name} does not answer; is it running?")
    lines = TapLines(stream, same_host=endpoint.startswith("ipc:"))
    with contextlib.suppress(KeyboardInterrupt):
        _show_records(endpoint, lines, count, as_json)


@cli.command()
@config_option()
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object: the report so far, as `up --json` has it."
)
def status(config_file: Path | None, as_json: bool) -> None:
    """Show how the agents are; exit status 69 if none answers."""
    from mesh.report import figures
    from mesh.report.status import look

    found, statuses = look(load_run(config_file))
    if as_json:
        click.echo(figures.encode(found))
        return
    from rich.console import Console

    from mesh.report.live_view import agents_table, links_table
    from mesh.report.text import condition_lines, counter_lines

    console = Console()
    console.print(agents_table(found.agents, statuses))
    console.print(links_table(statuses))
    for line in (*condition_lines(found), *counter_lines(found)):
        console.print(line, highlight=False, markup=False)


@cli.command()
@config_option()
@click.option("--json", "as_json", is_flag=True, help="Print the checked configuration, every setting written out.")
def check(config_file: Path | None, as_json: bool) -> None:
    """Check a configuration and show what it defines.

    Every agent is built as its own process would, but the archive, whose ClickHouse stays closed; nothing is started.
    What in a strategy may decide otherwise when it is run again is warned of on standard error, with its file and line.
    Exit status 78 names the key that is wrong, 66 a capture that is missing.
    """
    import msgspec

    from mesh.endpoints import endpoints
    from mesh.roles import check_agents, role_of
    from mesh.run.default_config import captures_of, check_captures, provide_credentials, tree_of
    from mesh.run.rerun_lint import lint_strategies

    config = load_run(config_file)
    reached = {name: endpoints(config, name).answers for name in config.agents}
    check_captures(captures_of(config))
    provide_credentials(config)
    check_agents(config)
    for warned in lint_strategies(config):
        click.echo(f"warning     {warned.file}:{warned.line}: {warned.text}", err=True)
    if as_json:
        click.echo(msgspec.json.encode(tree_of(config)))
        return
    for venue in config.venues:
        where = " ".join(filter(None, (venue.kind, venue.exchange, venue.rest_url)))
        click.echo(f"venue       {venue.id:3} {venue.name}: {where}")
    for each in config.instruments:
        click.echo(f"instrument  {each.id:3} {each.symbol} at {each.venue}: tick {each.tick_size}, lot {each.lot_size}")
    for name, table in config.agents.items():
        click.echo(f"agent       {table.id:3} {name}: {role_of(name, config)} at {reached[name]}")


@cli.command()
@config_option("`up`'s own")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array of findings.")
def doctor(config_file: Path | None, as_json: bool) -> NoReturn:
    """Check this host: what was found, what is wanted, and how to fix it; exit status 1 if anything failed."""
    from mesh import config
    from mesh.doctor import examine
    from mesh.run import default_config, run_folders

    tree = default_config.default_tree(run_folders.runs_dir(), default_config.free_port())
    findings = examine.examine(config.load(config_file) if config_file is not None else config.parse(tree))
    if as_json:
        click.echo(examine.encode(findings))
    else:
        from rich.console import Console

        Console().print(examine.table(findings))
        click.echo(examine.summary(findings))
    sys.exit(ExitStatus.OK if examine.healthy(findings) else ExitStatus.FAILED)


@cli.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure this version beside its floors and peers; `bench --help` has the options."""
    import importlib

    # Found by name, as roles are: the mesh does not know of its bench.
    importlib.import_module("bench.command").bench.main(list(arguments), prog_name="tickmesh bench")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit status."""
    cli.main(arguments, prog_name="tickmesh")
    raise AssertionError("click ends the process")


def _embedded(
    captures: Sequence[str], venues: Sequence[str], speed: float | None, state_dir: Path | None, leave_orders: bool
) -> "tuple[Config, Path]":
    """Make the default configuration and write it to the state folder for the agents to read."""
    from mesh import config
    from mesh.run import default_config, run_folders
    from mesh.run.desk_config import desk_tree
    from mesh.run.model_venues import MODELS

    for venue in venues:
        if captures or venue not in MODELS:
            allowed = "none beside --capture, which says it itself" if captures else ", ".join(MODELS)
            raise ConfigError(f"--venue {venue}: no such model of a venue (allowed: {allowed})")
        if venues.count(venue) > 1:
            raise ConfigError(f"--venue {venue}: named {venues.count(venue)} times (allowed: each once)")
    found = default_config.describe(captures) if captures else None
    folder = state_dir.absolute() if state_dir is not None else run_folders.new_run_dir()
    if len(venues) > 1:
        tree = desk_tree(folder, default_config.free_ports(len(venues)), venues)
    else:
        port, venue = default_config.free_port(), venues[0] if venues else "binance"
        tree = default_config.default_tree(
            folder, port, captures=captures, speed=speed or 1.0, found=found, venue=venue
        )
    for table in tree["agents"].values():
        if leave_orders and table["role"] == "execution":
            table["at_stop"] = "leave"
    return config.parse(tree), _write(folder, tree)


def _adjusted(
    config: "Config",
    config_file: Path,
    captures: Sequence[str],
    speed: float | None,
    state_dir: Path | None,
    leave_orders: bool,
) -> "tuple[Config, Path]":
    """Return the configuration as the options change it, in a file of its own if they do."""
    import msgspec

    from mesh.run import default_config

    adjusted = default_config.with_captures(config, captures, speed)
    if leave_orders:
        adjusted = default_config.with_orders_left(adjusted)
    if state_dir is not None:
        mesh = msgspec.structs.replace(adjusted.mesh, state_dir=str(state_dir.absolute()))
        adjusted = msgspec.structs.replace(adjusted, mesh=mesh)
    if adjusted == config:
        return config, config_file
    return adjusted, _write(Path(adjusted.mesh.state_dir).absolute(), default_config.tree_of(adjusted))


def _write(folder: Path, tree: dict[str, Any]) -> Path:
    from mesh.run.default_config import toml_text
    from mesh.run.run_folders import CONFIG_FILE

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIG_FILE
    # Whoever waits for it finds all of it.
    fresh = path.with_suffix(".new")
    fresh.write_text(toml_text(tree), encoding="utf-8")
    fresh.replace(path)
    return path


def _show_records(endpoint: str, lines: Any, count: int | None, as_json: bool) -> None:
    """Show records until there were `count` or Ctrl-C, and tell how many were missed, up to the last that came."""
    from mesh.transport.tap import TapClient

    client = TapClient(endpoint)
    shown = told = 0
    try:
        while count is None or shown < count:
            for record in client.read(TAP_LOOK_S):
                if lines.passes(record) and (count is None or shown < count):
                    click.echo(lines.json(record) if as_json else lines.line(record))
                    shown += 1
            if client.dropped != told:
                told = client.dropped
                click.echo(f"tickmesh: {told} frames were not shown: they came faster than this could take", err=True)
    finally:
        # What was dropped is known with the next frame that was not; a live agent's beat is never far away.
        client.read(TAP_TAIL_S)
        click.echo(f"tickmesh: {shown} frames shown, {client.dropped} dropped", err=True)
        client.close()


def _verdict(config: "Config", found: "Report") -> int:
    """Tell what is wrong with a run, and return its exit status."""
    from mesh.report.verdict import problems

    wrong = problems(config, found)
    for each in wrong:
        click.echo(f"tickmesh: {each}", err=True)
    return ExitStatus.FAILED if wrong else ExitStatus.OK


def _one_line(error: TickmeshError) -> str:
    """Return an error's message in one line: of a failed agent, what it said last."""
    first, _, rest = str(error).partition("\n")
    last = rest.rpartition("\n")[2]
    said = re.fullmatch(r"tickmesh (agent .*) \(exit status \d+\)", last)
    if said:
        return said[1]
    return f"{first}: {last}" if last else first
