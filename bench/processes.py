"""Child processes of a scenario: started on their CPU, ended with it, and heard when they fail."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
STOP_S = 5.0
END_S = 20.0
"""An archive writes what it has before it ends."""

NEVER = -1
"""As a CPU: wherever the kernel likes."""


class ProcessFailedError(Exception):
    """A process of the bench ended when it should not have, or was too slow; the message has its last words."""


class Processes:
    """The processes of one run of one variant; used as a context, which ends them all."""

    def __init__(self, folder: Path) -> None:
        """Write what they say to `folder`."""
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], *, cpu: int = NEVER, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program under `name`, pinned to `cpu`."""
        with open(self._folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                pinned(command, cpu),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
            )
        self._running[name] = process
        return process

    def python(
        self, name: str, module: str, *arguments: str, cpu: int = NEVER, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a Python module as a program."""
        return self.start(name, [sys.executable, "-m", module, *arguments], cpu=cpu, env=env)

    def pids(self) -> dict[str, int]:
        """Return the process id of each that runs."""
        return {name: process.pid for name, process in self._running.items()}

    def until(
        self, done: Callable[[], object], timeout_s: float, what: str, each: Callable[[], None] | None = None
    ) -> None:
        """Wait until `done` is true; call `each` between looks.

        Raises:
            ProcessFailedError: If a process ends or `timeout_s` passes first.
        """
        end_s = time.monotonic() + timeout_s
        while not done():
            self.check()
            if time.monotonic() > end_s:
                raise ProcessFailedError(f"{what}: not within {timeout_s:.0f} s\n{self.words()}")
            if each is not None:
                each()
            time.sleep(0.002)

    def wait(self, name: str, timeout_s: float) -> None:
        """Wait until the process of that name has ended well.

        Raises:
            ProcessFailedError: If it has not.
        """
        try:
            status = self._running[name].wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ProcessFailedError(f"{name}: not done within {timeout_s:.0f} s\n{self.words()}") from error
        if status:
            raise ProcessFailedError(f"{name}: exit status {status}\n{self.words()}")
        del self._running[name]

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one process."""
        self._running[name].send_signal(number)

    def end(self, name: str) -> None:
        """End one process in order.

        Raises:
            ProcessFailedError: If it does not end in time.
        """
        process = self._running[name]
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired as error:
            raise ProcessFailedError(f"{name}: does not end within {END_S:.0f} s\n{self.words()}") from error
        del self._running[name]

    def check(self) -> None:
        """Raise ProcessFailedError if a process has ended with an error."""
        for name, process in self._running.items():
            if process.poll():
                raise ProcessFailedError(f"{name}: exit status {process.returncode}\n{self.words()}")

    def words(self) -> str:
        """Return the last lines that each process said."""
        said = []
        for log in sorted(self._folder.glob("*.log")):
            lines = log.read_text(errors="replace").strip().splitlines()[-4:]
            said += [f"  {log.stem}: {line}" for line in lines]
        return "\n".join(said)

    def stop(self) -> None:
        """End all processes, last started first."""
        running = list(self._running.values())[::-1]
        for process in running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        end_s = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.01, end_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def pinned(command: Sequence[str], cpu: int) -> list[str]:
    """Return `command` so that it runs on `cpu` from its first instruction on."""
    return list(command) if cpu < 0 else ["taskset", "-c", str(cpu), *command]
