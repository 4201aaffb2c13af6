"""What a tick costs: the CPU time of each process, by thread, and where it goes.

CPU time is the kernel's own account of each thread (`/proc/PID/task/TID/schedstat`, in ns), taken before and after. Where
it goes is asked of `perf`, if there is one and `--profile` is given: shares of all samples on the measured CPU, by library
and by function.
"""

import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.result import Profile

AGENT, LIBZMQ, OTHERS = "agent", "libzmq", "other threads"
"""Kinds of threads: the one that runs the agent, libzmq's, and the rest (the log's sync, most of all)."""

HZ = 4_999
SHARE_MIN = 0.3
"""Functions with less than so many percent are left out."""

READ_S = 60.0

Cost = dict[str, dict[str, float]]
"""Process -> kind of thread -> CPU time in ns."""


def cpu_time(pids: Mapping[str, int]) -> Cost:
    """Return the CPU time that each process has had until now, by kind of thread."""
    found: Cost = {}
    for name, pid in pids.items():
        parts = found.setdefault(name, {})
        for thread in Path(f"/proc/{pid}/task").iterdir():
            part = AGENT if thread.name == str(pid) else _part((thread / "comm").read_text())
            parts[part] = parts.get(part, 0.0) + int((thread / "schedstat").read_text().split()[0])
    return found


def per_tick(before: Cost, after: Cost, ticks: int) -> Cost:
    """Return the CPU time in ns, or whatever else grows, for each of `ticks` between two looks."""
    return {
        name: {part: (now - before.get(name, {}).get(part, 0.0)) / ticks for part, now in parts.items()}
        for name, parts in after.items()
    }


def can_profile() -> str:
    """Return why samples cannot be taken here, empty if they can."""
    return "" if shutil.which("perf") else "no `perf` on the PATH"


@contextmanager
def sampled(cpu: int, file: Path) -> Iterator[None]:
    """Take samples of everything on `cpu` (of all CPUs if negative) meanwhile, into `file`."""
    where = ["-a"] if cpu < 0 else ["-C", str(cpu)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    process = subprocess.Popen(["perf", "record", "-F", str(HZ), *where, "-o", str(file)], **quiet)  # type: ignore[call-overload]
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(READ_S)


def profile(name: str, file: Path) -> Profile:
    """Return what the samples in `file` say, under `name`.

    Raises:
        OSError, subprocess.SubprocessError: If they cannot be read.
    """
    asked = ["perf", "report", "-i", str(file), "--stdio", "-t", "|", "--sort", "dso,sym", "--percent-limit", "0.01"]
    text = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=READ_S).stdout
    libraries: dict[str, float] = {}
    functions = []
    for line in text.splitlines():
        if line.startswith("#") or line.count("|") < 2:
            continue
        share, library, function = (word.strip() for word in line.split("|", 2))
        percent = float(share.removesuffix("%"))
        libraries[_library(library)] = libraries.get(_library(library), 0.0) + percent
        if percent >= SHARE_MIN:
            functions.append((percent, _library(library), function.partition("] ")[2] or function))
    ordered = dict(sorted(libraries.items(), key=lambda item: -item[1]))
    return Profile(name=name, libraries=ordered, functions=sorted(functions, reverse=True))


def _part(thread: str) -> str:
    return LIBZMQ if thread.startswith("ZMQ") else OTHERS


def _library(name: str) -> str:
    """Return the name of a library without versions and platform; the kernel's is `kernel`."""
    return (
        "kernel" if name.startswith("[kernel") else name.partition(".cpython")[0].partition(".so")[0].partition("-")[0]
    )
