"""Keep a mesh running on this host: start its agents in order, watch them, start again what fell, stop in reverse.

An agent under the supervisor is the very process that systemd would run, and tells its state the same way (sd_notify).
It is started again when it ends, after a pause that doubles while it keeps falling; not if it ended because of its
configuration, a missing capture or a taken address, because it runs already, or because a newer instance of it does:
starting again cannot help there.
An agent whose loop no longer feeds the watchdog is killed. Agents are in sessions of their own, so that Ctrl-C reaches
the supervisor alone and the stop is in order, and they get SIGTERM from the kernel if the supervisor dies.
"""

import asyncio
import ctypes
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from io import BufferedWriter
from pathlib import Path
from typing import Any

import msgspec

from schemas.errors import ExitStatus, TickmeshError

BACKOFF_S_MIN, BACKOFF_S_MAX = 0.1, 5.0
BACKOFF_RESET_S = 10.0
"""An agent that lived this long has earned a quick start again."""

WATCHDOG_S = 5.0
READY_S_MAX = 300.0
"""A start folds the whole log of the agent."""

START_ATTEMPTS = 3
CHECK_S = 0.25
TAIL_BYTES, TAIL_LINES = 8192, 20
FINAL = frozenset(
    {
        ExitStatus.NO_INPUT,
        ExitStatus.ADDRESS_TAKEN,
        ExitStatus.ALREADY_RUNNING,
        ExitStatus.FENCED,
        ExitStatus.CONFIG,
    }
)
"""Exit statuses that another start would only repeat; `systemd/tickmesh@.service` has the same."""

_CREDENTIALS = struct.Struct("3i")
_PR_SET_PDEATHSIG = 1
_PRCTL = ctypes.CDLL(None, use_errno=True).prctl


class ProcessState(StrEnum):
    """Where one agent's process stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    FAILED = "failed"
    STOPPED = "stopped"


class ProcessStatus(msgspec.Struct, frozen=True):
    """One agent's process at a moment; `status` is its last exit status, negative for a signal, None before any."""

    name: str
    state: ProcessState
    pid: int
    restarts: int
    status: int | None
    watchdog_kills: int
    tail: str
    """Last lines that the process wrote before it ended."""


class AgentFailedError(TickmeshError):
    """An agent cannot be started; `exit_status` is the one that it ended with."""

    def __init__(self, status: ProcessStatus) -> None:
        """Tell which agent ended how, with its last lines."""
        text = f"agent {status.name} cannot be started: exit status {status.status}"
        super().__init__(f"{text}\n{status.tail}" if status.tail else text)
        if status.status in set(ExitStatus):
            self.exit_status = ExitStatus(status.status)


class Supervisor:
    """Runs one process for each name until it is told to stop."""

    def __init__(
        self,
        names: Sequence[str],
        command: Callable[[str], Sequence[str]],
        state_dir: Path,
        *,
        stop_timeout_ms: int,
        changed: Callable[[ProcessStatus], None] | None = None,
        watchdog_s: float = WATCHDOG_S,
    ) -> None:
        """Prepare to run the agents `names`, in that order.

        Args:
            names: The agents.
            command: Returns the command line that runs the agent of that name.
            state_dir: What an agent writes to its standard output and error goes to `{state_dir}/{name}/stderr.log`.
            stop_timeout_ms: How long each agent may take to stop before it is killed.
            changed: Called at each change of an agent's state.
            watchdog_s: An agent silent for that long is killed.
        """
        self._stop_timeout_s = stop_timeout_ms / 1000
        self._stopping = asyncio.Event()
        self._processes = [
            _Process(name, command(name), state_dir / name, watchdog_s, changed or _ignore, self._stopping)
            for name in names
        ]

    def statuses(self) -> list[ProcessStatus]:
        """Return how every agent's process is now."""
        return [process.status() for process in self._processes]

    def stop(self) -> None:
        """Let `run` stop the agents in reverse order and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Start every agent, each when the one before is ready, and keep them running until `stop`.

        Raises:
            AgentFailedError: If one cannot be started; the others are stopped by then.
        """
        try:
            for process in self._processes:
                await process.start()
            await self._stopping.wait()
        finally:
            self._stopping.set()
            for process in reversed(self._processes):
                await process.stop(self._stop_timeout_s)


