"""An agent's transport on real ZeroMQ, in this process: what it hands to its engine, with a tap attached and without."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.frame import Header, pack
from core.log import LogWriter
from mesh.agent import Agent, Subscription
from mesh.endpoints import endpoints
from mesh.protocol.codec import encode, type_number
from mesh.protocol.engine import Engine
from mesh.transport.agent_transport import DRAIN_MAX, AgentTransport
from mesh.transport.group import Group
from mesh.transport.sockets import Sockets
from mesh.transport.tap import TapClient
from schemas.config import Config, PortfolioConfig
from schemas.messages import Beat, FeedState, Message, Trade
from schemas.streams import Kind, StreamState, stream_id
from tests.integration.live import make_config, readable, until

TICKS, STATES = stream_id(Kind.TRADE, 1, 1), stream_id(Kind.BOOK, 1, 1)
BURST = 5_000


class Loop:
    """As much of a loop as a transport asks for, one round at a time."""

    def __init__(self) -> None:
        self._readers: dict[int, tuple[Callable[..., None], tuple[Any, ...]]] = {}
        self._soon: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def add_reader(self, fd: int, callback: Callable[..., None], *args: Any) -> None:
        self._readers[fd] = (callback, args)

    def remove_reader(self, fd: int) -> None:
        self._readers.pop(fd, None)

    def call_soon(self, callback: Callable[..., None], *args: Any) -> None:
        self._soon.append((callback, args))

    def run_once(self) -> None:
        """Call what is to be called, and wait a little for something to read where there is nothing."""
        soon, self._soon = self._soon, []
        for callback, args in soon:
            callback(*args)
        for fd in readable(*self._readers, wait_s=0 if soon else 0.01):
            callback, args = self._readers.get(fd, (self.run_nothing, ()))
            callback(*args)

    def run_nothing(self) -> None:
        """Stand in for a reader that another one has removed."""


class Follower(Agent):
    """Follows ticks, conflated if told so, and states; writes down what it is called with."""

    def __init__(self, conflate: bool, takes_batches: bool) -> None:
        self.takes_batches = takes_batches
        self.taken: list[tuple[int, int]] = []
        self.batches: list[int] = []
        self.at: dict[int, Callable[[], None]] = {}
        """What to do when so many messages have been taken."""
        self._conflate = conflate

    def subscriptions(self) -> list[Subscription]:
        return [Subscription("md", TICKS, conflate=self._conflate), Subscription("md", STATES)]

    def on_message(self, publisher: str, header: Header, message: Message) -> None:
        self.taken.append((header.stream, header.seq))
        if len(self.taken) in self.at:
            self.at[len(self.taken)]()

    def on_messages(self, publisher: str, headers: Sequence[Header], messages: Sequence[Message]) -> None:
        self.batches.append(len(headers))
        super().on_messages(publisher, headers, messages)


class Receiving:
    """A publisher's socket, and an agent that follows it over ZeroMQ."""

    def __init__(self, config: Config, folder: Path, sockets: Sockets, agent: Follower) -> None:
        self.agent = agent
        self.loop = Loop()
        self.log = LogWriter(str(folder / "own"))
        self._out = sockets.publisher(endpoints(config, "md").publications, 2 * BURST).wire
        self.transport = AgentTransport("me", config, sockets, Group(time.monotonic_ns, time.time_ns), int, self._end)
        self.engine = Engine("me", config, agent, self.log, 1, self.transport, time.monotonic_ns)
        self.transport.bind(self.engine, self.loop)  # type: ignore[arg-type]
        self.engine.start(time.monotonic_ns(), time.time_ns())
        self.transport.connect()
        for stream in (TICKS, STATES):
            self.engine.link("md").tracker.set(stream, 1, 0, live=True)
        self.transport.watch()
        reports: list[bytes] = []
        # One for each stream and one for the control stream, which stands last.
        until(lambda: self._out.drain(reports.append, 10) >= 0 and len(reports) == 3)

    def _end(self) -> None:
        self.transport.settle()

    def send(self, count: int, seq: int, stream: int = TICKS) -> list[bytes]:
        """Publish `count` messages, numbered from `seq` on; return their frames."""
        message: Message = FeedState(1, StreamState.LIVE) if stream == STATES else Trade(1, 1, 100, 1, 1, "1")
        number, payload = type_number(message), encode(message)
        frames = [
            pack(stream=stream, type=number, sender=1, epoch=1, seq=n, payload=payload) for n in range(seq, seq + count)
        ]
        assert {self._out.send(frame) for frame in frames} == {0}
        return frames

    def run_until(self, done: Callable[[], object]) -> None:
        until(lambda: self.loop.run_once() or done())  # type: ignore[func-returns-value]

    def until_taken(self, stream: int, seq: int) -> None:
        self.run_until(lambda: (stream, seq) in self.agent.taken[-5:])


