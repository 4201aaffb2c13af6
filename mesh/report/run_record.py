"""What only `up` knows of its run, kept in the state folder for `status`: restarts, ticks of earlier runs, when it began.

{state_dir}/run.json    replaced as a whole at each change, removed at the end

A record outlives an `up` that was killed. It names its process by number and start, so that it is not taken for one of
the mesh that runs now.
"""

import os
from pathlib import Path

import msgspec

from mesh.report.figures import Ticks

FILE = "run.json"
_START_FIELD = 22
"""Of `/proc/PID/stat` (proc(5)): when the process started, in clock ticks since boot."""


class RunRecord(msgspec.Struct, frozen=True):
    """What `up` knows; `began_ns` is monotonic, 0 before all agents were ready."""

    pid: int
    started: int
    restarts: dict[str, int]
    earlier: Ticks
    began_ns: int = 0


def write(state_dir: Path, restarts: dict[str, int], earlier: Ticks, began_ns: int) -> None:
    """Replace the record of this process's run."""
    pid = os.getpid()
    started = _started(pid)
    assert started is not None, "this process runs"
    state_dir.mkdir(parents=True, exist_ok=True)
    fresh = state_dir / f"{FILE}.{pid}"
    fresh.write_bytes(msgspec.json.encode(RunRecord(pid, started, restarts, earlier, began_ns)))
    fresh.replace(state_dir / FILE)


def read(state_dir: Path) -> RunRecord | None:
    """Return the record of the run that goes on in `state_dir`, None if `up` does not run there."""
    try:
        found = msgspec.json.decode((state_dir / FILE).read_bytes(), type=RunRecord)
    except (FileNotFoundError, msgspec.MsgspecError):
        # Another version's record says nothing that this one could tell.
        return None
    return found if _started(found.pid) == found.started else None


def remove(state_dir: Path) -> None:
    """Remove the record, at the end of the run."""
    (state_dir / FILE).unlink(missing_ok=True)


def _started(pid: int) -> int | None:
    """Return when a process started, None if there is none of that number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name of the program, in parentheses, may hold anything; fields after it begin with the third.
    return int(stat.rpartition(")")[2].split()[_START_FIELD - 3])
