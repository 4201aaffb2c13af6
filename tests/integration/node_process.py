"""Run one live node with an agent made for tests: `python node_process.py NAME CONFIG.json`.

The roles stand in for the real ones of the same name: `market_data` publishes numbered trades, `archive` follows them
all and proves that they came in order, `execution` has a shell that answers while it is being called, `portfolio` fails
and leaves its HTTP session open, `risk` asks its execution agent again and again, and follows the newest trade if told to.
"""

import sys
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.frame import Header
from mesh.agent import Agent, Reply, Request, Start, Subscription, VenueCall
from mesh.agent_io import Inputs
from mesh.node.node import run
from schemas.config import ArchiveConfig, Config, MarketDataConfig, PortfolioConfig, RiskConfig
from schemas.figures import OtherFigures
from schemas.messages import Ack, HaltRequest, Message, Trade
from schemas.streams import Kind, StreamState, stream_id

TRADES = stream_id(Kind.TRADE, 1, 1)
EVERY_NS = 1_000_000
BURST = 10


class Publisher(Agent):
    """Publishes trades numbered from 1, `stale_after_ms` of them for want of another setting."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._published = 0

    def restore(self, header: Header, message: Message) -> None:
        assert isinstance(message, Trade)
        self._published = int(message.trade_id)

    def start(self) -> None:
        self.ctx.set_timer("burst", self.ctx.now_ns + EVERY_NS)

    def on_timer(self, name: str) -> None:
        for number in range(self._published + 1, min(self._published + BURST, self._total) + 1):
            self._published = number
            self.ctx.publish(TRADES, Trade(0, 0, 100, number, 1, str(number)))
        if self._published < self._total:
            self.ctx.set_timer("burst", self.ctx.now_ns + EVERY_NS)

    def on_request(self, request: Request) -> None:
        assert isinstance(request.message, HaltRequest)
        self.ctx.reply(request, Ack(True, text=str(self._published)))
        if request.message.reason == "sleep":
            import time

            time.sleep(3600)

    def figures(self) -> OtherFigures:
        return OtherFigures(values={"published": self._published})


class Follower(Agent):
    """Follows every trade from the first on."""

    def __init__(self, publisher: str) -> None:
        self._publisher = publisher
        self._count = 0
        self._misplaced = 0

    def subscriptions(self) -> Sequence[Subscription]:
        return [Subscription(self._publisher, TRADES, Start.FIRST)]

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        assert isinstance(message, Trade)
        self._misplaced += int(message.trade_id) != self._count + 1
        self._count += 1

    def figures(self) -> OtherFigures:
        return OtherFigures(values={"count": self._count, "misplaced": self._misplaced})


class Caller(Agent):
    """Opens a socket; its shell answers before `open_socket` returns."""

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._inside = False

    def start(self) -> None:
        self._inside = True
        self.ctx.open_socket("private", "ws://venue")
        self._inside = False

    def on_socket(self, connection: str, up: bool, reason: str) -> None:
        assert not self._inside
        self._heard.append("up" if up else "down")

    def on_frame(self, connection: str, frame: bytes) -> None:
        assert not self._inside
        self._heard.append(frame.decode())

    def stop(self) -> None:
        self.ctx.close_socket("private")

    def figures(self) -> OtherFigures:
        return OtherFigures(values={"heard": self._heard})


class EagerShell:
    """Delivers at once, from within the call."""

    async def start(self, inputs: Inputs) -> None:
        self._inputs = inputs

    async def stop(self) -> None:
        sys.stderr.write("shell stopped\n")

    def open_socket(self, connection: str, url: str) -> None:
        self._inputs.socket_changed(connection, True, "")
        self._inputs.frame_received(connection, b"hello")

    def send_socket(self, connection: str, message: Mapping[str, Any], signed: bool) -> None:
        raise AssertionError

    def close_socket(self, connection: str) -> None:
        sys.stderr.write(f"closed {connection}\n")

    def set_venue_clock(self, offset_ns: int) -> None:
        raise AssertionError

    def call(self, call_id: int, call: VenueCall) -> None:
        raise AssertionError


class SessionShell(EagerShell):
    """Holds an HTTP session, which complains if it is left open."""

    async def start(self, inputs: Inputs) -> None:
        # As long to import as all else together: not for the agents without it.
        import aiohttp

        self._session = aiohttp.ClientSession()


AT_ONCE, IN_THE_FIRST_TURN = "0", "1"
"""The `cash` that tells a `Failing` agent when to break."""


class Failing(Agent):
    """Breaks after a while, as a strategy may, or at once, or in the first turn."""

    def __init__(self, when: str) -> None:
        self._when = when

    def start(self) -> None:
        if self._when == AT_ONCE:
            raise ZeroDivisionError("a fault at the start")
        self.ctx.set_timer("break", self.ctx.now_ns + (0 if self._when == IN_THE_FIRST_TURN else 50_000_000))

    def on_timer(self, name: str) -> None:
        raise ZeroDivisionError("a planted fault")


LINGERS, STAYS = "2", "3"
"""The `cash` that tells a `Lingering` agent how long it holds a stop up: for three of its timers, or for ever."""


class Lingering(Agent):
    """Is ready to stop when what it waits for has come."""

    def __init__(self, how: str) -> None:
        self._how = how
        self._left = 3
        self._asked = 0

    def stopping(self) -> bool:
        if not self._asked:
            self.ctx.set_timer("wait", self.ctx.now_ns + 20_000_000)
        self._asked += 1
        return self._how == LINGERS and not self._left

    def on_timer(self, name: str) -> None:
        self._left -= 1
        if self._left:
            self.ctx.set_timer("wait", self.ctx.now_ns + 20_000_000)

    def stop(self) -> None:
        sys.stderr.write(f"stops, {self._left} left\n")


class Asker(Agent):
    """Asks one peer every few milliseconds, and counts what became of it: ends, answers, those that knew a later trade.

    That one knew a later trade, and how often trades came, is counted while their stream is live: how long joining takes,
    and how much a stalled process has to make good one by one, is the machine's.
    """

    def __init__(self, peer: str, market_data: Sequence[str]) -> None:
        self._peer = peer
        self._market_data = market_data
        self._answers = 0
        self._acked = 0
        self._behind = 0
        self._taken = 0
        self._newest = 0

    def subscriptions(self) -> Sequence[Subscription]:
        return [Subscription(publisher, TRADES, conflate=True) for publisher in self._market_data]

    def start(self) -> None:
        self.ctx.set_timer("ask", self.ctx.now_ns + EVERY_NS)

    def on_timer(self, name: str) -> None:
        self.ctx.request(self._peer, HaltRequest(False, "asked"), ttl_ms=1000)
        self.ctx.set_timer("ask", self.ctx.now_ns + BURST * EVERY_NS)

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        assert isinstance(message, Trade)
        self._taken += self._live(publisher)
        self._newest = int(message.trade_id)

    def on_reply(self, reply: Reply) -> None:
        self._answers += 1
        if isinstance(reply.message, Ack):
            self._acked += 1
            self._behind += self._live(reply.peer) and 0 < self._newest < int(reply.message.text)

    def _live(self, publisher: str) -> bool:
        return self.ctx.stream_state(publisher, TRADES) is StreamState.LIVE

    def figures(self) -> OtherFigures:
        counts = {"answers": self._answers, "acked": self._acked, "behind": self._behind, "taken": self._taken}
        return OtherFigures(values=counts | {"newest": self._newest})


def build(name: str, config: Config) -> Agent:
    own = config.agents[name]
    if isinstance(own, RiskConfig):
        return Asker(own.execution[0], own.market_data)
    if isinstance(own, MarketDataConfig):
        return Publisher(own.stale_after_ms)
    if isinstance(own, PortfolioConfig):
        return Lingering(own.cash) if own.cash in (LINGERS, STAYS) else Failing(own.cash)
    return Follower("md") if isinstance(own, ArchiveConfig) else Caller()


def main() -> int:
    for role in ("market_data", "archive", "execution", "portfolio", "risk"):
        module = types.ModuleType(f"agents.{role}")
        module.build = build  # type: ignore[attr-defined]
        if role == "execution":
            module.shell = lambda *_: EagerShell()  # type: ignore[attr-defined]
        if role == "portfolio":
            module.shell = lambda *_: SessionShell()  # type: ignore[attr-defined]
        sys.modules[module.__name__] = module
    return run(sys.argv[1], msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Config))


if __name__ == "__main__":
    sys.exit(main())
