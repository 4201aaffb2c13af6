"""One process per agent: a second start ends before it touches anything.

Binding guards nothing: a second `bind` on an ipc path succeeds and steals it (`reliability.md`, F1). So the agent
holds, before any bind, a lock on its state folder and an abstract Unix socket named after its run folder: the first
keeps two processes off one log, the second off one set of sockets. The kernel frees both however the process ends, and
a stopped process keeps them, which is the safe side.
"""

import fcntl
import os
import socket
import struct
from pathlib import Path

from core.crc32c import crc32c
from schemas.errors import AlreadyRunningError

_CREDENTIALS = struct.Struct("3i")
"""`struct ucred` of Linux: pid, uid, gid."""


class InstanceLock:
    """Holds the right to be the agent `name` until it is closed or the process ends."""

    def __init__(self, name: str, state_dir: Path, run_dir: str) -> None:
        """Take the right, with `state_dir` the agent's own folder and `run_dir` that of the mesh's sockets.

        Raises:
            AlreadyRunningError: If another process has it; the message names its pid.
        """
        self._lock = _lock(name, state_dir)
        try:
            self._socket = _listen(name, run_dir)
        except AlreadyRunningError:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Give the right up."""
        self._socket.close()
        os.close(self._lock)


def _lock(name: str, folder: Path) -> int:
    """Return the locked descriptor of the lock file, with our pid in it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lock"
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(lock, 20).decode(errors="replace").strip()
            os.close(lock)
            raise _taken(name, pid, str(path)) from None
        if _is_file_at(lock, path):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            return lock
        os.close(lock)


def _is_file_at(descriptor: int, path: Path) -> bool:
    """Return whether `path` still names the open file: a lock on a removed file guards nothing."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _listen(name: str, run_dir: str) -> socket.socket:
    """Return the abstract socket that stands for the agent's endpoints."""
    address = f"\0tickmesh/{crc32c(os.fsencode(run_dir)):08x}/{name}"
    held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        held.bind(address)
    except OSError as error:
        held.close()
        raise _taken(name, _holder(address), f"the sockets in {run_dir}") from error
    held.listen(1)
    return held


def _holder(address: str) -> str:
    """Return the pid that listens at an abstract address, empty if it is gone by now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(address)
        except OSError:
            return ""
        return str(_CREDENTIALS.unpack(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[0])


def _taken(name: str, pid: str, what: str) -> AlreadyRunningError:
    holder = f"process {pid}" if pid else "another process"
    return AlreadyRunningError(f"agent {name} is already running: {holder} holds {what}")
