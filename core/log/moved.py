"""Segments that were moved away: each lies elsewhere, and in the folder of its log a link of its name says where.

Who opens a segment by its name reads it where it lies, so that nothing else need know. A segment is copied, the copy is
made durable and takes its name there, then the link takes the name here: whatever ends the move, the log has the file or
the link, and what the link says is whole. Who has the file open or mapped goes on with that.

On another machine what a link says may not be there. `look_in` names a folder that the moved segments were brought to;
what is neither here nor there is absent (`absent_in`): who reads passes over it as over what retention has removed, and
who writes needs an anchor behind it (`core.log.recovery`).
"""

import fcntl
import filecmp
import os
import shutil
from pathlib import Path

from schemas.errors import LogMoveError

TEMPORARY = ".tmp"
"""Behind the name of what is not whole. The next opening of the log removes such links, the next move such copies."""

MADE_FOLDERS = 3
"""So many folders above the one that is moved to may have been made by the move, and are made durable."""

_brought_to: Path | None = None


def look_in(folder: Path | None) -> None:
    """Have this process look for what links name in vain in `folder`/AGENT/log."""
    global _brought_to
    _brought_to = folder


def lies_at(path: str) -> str:
    """Return where a segment of this path in its log is read: there, unless it was moved and brought elsewhere since."""
    if _brought_to is None or not os.path.islink(path) or os.path.exists(path):
        return path
    folder, name = os.path.split(path)
    brought = _brought_to / os.path.basename(os.path.dirname(folder)) / os.path.basename(folder) / name
    return str(brought) if brought.exists() else path


def absent_in(folder: Path) -> list[Path]:
    """Return the segments of a log that were moved and are not where they are looked for, the oldest first."""
    return sorted(path for path in folder.glob("*.log") if path.is_symlink() and not os.path.exists(lies_at(str(path))))


def move(segment: Path, to: Path, link: str = "") -> None:
    """Move one segment that nothing is appended to any more into the folder `to`, and leave a link to it.

    `link` is the folder as the link shall name it, if not as `to` does. Returns at once if it was moved before.

    Raises:
        LogMoveError: If another file of its name lies there.
        OSError: If it cannot be copied, made durable or linked to; it is then still here.
    """
    to.mkdir(parents=True, exist_ok=True)
    lock = os.open(to, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if segment.is_symlink():
            return
        _copy(segment, to / segment.name)
        os.fsync(lock)
        for above in list(to.parents)[:MADE_FOLDERS]:
            _sync_folder(above)
        _link(segment, Path(link or to) / segment.name)
    finally:
        os.close(lock)


def _copy(segment: Path, target: Path) -> None:
    if target.exists():
        if filecmp.cmp(segment, target, shallow=False):
            return
        raise LogMoveError(segment, target)
    fresh = target.with_name(target.name + TEMPORARY)
    with segment.open("rb") as read, fresh.open("wb") as write:
        shutil.copyfileobj(read, write, 1 << 20)
        write.flush()
        os.fsync(write.fileno())
    fresh.rename(target)


def _link(segment: Path, target: Path) -> None:
    fresh = segment.with_name(segment.name + TEMPORARY)
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.rename(segment)
    _sync_folder(segment.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
