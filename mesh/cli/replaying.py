"""Commands that run again what was: `replay verify`."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mesh.cli.moved import moved_option
from mesh.cli.options import EXISTING, config_option
from schemas.errors import ExitStatus, UnavailableError

if TYPE_CHECKING:
    from mesh.history.verify import StartVerdict

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@click.group()
def replay() -> None:
    """Run again what was recorded."""


@replay.command()
@click.argument("run", metavar="[RUN|DAY]", default="")
@click.option("--agent", "agents", multiple=True, metavar="NAME", help="Only this agent; repeatable.")
@config_option()
@moved_option
@click.option("--with", "other_file", type=EXISTING, help="Decide with this configuration instead of the recorded one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each start of each agent.")
def verify(
    run: str, agents: tuple[str, ...], config_file: Path | None, other_file: Path | None, as_json: bool
) -> NoReturn:
    """Give each agent its recorded inputs once more, and compare all that it publishes and asks with what it did.

    RUN is a folder: of a run, or a state folder; DAY (2026-01-31, UTC) keeps the starts of that day. Exit status 1: an
    agent decides otherwise; the first difference of each start is shown. 66: nothing is recorded, or not all could be run.
    """
    from mesh.config import load
    from mesh.history.verify import Verifier

    day = run if DAY.fullmatch(run) else ""
    state_dir = _state_dir("" if day else run, config_file)
    names = list(agents) or sorted(path.parent.name for path in state_dir.glob("*/inputs"))
    if not names:
        raise UnavailableError(f"{state_dir}: no inputs are recorded (mesh.record_inputs is on by default)")
    other = None if other_file is None else load(other_file)
    verdicts: list[StartVerdict] = []
    for name in names:
        if not (state_dir / name / "inputs").is_dir():
            raise UnavailableError(f"{state_dir / name}: no inputs are recorded")
        for verdict in Verifier(state_dir, name, other).verdicts(lambda wall_ns: not day or _day_of(wall_ns) == day):
            verdicts.append(verdict)
            _show(verdict, as_json)
    sys.exit(_status(verdicts))


COMMANDS = (replay,)


def _state_dir(run: str, config_file: Path | None) -> Path:
    from mesh.run.run_folders import CONFIG_FILE, load_run

    folder = Path(run)
    if not run or folder.is_file():
        return Path(load_run(folder if run else config_file).mesh.state_dir).absolute()
    if not folder.is_dir():
        raise UnavailableError(f"{run}: there is no such run (allowed: a folder, or a day as in 2026-01-31)")
    if not list(folder.glob("*/inputs")) and (folder / CONFIG_FILE).is_file():
        return Path(load_run(folder / CONFIG_FILE).mesh.state_dir).absolute()
    return folder.absolute()


def _day_of(wall_ns: int) -> str:
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC).date().isoformat()


def _show(verdict: "StartVerdict", as_json: bool) -> None:
    import msgspec

    from mesh.history import difference

    found = verdict.difference
    if as_json:
        fields: dict[str, Any] = {
            "agent": verdict.agent,
            "epoch": verdict.epoch,
            "inputs": verdict.inputs,
            "outputs": verdict.outputs,
            "requests": verdict.requests,
            "equal": verdict.equal,
            "note": verdict.note,
            "difference": None if found is None else difference.as_json(found),
        }
        click.echo(msgspec.json.encode(fields))
        return
    outcome = "equal" if verdict.equal else "different" if verdict.ran else "not run"
    counts = f"{verdict.inputs} inputs, {verdict.outputs} outputs, {verdict.requests} requests"
    note = f" ({verdict.note})" if verdict.note else ""
    click.echo(f"{verdict.agent} start {verdict.epoch}: {counts}, {outcome}{note}")
    if found is not None:
        for line in difference.lines(found):
            click.echo(f"  {line}")


def _status(verdicts: "list[StartVerdict]") -> int:
    if any(verdict.difference is not None for verdict in verdicts):
        return ExitStatus.FAILED
    if not verdicts or not all(verdict.ran for verdict in verdicts):
        return ExitStatus.NO_INPUT
    return ExitStatus.OK
