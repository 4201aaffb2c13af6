"""Live processes for tests: a configuration in a temporary folder, node processes, and an operator's questions."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.frame import HEADER_SIZE, pack, unpack
from mesh.endpoints import endpoints
from mesh.protocol.codec import decode, encode, type_number
from mesh.transport.sockets import Socket, Sockets
from mesh.transport.zmq_wire import OK
from schemas.config import (
    ArchiveConfig,
    Config,
    ExecutionConfig,
    MarketDataConfig,
    MeshConfig,
    PortfolioConfig,
    RoleConfig,
)
from schemas.messages import AgentStatus, Message, StatusRequest
from schemas.streams import REQUEST_STREAM

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60.0
"""Of what takes a moment: room for a host that is busy otherwise."""


def roles(total: int = 1000) -> dict[str, RoleConfig]:
    """Return a publisher of `total` trades and a follower of all of them."""
    return {
        "md": MarketDataConfig(id=1, venue="v", instruments=(), stale_after_ms=total),
        "ar": ArchiveConfig(id=2, sources=("md",)),
        "ex": ExecutionConfig(id=3, venue="v"),
        "pf": PortfolioConfig(id=4, execution=(), market_data=()),
    }


def make_config(folder: Path, agents: dict[str, RoleConfig], **mesh: Any) -> Config:
    """Return a configuration with everything in `folder`, written to `folder/config.json` too."""
    table = MeshConfig(state_dir=str(folder / "state"), run_dir=str(folder / "run"), log_segment_bytes=1 << 20, **mesh)
    config = Config(mesh=table, venues=(), instruments=(), agents=agents)
    (folder / "config.json").write_bytes(msgspec.json.encode(config))
    return config


def command(folder: Path, name: str) -> list[str]:
    """Return the command line of the node process of agent `name`."""
    return [sys.executable, str(ROOT / "tests/integration/node_process.py"), name, str(folder / "config.json")]


@contextmanager
def node(folder: Path, name: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a node process, `under` another command if given, and kill it at the end if it still runs."""
    process = subprocess.Popen(
        [*options.pop("under", ()), *command(folder, name)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})},
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        assert process.stderr is not None
        process.stderr.close()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait until the process ends; return its exit status and what it wrote to stderr."""
    _, errors = process.communicate(timeout=DEADLINE_S)
    return process.returncode, errors


def readable(*fds: int, wait_s: float) -> list[int]:
    """Return which descriptors can be read within `wait_s`; their numbers may be beyond what `select` takes."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return [fd for fd, _ in poll.poll(wait_s * 1e3)]


class Operator:
    """Asks agents, as the command line does; or as the agent whose number and epoch it has."""

    def __init__(self, config: Config, *, sender: int = 0, epoch: int = 1) -> None:
        self._config = config
        self._sender = sender
        self._epoch = epoch
        self._sockets = Sockets()
        self._asked = 0

    def __enter__(self) -> "Operator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ask nothing any more."""
        self._sockets.close()

    def tell(self, name: str, message: Message, *, ttl_ms: int = 0) -> Socket:
        """Ask agent `name`, as soon as it is there; return the socket to which the answer comes."""
        socket = self._sockets.asker(endpoints(self._config, name).answers, 100, 100)
        self._asked += 1
        frame = pack(
            stream=REQUEST_STREAM,
            type=type_number(message),
            sender=self._sender,
            epoch=self._epoch,
            seq=self._asked,
            send_ns=time.monotonic_ns(),
            ttl_ms=ttl_ms,
            payload=encode(message),
        )
        until(lambda: socket.wire.send(frame) == OK)
        return socket

    def ask(self, name: str, message: Message, *, ttl_ms: int = 0) -> Message:
        """Ask agent `name`, as soon as it is there, and return its answer."""
        socket = self.tell(name, message, ttl_ms=ttl_ms)
        answers: list[bytes] = []

        def answered() -> bool:
            socket.wire.drain(answers.append, 10)
            if not answers:
                readable(socket.fd, wait_s=0.05)
            return bool(answers)

        until(answered)
        self._sockets.drop(socket)
        return decode(unpack(answers[0]).type, memoryview(answers[0])[HEADER_SIZE:])

    def status(self, name: str) -> AgentStatus:
        """Return the status of agent `name`."""
        answer = self.ask(name, StatusRequest())
        assert isinstance(answer, AgentStatus)
        return answer


def until(done: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Call `done` until it is true; fail after `deadline_s`."""
    end_s = time.monotonic() + deadline_s
    while not done():
        assert time.monotonic() < end_s, "not within the deadline"
        time.sleep(0.01)