@contextmanager
def receiving(folder: Path, agent: Follower) -> Iterator[Receiving]:
    agents = {"md": PortfolioConfig(id=1, execution=(), market_data=())}
    agents["me"] = PortfolioConfig(id=2, execution=(), market_data=("md",), receive_hwm=2 * BURST, tap_hwm=4 * BURST)
    sockets = Sockets()
    made = Receiving(make_config(folder, agents, same_host="zmq"), folder, sockets, agent)
    try:
        yield made
    finally:
        made.transport.unwatch()
        made.transport.close()
        sockets.close()
        made.log.close()


@contextmanager
def tapped(receiving: Receiving, folder: Path) -> Iterator[TapClient]:
    agents = {"me": PortfolioConfig(id=2, execution=(), market_data=("md",))}
    client = TapClient(endpoints(make_config(folder, agents), "me").tap)
    receiving.run_until(lambda: receiving.transport.tapped)
    try:
        yield client
    finally:
        client.close()


def shown(client: TapClient, count: int) -> list[bytes]:
    """Return the frames of publications that came in and were shown, as soon as there are `count`."""
    found: list[bytes] = []

    def enough() -> bool:
        records = client.read(0.1)
        found.extend(r.frame for r in records if r.direction == "I" and not isinstance(r.message, Beat))
        return len(found) >= count

    until(enough)
    assert client.dropped == 0
    return found


@pytest.mark.parametrize("attached", [False, True])
def test_of_a_burst_the_newest_are_taken_whether_a_tap_is_attached_or_not(tmp_path: Path, attached: bool) -> None:
    agent = Follower(conflate=True, takes_batches=False)
    with receiving(tmp_path, agent) as made:
        if not attached:
            made.send(BURST, 1)
            made.until_taken(TICKS, BURST)
        else:
            with tapped(made, tmp_path) as client:
                sent = made.send(BURST, 1)
                made.until_taken(TICKS, BURST)
                assert shown(client, BURST) == sent, "what was not taken is shown too"
        assert len(agent.taken) < BURST / 2
        assert agent.taken == sorted(agent.taken)


@pytest.mark.parametrize("attached", [False, True])
def test_messages_that_come_together_are_one_batch_whether_a_tap_is_attached_or_not(
    tmp_path: Path, attached: bool
) -> None:
    agent = Follower(conflate=False, takes_batches=True)
    with receiving(tmp_path, agent) as made:
        if not attached:
            made.send(BURST, 1)
            made.until_taken(TICKS, BURST)
        else:
            with tapped(made, tmp_path) as client:
                sent = made.send(BURST, 1)
                made.until_taken(TICKS, BURST)
                assert shown(client, BURST) == sent
        assert agent.taken == [(TICKS, seq) for seq in range(1, BURST + 1)]
        assert sum(agent.batches) > BURST / 2
        assert max(agent.batches) == 64


def test_tap_that_comes_and_goes_takes_nothing_away(tmp_path: Path) -> None:
    agent = Follower(conflate=False, takes_batches=False)
    with receiving(tmp_path, agent) as made:
        made.send(10, 1, STATES)
        made.until_taken(STATES, 10)
        with tapped(made, tmp_path) as client:
            sent = made.send(10, 11, STATES)
            made.until_taken(STATES, 20)
            assert shown(client, 10) == sent
        made.run_until(lambda: not made.transport.tapped)
        made.send(10, 21, STATES)
        made.until_taken(STATES, 30)
        assert agent.taken == [(STATES, seq) for seq in range(1, 31)]


def test_subscription_that_is_made_anew_while_more_waits_is_not_drained_any_more(tmp_path: Path) -> None:
    agent = Follower(conflate=False, takes_batches=False)
    with receiving(tmp_path, agent) as made:
        # In the midst of a drain that ends with more waiting.
        agent.at[DRAIN_MAX + 10] = lambda: made.transport.reopen("md")
        made.send(BURST, 1, STATES)
        made.run_until(lambda: len(agent.taken) > DRAIN_MAX)
        for _ in range(5):
            made.loop.run_once()
        assert agent.taken == [(STATES, seq) for seq in range(1, len(agent.taken) + 1)]
        assert len(agent.taken) < BURST, "what waited in the old socket is gone with it"
