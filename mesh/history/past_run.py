"""An agent as it was, run again on what had reached it: also what no log comes to, such as indicators and what was asked.

The start that the moment lies in is run again from its beginning, on the inputs that were recorded (`mesh.history.rerun`),
and stops there: behind the last input that had come by then, or behind the one that it published the event on. What it
decides is not compared (`mesh.history.verify` does that). The cost is that of the inputs from the start on.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.frame import Header, unpack
from core.log import LogWriter
from mesh.agent import Agent
from mesh.anchor import Anchor
from mesh.anchor_store import known
from mesh.history.input_reader import Input, InputReader
from mesh.history.logged_starts import LoggedStarts
from mesh.history.places import place_at
from mesh.history.published import Published
from mesh.history.rerun import Rerun
from mesh.protocol.input_log import STARTED
from mesh.protocol.recorded_inputs import anchor_of, config_of, folder_of, starts_in
from mesh.roles import build_agent, has_shell
from schemas.errors import ExitStatus, TickmeshError

SEGMENT_BYTES = 1 << 22


class NoInputsError(TickmeshError):
    """What reached the agent at that time is not recorded, or cannot be handed over any more."""

    exit_status = ExitStatus.NO_INPUT


class PastRun(msgspec.Struct, frozen=True):
    """The agent as it was then, which start that was of, and how many inputs it had had."""

    agent: Agent
    epoch: int
    inputs: int
    wall_ns: int


def run_to_time(name: str, state_dir: Path, wall_ns: int) -> PastRun:
    """Return an agent as it was at a time.

    Raises:
        NoInputsError: If nothing is recorded of then.
        MissingInputError: If something that reached it is not in its publisher's log any more.
    """
    own = state_dir / name
    found = [epoch for epoch in starts_in(own) if 0 < _first(own, epoch).wall_ns <= wall_ns]
    if not found:
        raise NoInputsError(f"agent {name}: no inputs are recorded of a start before that time (mesh.record_inputs)")
    run, _ = _run(name, state_dir, found[-1], lambda each: each.wall_ns > wall_ns, lambda frames: False)
    return msgspec.structs.replace(run, wall_ns=wall_ns)


def run_to_event(name: str, state_dir: Path, event: Header) -> PastRun:
    """Return an agent as it was right behind the input that it published an event on.

    Raises:
        NoInputsError: If its inputs are not recorded, or do not lead to that event.
        MissingInputError: If something that reached it is not in its publisher's log any more.
    """
    if event.epoch not in starts_in(state_dir / name):
        raise NoInputsError(
            f"agent {name}: the inputs of its start {event.epoch} are not recorded (mesh.record_inputs)"
        )
    wanted = (event.stream, event.epoch, event.seq)

    def published(frames: list[bytes]) -> bool:
        places = [(header.stream, header.epoch, header.seq) for header in map(unpack, frames)]
        return wanted in places

    run, reached = _run(name, state_dir, event.epoch, lambda each: False, published)
    if not reached:
        raise NoInputsError(f"agent {name}: its recorded inputs end before that event, or lead to others")
    return run


def _run(
    name: str,
    state_dir: Path,
    epoch: int,
    beyond: Callable[[Input], bool],
    ends: Callable[[list[bytes]], bool],
) -> tuple[PastRun, bool]:
    """Run one start until an input is beyond the end, or what one published is it; return also whether that came."""
    own = state_dir / name
    config, anchor = config_of(own, epoch), anchor_of(own, epoch)
    agent = build_agent(name, config)
    if isinstance(anchor, Anchor) and anchor.version != agent.anchored:
        anchor = f"its state is of version {anchor.version} (this version of Tickmesh: {agent.anchored})"
    if isinstance(anchor, str):
        raise NoInputsError(f"agent {name}: the anchor that its start {epoch} began from: {anchor}")
    others = Published(state_dir, _begins(state_dir, _first(own, epoch), anchor))
    scratch = Path(tempfile.mkdtemp(prefix="tickmesh-state-"))
    try:
        _lay_out(own / "log", epoch, anchor, scratch / "log")
        log = LogWriter(str(scratch / "log"), segment_bytes=SEGMENT_BYTES, known=known(anchor))
        try:
            rerun = Rerun(name, config, agent, log, epoch, others, has_shell(name, config), anchor)
            inputs, last_ns, reached = 0, 0, False
            for each in InputReader(folder_of(own, epoch)):
                reached = beyond(each)
                if reached:
                    break
                rerun.take(each)
                inputs, last_ns = inputs + 1, each.wall_ns
                reached = ends(rerun.published)
                if reached:
                    break
        finally:
            log.close()
    finally:
        others.close()
        shutil.rmtree(scratch)
    return PastRun(agent, epoch, inputs, last_ns), reached


def _first(own: Path, epoch: int) -> Input:
    """Return the first input of a start; one without a time if there is none."""
    return next(iter(InputReader(folder_of(own, epoch))), Input(0, STARTED, 0, 0))


def _lay_out(log: Path, epoch: int, anchor: Anchor | None, folder: Path) -> None:
    """Lay out the log as it was when the start began; what is in front of its anchor need not be read."""
    frames = LoggedStarts(log, 0 if anchor is None else anchor.last_position)
    try:
        frames.pass_to(epoch)
        frames.copy_before(folder)
    finally:
        frames.close()


def _begins(state_dir: Path, first: Input, anchor: Anchor | None) -> dict[str, int]:
    """Return from where on the logs of publishers are read: what came from before that is looked for if it is wanted."""
    found: dict[str, int] = {}
    if anchor is None:
        return found
    for publisher in {path.parent.name for path in state_dir.glob("*/log")}:
        found[publisher] = place_at(publisher, state_dir / publisher / "log", first.wall_ns)
    for each in anchor.followed:
        found[each.publisher] = min(found.get(each.publisher, each.at), each.at)
    return found
