"""One real agent with its engine and its log in this process, driven by hand: no sockets but a PUB that nobody follows.

For what an agent costs by itself, without processes and hops. Requests of the agent are taken and never answered.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns, time_ns
from typing import Any

from bench.shells import QuietShell
from core.frame import pack
from core.log import LogWriter
from mesh.agent import Agent, VenueCall
from mesh.codec import encode, type_number
from mesh.endpoints import endpoints
from mesh.engine import Engine
from mesh.roles import build_agent
from mesh.shell import Shell
from mesh.sockets import Sockets
from schemas.config import Config
from schemas.messages import Message

HWM = 10_000
CLOCK = (monotonic_ns,) if hasattr(Engine, "take") else ()
"""What stamps a frame when it is sent, for engines that do so."""


class SilentVenue(QuietShell):
    """Takes everything and says nothing."""

    def open_socket(self, connection: str, url: str) -> None:
        """Stay silent."""

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        """Stay silent."""

    def call(self, call_id: int, call: VenueCall) -> None:
        """Stay silent."""


class Carrier:
    """The transport: publications go to a PUB, the rest is counted."""

    def __init__(self, sockets: Sockets, endpoint: str) -> None:
        """Bind the PUB."""
        self.venue: Shell | None = SilentVenue()
        self.requests = 0
        self._send = sockets.publisher(endpoint, HWM).wire.send

    def publish(self, frame: bytes) -> None:
        """Send to nobody in particular."""
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
def driven(name: str, config: Config, folder: Path, agent: Agent | None = None) -> Iterator[Driven]:
    """Start agent `name` of `config` (or `agent` in its place) with its log in `folder`, and close all at the end."""
    sockets = Sockets()
    log = LogWriter(str(folder / f"{name}-log"))
    carrier = Carrier(sockets, endpoints(config, name).publications)
    made = agent or build_agent(name, config)
    engine = Engine(name, config, made, log, 1, carrier, *CLOCK)
    engine.start(monotonic_ns(), time_ns())
    try:
        yield Driven(engine, made, carrier)
    finally:
        sockets.close()
        log.close()


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
        payload=encode(message),
    )
