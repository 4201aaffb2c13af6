"""A publisher's log and a mesh in small: streams of known messages, fed to a real archive from where it left off.

As a program it is the process that gets killed: `python -m tests.integration.archive_feed STATE_DIR FLUSH_ROWS`.
"""

import asyncio
import sys
import time
from collections import deque

from agents.archive import agent as archive
from agents.archive.agent import ArchiveAgent
from core.frame import Header
from mesh.agent import CallOutcome, Subscription, VenueReply
from schemas.config import Config
from schemas.messages import TYPE_NUMBERS, BookDelta, BookSnapshot, FeedState, Message, OrderUpdated, Trade
from schemas.orders import OrderStatus
from schemas.streams import StreamClass, StreamState, stream_class
from tests.unit.agents.archive_samples import (
    ASKS,
    BIDS,
    BOOK,
    BTC,
    DAY_NS,
    ORDER,
    T0,
    TRADE,
    archive_config,
    trade,
)
from tests.unit.agents.fake_context import FakeContext

COUNT = 6_000
"""Messages in each stream."""

EPOCH_LENGTH = 2_500
"""The publisher restarts after so many messages."""

STREAMS = (("md", TRADE), ("md", BOOK), ("exec", ORDER))
PENDING_MAX = 2_000
DEADLINE_S = 60.0


def position(stream: int, number: int) -> tuple[int, int]:
    """Return (epoch, seq) of message `number` (from 0); states count anew in every epoch, events never."""
    restarts = stream_class(stream) == StreamClass.STATE
    return 1 + number // EPOCH_LENGTH, 1 + (number % EPOCH_LENGTH if restarts else number)


def message(stream: int, number: int) -> Message:
    """Return message `number` of a stream: several tables by turns, and days that go back and forth."""
    ts = T0 + (number // 100 % 3) * DAY_NS + number
    if stream == ORDER:
        return OrderUpdated(f"T{number}", BTC, OrderStatus.NEW, f"v{number}", 0, ts, ts)
    if number % 7 == 3:
        return FeedState(ts, StreamState.LIVE, f"{number}")
    if stream == TRADE:
        return trade(number, ts)
    if number % 11 == 5:
        return BookSnapshot(ts, ts, number, BIDS, ASKS)
    return BookDelta(ts, ts, number, number, BIDS, ASKS)


TABLE_NAMES = {
    Trade: "trades",
    FeedState: "feed_states",
    BookDelta: "book_deltas",
    BookSnapshot: "book_snapshots",
    OrderUpdated: "orders",
}


def expected(count: int = COUNT) -> dict[str, list[tuple[str, int, int, int]]]:
    """Return the rows that each table must hold, as (publisher, stream, epoch, seq) in order."""
    rows: dict[str, list[tuple[str, int, int, int]]] = {table: [] for table in TABLE_NAMES.values()}
    for publisher, stream in STREAMS:
        for number in range(count):
            table = TABLE_NAMES[type(message(stream, number))]
            rows[table].append((publisher, stream, *position(stream, number)))
    return {table: sorted(found) for table, found in rows.items()}


class Harness:
    """Drives an archive as the live node does, with the messages that come after its positions."""

    def __init__(self, config: Config, agent: ArchiveAgent) -> None:
        """Bind the agent; its shell starts in `run`."""
        self.agent = agent
        self.failures: list[str] = []
        """Why ClickHouse did not take a batch, each time."""
        self.context = FakeContext("arc", 6, now_ns=time.monotonic_ns())
        self._shell = archive.shell("arc", config, agent)
        agent.bind(self.context)
        self._feeds = [_following(s) for s in agent.subscriptions() if (s.publisher, s.stream) in STREAMS]

    def venue_replied(self, reply: VenueReply) -> None:
        """Hand on the end of a batch."""
        self._tick()
        if reply.outcome is CallOutcome.NOT_SENT:
            self.failures.append(reply.text)
        self.agent.on_venue_reply(reply)

    def socket_changed(self, connection: str, up: bool, reason: str) -> None:
        """Refuse: there are no sockets."""
        raise AssertionError(connection)

    def frame_received(self, connection: str, frame: bytes) -> None:
        """Refuse: there are no frames."""
        raise AssertionError(connection)

    async def start(self) -> None:
        """Start the shell and the agent."""
        await self._shell.start(self)
        self.agent.start()

    async def feed(self, count: int = COUNT) -> None:
        """Deliver each stream up to message `count`, by turns, and wait until all of it is archived."""
        deadline_s = time.monotonic() + DEADLINE_S
        feeds = list(self._feeds)
        while feeds or self.agent.figures().pending:
            self._tick()
            self.context.advance(self.agent, 0)
            await asyncio.sleep(0.002)
            assert time.monotonic() < deadline_s, self.agent.figures()
            if self.agent.figures().pending < PENDING_MAX:
                feeds = [feed for feed in feeds if self._deliver(*feed, count)]

    async def stop(self) -> None:
        """Stop as the node does."""
        self._tick()
        self.agent.stop()
        await self._shell.stop()

    def _deliver(self, publisher: str, stream: int, numbers: deque[int], count: int) -> bool:
        """Deliver the next few messages of one stream together; return whether more are to come."""
        taken = [numbers.popleft() for _ in range(min(100, len(numbers))) if numbers[0] < count]
        if taken:
            bodies = [message(stream, number) for number in taken]
            headers = [self._header(stream, number, body) for number, body in zip(taken, bodies, strict=True)]
            self.agent.on_messages(publisher, headers, bodies)
        return bool(numbers) and numbers[0] < count

    def _header(self, stream: int, number: int, body: Message) -> Header:
        epoch, seq = position(stream, number)
        return Header(
            stream=stream,
            type=TYPE_NUMBERS[type(body)],
            sender=1,
            epoch=epoch,
            seq=seq,
            send_ns=self.context.now_ns,
        )

    def _tick(self) -> None:
        self.context._move_to(time.monotonic_ns())


def _following(subscription: Subscription) -> tuple[str, int, deque[int]]:
    """Return a stream and the numbers of its messages after the position that the archive asks for."""
    after = subscription.position or (0, 0)
    numbers = deque(n for n in range(COUNT) if position(subscription.stream, n) > after)
    return subscription.publisher, subscription.stream, numbers


async def _live(config: Config) -> None:
    harness = Harness(config, archive.build("arc", config))
    await harness.start()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    await harness.feed()
    await harness.stop()


if __name__ == "__main__":
    asyncio.run(_live(archive_config(sys.argv[1], flush_rows=int(sys.argv[2]), flush_ms=20)))
