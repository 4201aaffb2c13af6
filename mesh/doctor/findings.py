"""What `doctor` reports: one finding for each thing that it looked at, and the host's files that it reads.

A check is a function that returns findings and changes nothing. It reads files through `Host`, whose root may be any
folder, so that a check can be shown every kind of host.
"""

from enum import StrEnum
from pathlib import Path

import msgspec


class Status(StrEnum):
    """`fail`: an agent will not start, or cannot be relied on. `warn`: it costs time. `unknown`: the host does not tell."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: what was found, what is wanted, and how to get there (empty if it is so)."""

    check: str
    status: Status
    found: str
    wanted: str
    fix: str = ""


def judge(check: str, good: bool, found: str, wanted: str, fix: str, bad: Status = Status.WARN) -> Finding:
    """Return an OK finding if `good`, else one of status `bad` with its `fix`."""
    return Finding(check, Status.OK, found, wanted) if good else Finding(check, bad, found, wanted, fix)


class Host:
    """The files in which a host tells of itself, under `root`."""

    def __init__(self, root: Path = Path("/")) -> None:
        """Read below `root`."""
        self.root = root

    def path(self, name: str) -> Path:
        """Return the path of a file, given as it is on a real host."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """Return a file's text without blanks at its ends; None if it is not there or may not be read."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def glob(self, pattern: str) -> list[Path]:
        """Return the paths that match a pattern, sorted."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def processes(self) -> set[str]:
        """Return the names of all processes that can be seen (the kernel keeps 15 letters)."""
        names = (self.text(f"/proc/{path.parent.name}/comm") for path in self.glob("/proc/[0-9]*/comm"))
        return {name for name in names if name}
