"""Agents made for measuring streams: a publisher of numbered trades, and a follower that notes when each came.

They take over the roles `market_data` and `archive` within a process of the bench, so that node, engine, transport and log
are the real ones. What is published how fast stands in the environment. A follower counts, and if it is given a tape notes
the time of each trade on it; the publisher puts the time of publishing beside it.
"""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic_ns
from typing import Any

from bench.tape import Column, Tape
from core.frame import Header
from mesh.agent import Agent, Request, Start, Subscription
from schemas.config import ArchiveConfig, Config
from schemas.messages import Ack, HaltRequest, Message, Trade
from schemas.streams import Kind, stream_id

COUNT = "TICKMESH_BENCH_COUNT"
RATE = "TICKMESH_BENCH_RATE"
STREAM_TAPE = "TICKMESH_BENCH_STREAM_TAPE"
TRADES = stream_id(Kind.TRADE, 1, 1)
TURN_NS = 1_000_000
BURST = 64
"""Messages published in one turn when as fast as possible: what a drain of the loop would be given."""


class Publisher(Agent):
    """Publishes `count` trades once it is told to go: so many a second, or as fast as it can if that is 0."""

    def __init__(self, count: int, rate: int, tape: Tape | None) -> None:
        """Wait for the word."""
        self._count = count
        self._rate = rate
        self._published = 0
        self._begun_ns = 0
        self._times = None if tape is None else tape.columns[Column.SCHEDULED]

    def on_request(self, request: Request) -> None:
        """Begin."""
        self.ctx.reply(request, Ack(True))
        self._begun_ns = self.ctx.now_ns
        self.ctx.set_timer("go", self.ctx.now_ns)

    def on_timer(self, name: str) -> None:
        """Publish what is due, or one burst."""
        if self._rate:
            due = (self.ctx.now_ns - self._begun_ns) * self._rate // 1_000_000_000
            last, next_ns = min(self._count, due), self.ctx.now_ns + TURN_NS
        else:
            last, next_ns = min(self._count, self._published + BURST), self.ctx.now_ns
        publish, times = self.ctx.publish, self._times
        for number in range(self._published, last):
            if times is not None:
                times[number] = monotonic_ns()
            publish(TRADES, Trade(1, 1, 10_000, 1, 1, number))
        self._published = last
        if last < self._count:
            self.ctx.set_timer("go", next_ns)

    def figures(self) -> dict[str, Any]:
        """Return how many were published."""
        return {"published": self._published}


class Follower(Agent):
    """Follows the trades from the first one on."""

    def __init__(self, publisher: str, count: int, tape: Tape | None) -> None:
        """Follow `publisher` until `count` trades have come."""
        self._publisher = publisher
        self._count = count
        self._seen = 0
        self._first_ns = 0
        self._last_ns = 0
        self._times = None if tape is None else tape.columns[Column.ORDERED]

    def subscriptions(self) -> Sequence[Subscription]:
        """Follow one stream."""
        return [Subscription(self._publisher, TRADES, Start.FIRST)]

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        """Count."""
        assert isinstance(message, Trade)
        self._seen += 1
        if self._times is not None:
            self._times[message.trade_id] = monotonic_ns()
        if self._seen == 1:
            self._first_ns = self.ctx.now_ns
        if self._seen == self._count:
            self._last_ns = monotonic_ns()

    def figures(self) -> dict[str, Any]:
        """Return how many came, and when the first and the last did."""
        return {"seen": self._seen, "first_ns": self._first_ns, "last_ns": self._last_ns}


def take_over(role: str) -> None:
    """Put the stand-in of `role` in the place of its module's `build`."""
    module = importlib.import_module(f"agents.{role}")
    module.build = build  # type: ignore[attr-defined]
    if hasattr(module, "shell"):
        del module.shell


def build(name: str, config: Config) -> Agent:
    """Return the stand-in of agent `name`."""
    own = config.agents[name]
    count = int(os.environ[COUNT])
    path = os.environ.get(STREAM_TAPE, "")
    tape = Tape(Path(path)) if path else None
    if isinstance(own, ArchiveConfig):
        return Follower(own.sources[0], count, tape)
    return Publisher(count, int(os.environ.get(RATE, "0")), tape)


def go() -> HaltRequest:
    """Return the word that a publisher waits for."""
    return HaltRequest(False, "go")
