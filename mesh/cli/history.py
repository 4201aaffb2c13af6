"""Commands that read what was, out of the logs: `trace`, `journal`, `anchor`, `state`."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from mesh.cli.moved import moved_option, tell_absent
from mesh.cli.options import FOLDER, config_option
from schemas.errors import ConfigError, ExitStatus

if TYPE_CHECKING:
    from mesh.history.anchor_rounds import AnchorOutcome
    from mesh.history.journal import Journal, Selection
    from mesh.history.moving import MoveOutcome
    from schemas.config import Config

FOLLOW_S = 0.2
"""How often a log that is followed is looked at."""


@click.command()
@click.argument("agent", metavar="AGENT")
@config_option()
@click.option("--state-dir", type=FOLDER, help="State folder of the run instead; nothing but the logs need be there.")
@click.option("--from", "from_text", default="", metavar="T", help="Begin at this time: 2026-01-31T12:00:00, in UTC.")
@click.option("--to", "to_text", default="", metavar="T", help="End before this time.")
@click.option("--stream", default="", metavar="S", help="Only streams of this name or beginning: ORDER, TRADE/1/2.")
@click.option("--order", "order_id", default="", metavar="ID", help="Only what names this client or venue order id.")
@moved_option
@click.option("--follow", is_flag=True, help="Go on with what is appended, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def journal(
    agent: str,
    config_file: Path | None,
    state_dir: Path | None,
    from_text: str,
    to_text: str,
    stream: str,
    order_id: str,
    follow: bool,
    as_json: bool,
) -> NoReturn:
    """Print the log of AGENT, a line a message, whether the agent lives, has ended, or only its folder is left.

    Exit status 66: there is no such log, or segments of it were moved to where they are not found. 78: something in it is
    damaged; what can be read is printed all the same. 1: a record is no message that this version knows.
    """
    from mesh.history.journal import Journal, Selection
    from mesh.history.moment import parse_moment
    from mesh.trace.stream_filter import check_stream

    if state_dir is not None and config_file is not None:
        raise click.UsageError("--state-dir and --config exclude each other")
    check_stream(stream)
    wanted = Selection(stream=stream, order_id=order_id)
    if from_text:
        wanted = Selection(parse_moment(from_text), wanted.to_ns, stream, order_id)
    if to_text:
        wanted = Selection(wanted.from_ns, parse_moment(to_text), stream, order_id)
    found = Journal(agent, _log_folder(agent, config_file, state_dir))
    with contextlib.suppress(KeyboardInterrupt):
        _show(found, wanted, follow, as_json)
    sys.exit(_verdict(found))


@click.command()
@click.argument("agents", nargs=-1, metavar="[AGENT]...")
@config_option()
@click.option(
    "--grown-mb",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="N",
    help="Only where a log has grown by N million bytes since its last anchor.",
)
@click.option("--quiet", is_flag=True, help="Tell only of anchors that were made, and of what is wrong.")
@click.option("--move-to", default="", metavar="DIR", help="Where moved segments go, instead of mesh.log_moved_to.")
@click.option("--check", "checks", is_flag=True, help="Make none: fold with the newest and without, and compare.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def anchor(
    agents: tuple[str, ...],
    config_file: Path | None,
    grown_mb: float,
    quiet: bool,
    move_to: str,
    checks: bool,
    as_json: bool,
) -> NoReturn:
    """Write down what the logs of the agents come to, so that their next start folds only what follows.

    It reads their files and disturbs no agent. With `mesh.log_moved_to`, or --move-to, it then moves the segments of logs
    that lie before the anchors there. Exit status 1 if an anchor cannot be made, or is not what the log comes to, or a
    segment cannot be moved.
    """
    from mesh.history import anchor_rounds
    from mesh.history.moving import move_before_anchor
    from mesh.run.run_folders import load_run

    config = load_run(config_file)
    failed = False
    for name in agents or config.agents:
        if name not in config.agents:
            raise ConfigError(f"agents.{name}: there is no such agent (allowed: {', '.join(config.agents)})")
        if checks:
            found = anchor_rounds.check(name, config)
        else:
            found = anchor_rounds.make(name, config, int(grown_mb * 1e6))
        failed = _tell_anchor(found, as_json, quiet=quiet) or failed
    to = str(Path(move_to).absolute()) if move_to else config.mesh.log_moved_to
    for name in (agents or config.agents) if to and not checks else ():
        failed = _tell_move(move_before_anchor(name, config, to), as_json, quiet=quiet) or failed
    sys.exit(ExitStatus.FAILED if failed else ExitStatus.OK)


@click.command()
@click.argument("agent", metavar="AGENT")
@config_option()
@click.option("--at", "at_text", default="", metavar="T", help="At this time: 2026-01-31T12:00:00, in UTC.")
@click.option("--event", default="", metavar="E", help="Right after this event of the agent: ORDER/1/0/77.")
@click.option(
    "--by",
    type=click.Choice(["best", "logs", "inputs"]),
    default="best",
    show_default=True,
    help="Fold its logs, or run it again on its recorded inputs; best: what tells more of its role.",
)
@moved_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def state(agent: str, config_file: Path | None, at_text: str, event: str, by: str, as_json: bool) -> None:
    """Print what AGENT knew at a time, or right after an event of its own, out of what was recorded alone.

    Exit status 66: there is no log of it, it does not hold the event, or its inputs are wanted and not recorded.
    """
    import msgspec

    from mesh.history.moment import parse_moment
    from mesh.history.state_at import Way, state_after, state_at
    from mesh.history.state_text import lines
    from mesh.run.run_folders import load_run

    if bool(at_text) == bool(event):
        raise click.UsageError("name a moment: --at T, or --event STREAM/SEQ")
    config = load_run(config_file)
    way = Way(by)
    found = state_at(agent, config, parse_moment(at_text), way) if at_text else state_after(agent, config, event, way)
    for line in [msgspec.json.encode(found).decode()] if as_json else lines(found):
        click.echo(line)


@click.command()
@click.argument("order_id")
@config_option()
@click.option("--state-dir", type=FOLDER, help="State folder of the run instead.")
@moved_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def trace(order_id: str, config_file: Path | None, state_dir: Path | None, as_json: bool) -> None:
    """Show the way of one order, from venue frame to fill, out of the logs, also after the run.

    ORDER_ID is a client order id or a venue order id; exit status 66 if no log knows it.
    """
    from mesh.run.run_folders import load_run
    from mesh.trace import text, way
    from mesh.trace.logs import Logs

    if state_dir is not None and config_file is not None:
        raise click.UsageError("--state-dir and --config exclude each other")
    if state_dir is None:
        config = load_run(config_file)
        logs = Logs(Path(config.mesh.state_dir).absolute(), config)
    else:
        logs = Logs(state_dir.absolute(), _load_state(state_dir))
    with contextlib.closing(logs):
        tell_absent(logs.folders())
        found = way.trace(logs, order_id)
    click.echo(way.encode(found) if as_json else text.text(found))


COMMANDS = (trace, journal, anchor, state)


def _load_state(state_dir: Path) -> "Config | None":
    """Return the configuration that `up` wrote to a state folder, None if there is none."""
    from mesh.config import load
    from mesh.run.run_folders import CONFIG_FILE

    path = state_dir / CONFIG_FILE
    return load(path) if path.is_file() else None


def _log_folder(agent: str, config_file: Path | None, state_dir: Path | None) -> Path:
    if state_dir is None:
        from mesh.run.run_folders import load_run

        state_dir = Path(load_run(config_file).mesh.state_dir)
    return state_dir.absolute() / agent / "log"


def _show(found: "Journal", wanted: "Selection", follow: bool, as_json: bool) -> None:
    from mesh.history import journal_text

    show = journal_text.json if as_json else journal_text.line
    while True:
        for entry in found.entries(wanted):
            click.echo(show(entry))
        if not follow or found.damage:
            return
        time.sleep(FOLLOW_S)


def _verdict(found: "Journal") -> int:
    """Tell what reading brought to light, and return the exit status that it has."""
    for place in found.damage:
        click.echo(f"tickmesh: {place}; what lies between it and the next segment is not shown", err=True)
    for path in found.absent:
        click.echo(f"tickmesh: {path}: moved to {path.readlink()}, which is not there (--moved DIR)", err=True)
    if found.torn_bytes:
        click.echo(f"tickmesh: {found.torn_bytes} bytes at the end were being written when the agent died", err=True)
    if found.skipped_bytes:
        click.echo(f"tickmesh: {found.skipped_bytes} bytes were removed by retention while this was reading", err=True)
    if found.unread:
        click.echo(f"tickmesh: {found.unread} records are no messages that this version knows", err=True)
    if found.damage:
        return ExitStatus.CONFIG
    if found.absent:
        return ExitStatus.NO_INPUT
    return ExitStatus.FAILED if found.unread else ExitStatus.OK


def _tell_anchor(found: "AnchorOutcome | None", as_json: bool, *, quiet: bool) -> bool:
    """Tell what came of one agent; return whether something is wrong."""
    import msgspec

    if found is None or (quiet and not (found.file or found.wrong)):
        return False
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif found.wrong:
        click.echo(f"tickmesh: {found.agent}: {found.wrong}", err=True)
    elif found.missing:
        click.echo(f"{found.agent}: no anchor: {found.missing}")
    else:
        done = f"{found.file}, " if found.file else ""
        click.echo(f"{found.agent}: {done}{found.records} records up to {found.position}, {found.state_bytes} bytes")
    return bool(found.wrong)


def _tell_move(found: "MoveOutcome | None", as_json: bool, *, quiet: bool) -> bool:
    """Tell what of one log was moved; return whether something is in the way."""
    import msgspec

    if found is None or (quiet and not (found.moved or found.wrong)):
        return False
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif found.wrong:
        click.echo(f"tickmesh: {found.agent}: {found.wrong}", err=True)
    else:
        click.echo(f"{found.agent}: {found.moved} segments moved to {found.to}, {found.lie_there} lie there")
    return bool(found.wrong)
