"""Agents made for measuring streams: publishers of numbered trades, and a follower that notes when each came.

They take over the roles `market_data` and `archive` within a process of the bench, so that node, engine, transport and log
are the real ones. A publisher sends a trade for each number in the pipe of its tape, into which the feed
(`bench/peers/feed.c`) writes each at the time that it is due; its loop is never held up for longer than a turn. A follower
counts, and if it is given a tape notes the time of each trade on it.
"""

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic_ns

from bench.shells import QuietShell
from bench.tape import TICK, Column, Tape
from core.frame import Header
from mesh.agent import Agent, Start, Subscription
from mesh.agent_io import Inputs
from schemas.config import ArchiveConfig, Config
from schemas.figures import OtherFigures
from schemas.messages import Message, Quote, Trade
from schemas.streams import Kind, stream_id

COUNT = "TICKMESH_BENCH_COUNT"
STREAM_TAPE = "TICKMESH_BENCH_STREAM_TAPE"
TRADES = stream_id(Kind.TRADE, 1, 1)
QUOTES = stream_id(Kind.QUOTE, 1, 1)
BURST = 256
"""Messages published in one turn at most: what a drain of the loop would be given."""

PRICE_TICKS = 10_000


class Publisher(Agent):
    """Publishes a trade for each tick that its shell reads from the tape's pipe, and one best bid and ask before them."""

    def __init__(self, tape: Tape) -> None:
        """Wait for the ticks of `tape`."""
        self.tape = tape
        self._published = 0

    def on_frame(self, connection: str, frame: bytes) -> None:
        """Publish what has come due."""
        wall_ns = self.ctx.wall_ns
        if not self._published:
            self.ctx.publish(QUOTES, Quote(wall_ns, wall_ns, 1, PRICE_TICKS - 1, 1, PRICE_TICKS, 1))
        for (number,) in TICK.iter_unpack(frame):
            self.ctx.publish(TRADES, Trade(wall_ns, wall_ns, PRICE_TICKS, 1, 1, str(number)))
            self._published += 1

    def figures(self) -> OtherFigures:
        """Return how many were published."""
        return OtherFigures(values={"published": self._published})


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
            self._times[int(message.trade_id)] = monotonic_ns()
        if self._seen == 1:
            self._first_ns = self.ctx.now_ns
        if self._seen == self._count:
            self._last_ns = monotonic_ns()

    def figures(self) -> OtherFigures:
        """Return how many came, and when the first and the last did."""
        return OtherFigures(values={"seen": self._seen, "first_ns": self._first_ns, "last_ns": self._last_ns})


class PipeShell(QuietShell):
    """Delivers the tick numbers of a tape's pipe, as they lie there."""

    def __init__(self, tape: Tape) -> None:
        """Take the tape."""
        self._tape = tape

    async def start(self, inputs: Inputs) -> None:
        """Begin to read."""
        await super().start(inputs)
        self._loop.add_reader(self._tape.pipe, self._readable)

    async def stop(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._tape.pipe)

    def _readable(self) -> None:
        try:
            waiting = os.read(self._tape.pipe, BURST * TICK.size)
        except BlockingIOError:
            return
        self._inputs.frame_received("ticks", waiting)


def take_over(role: str) -> None:
    """Put the stand-in of `role` in the place of its module's `build`."""
    module = importlib.import_module(f"agents.{role}")
    module.build = build  # type: ignore[attr-defined]
    if role == "market_data":
        module.shell = lambda name, config, agent: PipeShell(agent.tape)  # type: ignore[attr-defined]
    elif hasattr(module, "shell"):
        del module.shell


def build(name: str, config: Config) -> Agent:
    """Return the stand-in of agent `name`."""
    own = config.agents[name]
    path = os.environ.get(STREAM_TAPE, "")
    tape = Tape(Path(path)) if path else None
    if isinstance(own, ArchiveConfig):
        return Follower(own.sources[0], int(os.environ[COUNT]), tape)
    assert tape is not None, "a publisher goes by a tape"
    return Publisher(tape)
