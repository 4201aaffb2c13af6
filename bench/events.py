"""What a tick has the kernel do: context switches, page faults and system calls of each process.

Switches and faults are the kernel's own counts of each thread (`/proc/PID/task/TID/status` and `stat`, see proc(5)), taken
before and after. It keeps none of system calls: `perf` counts those at the tracepoint `raw_syscalls:sys_enter`, where there
is one that may. Each call takes longer meanwhile, so they are counted over ticks of their own.
"""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.processes import ProcessFailedError

WAITED, TAKEN, FAULTS, CALLS = "switches, waited", "switches, CPU taken", "page faults", "system calls"
"""A thread had nothing to do; it had to leave the CPU; it touched a page that was not there; it called the kernel."""

STATUS = {"voluntary_ctxt_switches": WAITED, "nonvoluntary_ctxt_switches": TAKEN}
MINOR, MAJOR = 7, 9
"""Fields of `stat`, counted from the one behind the thread's name."""

PERF = ("perf", "stat", "-x", "|", "--per-thread", "-e", "raw_syscalls:sys_enter", "--delay=-1")
ANSWER_S_MAX = 20.0

Counts = dict[str, dict[str, float]]
"""Process -> kind of event -> how many."""


def events(pids: Mapping[str, int]) -> Counts:
    """Return how many switches and faults each process has had until now."""
    found: Counts = {}
    for name, pid in pids.items():
        counts = found[name] = dict.fromkeys((WAITED, TAKEN, FAULTS), 0.0)
        for thread in Path(f"/proc/{pid}/task").iterdir():
            # A thread may end meanwhile.
            with suppress(FileNotFoundError, ProcessLookupError):
                status, stat = (thread / "status").read_text(), (thread / "stat").read_text()
                for line in status.splitlines():
                    key, _, value = line.partition(":")
                    if key in STATUS:
                        counts[STATUS[key]] += int(value)
                fields = stat.rpartition(")")[2].split()
                counts[FAULTS] += int(fields[MINOR]) + int(fields[MAJOR])
    return found


def can_count() -> str:
    """Return why system calls cannot be counted here, empty if they can."""
    if shutil.which("perf") is None:
        return "no `perf` on the PATH"
    told, tell = os.pipe()
    try:
        command = [*PERF, "--control", f"fd:{told}", "-p", str(os.getpid()), "--", "true"]
        ended = subprocess.run(
            command, pass_fds=[told], stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER_S_MAX, check=False
        )
    finally:
        os.close(told)
        os.close(tell)
    return "`perf` may not count them here, or is older than Linux 5.10" if ended.returncode else ""


@contextmanager
def counted(pids: Mapping[str, int], file: Path) -> Iterator[None]:
    """Have `perf` count the system calls of those processes meanwhile; `system_calls` reads them from `file`.

    Raises:
        ProcessFailedError: If it does not.
    """
    told, tell = os.pipe()
    heard, answer = os.pipe()
    which = ["-o", str(file), "-p", ",".join(map(str, pids.values()))]
    control = ["--control", f"fd:{told},{answer}"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*PERF, *control, *which], pass_fds=[told, answer], **quiet)  # type: ignore[call-overload]
    os.close(told)
    os.close(answer)
    try:
        _say(b"enable\n", tell, heard)
        yield
        _say(b"disable\n", tell, heard)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(ANSWER_S_MAX)
        os.close(tell)
        os.close(heard)


def system_calls(pids: Mapping[str, int], file: Path) -> Counts:
    """Return how many system calls of each process, which still runs, `file` tells."""
    process_of = {thread.name: name for name, pid in pids.items() for thread in Path(f"/proc/{pid}/task").iterdir()}
    found: Counts = {name: {CALLS: 0.0} for name in pids}
    for line in file.read_text().splitlines():
        thread, _, counts = line.partition("|")
        count = counts.partition("|")[0]
        name = process_of.get(thread.rpartition("-")[2], "")
        if name and count.isdigit():  # a thread that did not run is `<not counted>`
            found[name][CALLS] += int(count)
    return found


def _say(word: bytes, tell: int, heard: int) -> None:
    """Tell `perf` something, and wait until it has done it."""
    try:
        os.write(tell, word)
    except BrokenPipeError as error:
        raise ProcessFailedError("perf ended before it counted") from error
    if not select.select([heard], [], [], ANSWER_S_MAX)[0] or not os.read(heard, 16).startswith(b"ack"):
        raise ProcessFailedError("perf does not count")
