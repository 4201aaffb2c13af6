"""One real agent with its engine and its log in this process, driven by hand: no sockets but its PUB.

For what an agent costs by itself, without processes and hops. Requests of the agent are taken and never answered. What it
publishes is followed by one process on the other CPUs, as agents of one host follow: it reads the log, and is rung for.
"""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns, time_ns
from typing import Any

from bench.processes import ProcessFailedError
from bench.shells import QuietShell
from core.frame import pack
from core.log import LogWriter
from mesh.agent import Agent, VenueCall
from mesh.agent_io import Shell
from mesh.endpoints import endpoints
from mesh.protocol.codec import Packer, encode, type_number
from mesh.protocol.engine import Engine
from mesh.roles import build_agent
from mesh.transport.sockets import Sockets
from mesh.transport.unix_wire import Doorbells, Flag, flag_fd
from schemas.config import Config
from schemas.figures import SignalFigures
from schemas.messages import Beat, Message
from schemas.streams import CONTROL_STREAM

HWM = 1_000_000
FOLLOWED_S_MAX = 10.0
FOLLOWER = """
import os, sys
from core.log.tail import LogTail
from mesh.transport.unix_wire import Flag
tail, bell, flag = LogTail(sys.argv[1]), int(sys.argv[2]), Flag(int(sys.argv[3]))
print("attached", flush=True)
while True:
    os.eventfd_read(bell)
    flag.clear()
    while tail.poll():
        pass
"""
"""Reads for ever; says so when it has opened the log."""

KINDS = bytes(range(256))


class SilentVenue(QuietShell):
    """Takes everything and says nothing."""

    def open_socket(self, connection: str, url: str) -> None:
        """Stay silent."""

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Stay silent."""

    def call(self, call_id: int, call: VenueCall) -> None:
        """Stay silent."""


class Carrier:
    """The transport: publications go to a PUB and to followers on this host, requests are counted."""

    def __init__(self, sockets: Sockets, endpoint: str, venue: Shell | None = None) -> None:
        """Bind the PUB; without a `venue` there is one that says nothing."""
        self.venue: Shell | None = venue or SilentVenue()
        self.requests = 0
        self.doorbells = Doorbells()
        self._note = self.doorbells.note
        self._send = sockets.publisher(endpoint, HWM).wire.send

    def publish(self, frame: bytes) -> None:
        """Send, and note who is to be rung for."""
        self._note(frame)
        self._send(frame)

    def request(self, peer: str, frame: bytes) -> bool:
        """Take a request."""
        self.requests += 1
        return True

    def reply(self, token: bytes, frame: bytes) -> bool:
        """Take an answer."""
        return True

    def reopen(self, publisher: str) -> None:
        """Nothing is open."""


class Driven:
    """One agent, started, with its engine."""

    def __init__(self, engine: Engine, agent: Agent, carrier: Carrier) -> None:
        """Keep the parts."""
        self.engine = engine
        self.agent = agent
        self.carrier = carrier


@contextmanager
def driven(
    name: str, config: Config, folder: Path, agent: Agent | None = None, venue: Shell | None = None
) -> Iterator[Driven]:
    """Start agent `name` of `config` (or `agent` in its place) with its log in `folder`, and close all at the end."""
    sockets = Sockets()
    log = LogWriter(str(folder / f"{name}-log"))
    carrier = Carrier(sockets, endpoints(config, name).publications, venue)
    made = agent or build_agent(name, config)
    engine = Engine(name, config, made, log, 1, carrier, monotonic_ns)
    try:
        with _followed(carrier, folder / f"{name}-log"):
            engine.start(monotonic_ns(), time_ns())
            yield Driven(engine, made, carrier)
    finally:
        sockets.close()
        log.close()


@contextmanager
def _followed(carrier: Carrier, log: Path) -> Iterator[None]:
    """Have a process on the CPUs that this one is not pinned to follow `log`."""
    others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
    bell, flag = os.eventfd(0), flag_fd()
    command = [sys.executable, "-c", FOLLOWER, str(log), str(bell), str(flag)]
    where = ["taskset", "-c", ",".join(map(str, sorted(others)))] if others else []
    with subprocess.Popen([*where, *command], stdout=subprocess.PIPE, pass_fds=[bell, flag]) as process:
        try:
            assert process.stdout is not None
            if not select.select([process.stdout], [], [], FOLLOWED_S_MAX)[0] or process.poll() is not None:
                raise ProcessFailedError(f"nothing follows {log} within {FOLLOWED_S_MAX:.0f} s")
            carrier.doorbells.add(bell, Flag(flag), KINDS)
            yield
        finally:
            process.kill()
            os.close(bell)
            os.close(flag)


def begin_strategies(signal: Driven, config: Config) -> None:
    """Have a signal agent hear that execution is there and has published no order event, so that its strategies begin."""
    name = "execution"
    now_ns = monotonic_ns()
    beat = Packer(config.agents[name].id).pack(Beat(True, ()), CONTROL_STREAM, 1, 1, now_ns, now_ns, now_ns, 0)
    signal.engine.on_publication(name, beat, now_ns, time_ns())
    figures = signal.agent.figures()
    assert isinstance(figures, SignalFigures)
    waiting = [name for name, each in figures.strategies.items() if each.state != "running"]
    assert not waiting, f"not running: {waiting}"


def publication(stream: int, seq: int, message: Message, sender: int = 2) -> bytes:
    """Return the frame of a publication of market data, as it comes from the wire."""
    now_ns = monotonic_ns()
    return pack(
        stream=stream,
        type=type_number(message),
        sender=sender,
        epoch=1,
        seq=seq,
        origin_ns=now_ns,
        send_ns=now_ns,
        recv_ns=now_ns,
        decided_ns=now_ns,
        payload=encode(message),
    )