class _Process:
    """One agent's process, its restarts and its watchdog."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        watchdog_s: float,
        changed: Callable[[ProcessStatus], None],
        stopping: asyncio.Event,
    ) -> None:
        self._name = name
        self._command = command
        self._folder = folder
        self._watchdog_s = watchdog_s
        self._changed = changed
        self._stopping = stopping
        self._state = ProcessState.WAITING
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard_s = 0.0
        self._starts = 0
        self._was_ready = False
        self._status: int | None = None
        self._watchdog_kills = 0
        self._tail = ""

    def status(self) -> ProcessStatus:
        pid = self._process.pid if self._process is not None and self._process.returncode is None else 0
        restarts = max(self._starts - 1, 0)
        return ProcessStatus(self._name, self._state, pid, restarts, self._status, self._watchdog_kills, self._tail)

    async def start(self) -> None:
        """Return when the process is ready for the first time, or the supervisor stops."""
        if self._stopping.is_set():
            return
        self._task = asyncio.create_task(self._keep_running())
        stopping = asyncio.create_task(self._stopping.wait())
        waited: set[asyncio.Future[Any]] = {self._task, self._settled, stopping}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._task.done():
            self._task.result()
        if self._state is ProcessState.FAILED:
            raise AgentFailedError(self.status())

    async def stop(self, timeout_s: float) -> None:
        """Stop in order: SIGTERM, then SIGKILL after `timeout_s`."""
        if self._task is None:
            return
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
        done, _ = await asyncio.wait({self._task}, timeout=timeout_s)
        if not done and self._process is not None and self._process.returncode is None:
            self._process.kill()
        await self._task

    async def _keep_running(self) -> None:
        backoff_s = BACKOFF_S_MIN
        while not self._stopping.is_set():
            started_s = time.monotonic()
            await self._run_once()
            if self._stopping.is_set():
                break
            if self._is_final():
                self._set(ProcessState.FAILED)
                return
            if time.monotonic() - started_s >= BACKOFF_RESET_S:
                backoff_s = BACKOFF_S_MIN
            self._set(ProcessState.BACKOFF)
            await self._pause(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_S_MAX)
        self._set(ProcessState.STOPPED)

    async def _pause(self, seconds: float) -> None:
        waiting = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({waiting}, timeout=seconds)
        waiting.cancel()

    def _is_final(self) -> bool:
        return self._status in FINAL or (not self._was_ready and self._starts >= START_ATTEMPTS)

    async def _run_once(self) -> None:
        loop = asyncio.get_running_loop()
        with _notify_socket() as notify, _output(self._folder) as output:
            written = output.tell()
            loop.add_reader(notify.fileno(), self._notified, notify)
            self._heard_s = time.monotonic()
            self._starts += 1
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "NOTIFY_SOCKET": "@" + notify.getsockname()[1:].decode()},
                preexec_fn=die_with_parent(os.getpid()),
                start_new_session=True,
            )
            self._set(ProcessState.STARTING)
            if self._stopping.is_set():
                self._process.terminate()
            watchdog = asyncio.create_task(self._watch())
            self._status = await self._process.wait()
            watchdog.cancel()
            loop.remove_reader(notify.fileno())
        self._tail = _tail(self._folder, written)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            allowed_s = self._watchdog_s if self._state is ProcessState.READY else READY_S_MAX
            if time.monotonic() - self._heard_s > allowed_s and not self._stopping.is_set():
                assert self._process is not None
                self._watchdog_kills += 1
                self._process.kill()
                return

    def _notified(self, notify: socket.socket) -> None:
        states = _receive(notify)
        if b"READY=1" in states or b"WATCHDOG=1" in states:
            self._heard_s = time.monotonic()
        if b"READY=1" in states and self._state is ProcessState.STARTING:
            self._was_ready = True
            self._set(ProcessState.READY)
            if not self._settled.done():
                self._settled.set_result(None)

    def _set(self, state: ProcessState) -> None:
        self._state = state
        self._changed(self.status())


def _notify_socket() -> socket.socket:
    """Return a datagram socket at an abstract address that the kernel chose."""
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    notify.bind("")
    return notify


def _receive(notify: socket.socket) -> list[bytes]:
    """Return the states of one datagram; none if a process of another user sent it."""
    data, ancillary, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS.size))
    for level, kind, credentials in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            _, uid, _ = _CREDENTIALS.unpack(credentials[: _CREDENTIALS.size])
            if uid == os.getuid():
                return data.split(b"\n")
    return []


def _output(folder: Path) -> BufferedWriter:
    folder.mkdir(parents=True, exist_ok=True)
    return open(folder / "stderr.log", "ab")


def _tail(folder: Path, written: int) -> str:
    """Return the last lines that were written to the output after byte `written`."""
    with open(folder / "stderr.log", "rb") as output:
        end = output.seek(0, os.SEEK_END)
        output.seek(max(written, end - TAIL_BYTES))
        lines = output.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-TAIL_LINES:])


def die_with_parent(parent: int) -> Callable[[], None]:
    """Return what the child does before it becomes the agent: ask for SIGTERM when its parent is gone."""

    def prepare() -> None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return prepare


def _ignore(status: ProcessStatus) -> None:
    pass
