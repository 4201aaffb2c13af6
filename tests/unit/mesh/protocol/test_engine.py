"""The times in a frame: received, decided, sent, by a clock that goes on by one with each look, or by none."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.frame import Header, unpack
from core.histogram import LatencyHistogram
from core.log import LogWriter
from mesh.agent import Agent, Outcome, Reply, Request
from mesh.agent_io import Shell
from mesh.protocol.codec import decode, encode, type_number
from mesh.protocol.engine import Engine
from schemas.messages import Ack, CancelOrder, Denied, Equity, Message
from schemas.streams import REQUEST_STREAM
from tests.sim.sample_agents import EVENT, config

INPUT_NS = 1_000_000
ORIGIN_NS = 900_000
CLOCK_NS = 2_000_000
TTL_MS = 40
PLAIN = Equity(0, 0, 0, 0, 0, 0, 0)
NOT_PLAIN = Denied(7, "s", 1, 5, {"position": 3}, ((1, 2, 3),))


class Ticking:
    """A clock that goes on by 1 ns with each look."""

    def __init__(self) -> None:
        self.now_ns = CLOCK_NS

    def __call__(self) -> int:
        self.now_ns += 1
        return self.now_ns


class Caller(Agent):
    """Publishes two messages, asks a peer and answers, in this order, for each request."""

    def __init__(self) -> None:
        self.ended: list[Outcome] = []

    def on_request(self, request: Request) -> None:
        for message in (PLAIN, NOT_PLAIN):
            self.ctx.publish(EVENT, message)
        self.ctx.request("source", CancelOrder("T1", 0), ttl_ms=TTL_MS)
        self.ctx.reply(request, Ack(True))

    def on_reply(self, reply: Reply) -> None:
        self.ended.append(reply.outcome)


class Outlet:
    """Keeps what is sent."""

    venue: Shell | None = None

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def publish(self, frame: bytes) -> None:
        self.sent.append(frame)

    def request(self, peer: str, frame: bytes) -> bool:
        self.sent.append(frame)
        return True

    def reply(self, token: bytes, frame: bytes) -> bool:
        self.sent.append(frame)
        return True

    def reopen(self, publisher: str) -> None:
        raise AssertionError(f"the subscription to {publisher} has become deaf")


class Driven:
    """One agent that is asked once at `INPUT_NS`, because of a tick that was received at `ORIGIN_NS`."""

    def __init__(self, folder: Path, clock: Ticking | None) -> None:
        self.log = LogWriter(str(folder / "log"), segment_bytes=1 << 16)
        self.outlet = Outlet()
        self.agent = Caller()
        self.engine = Engine("sink0", config(folder), self.agent, self.log, 1, self.outlet, clock)
        self.engine.start(INPUT_NS - 1000, 0)
        self.outlet.sent.clear()
        self.before_ns = clock.now_ns if clock is not None else INPUT_NS
        ask = CancelOrder("T0", 0)
        header = Header(
            stream=REQUEST_STREAM,
            type=type_number(ask),
            sender=1,
            epoch=1,
            seq=1,
            origin_ns=ORIGIN_NS,
            send_ns=INPUT_NS - 100,
        )
        self.engine.take_request(b"token", header, decode(header.type, encode(ask)), b"", INPUT_NS, 0)

    def headers(self) -> dict[type[Message], Header]:
        """Return what was sent, by the type of the message."""
        found = {}
        for frame in self.outlet.sent:
            header = unpack(frame)
            found[type(decode(header.type, frame[64:]))] = header
        return found

    def histogram(self, name: str) -> LatencyHistogram:
        return LatencyHistogram.from_bytes(self.engine.status().latency[name])


Make = Callable[[Ticking | None], Driven]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Driven] = []

    def drive(clock: Ticking | None) -> Driven:
        made.append(Driven(tmp_path, clock))
        return made[-1]

    yield drive
    for each in made:
        each.log.close()


def test_each_frame_tells_when_its_cause_was_received_and_it_was_decided_and_sent(make: Make) -> None:
    driven = make(Ticking())
    at = driven.before_ns
    times = {kind: (h.origin_ns, h.recv_ns, h.decided_ns, h.send_ns) for kind, h in driven.headers().items()}
    assert times == {
        Equity: (ORIGIN_NS, INPUT_NS, at + 1, at + 2),
        Denied: (ORIGIN_NS, INPUT_NS, at + 3, at + 4),
        CancelOrder: (ORIGIN_NS, INPUT_NS, at + 5, at + 6),
        Ack: (ORIGIN_NS, INPUT_NS, at + 7, at + 8),
    }
    logged = [unpack(frame) for _, frame in driven.log.scan()]
    assert logged == [driven.headers()[kind] for kind in (Equity, Denied)]


def test_without_a_clock_all_happens_at_the_time_of_the_input(make: Make) -> None:
    headers = make(None).headers().values()
    assert [(h.recv_ns, h.decided_ns, h.send_ns) for h in headers] == [(INPUT_NS,) * 3] * 4


def test_work_is_counted_until_the_decision_and_sending_by_itself(make: Make) -> None:
    driven = make(Ticking())
    work, sending = driven.histogram("sink0"), driven.histogram("sink0>sent")
    assert (work.count, work.max) == (3, driven.before_ns + 5 - INPUT_NS)
    assert (sending.count, sending.max) == (3, 1)
    assert driven.histogram("source>sink0").max == 100


def test_request_may_live_from_when_it_was_sent(make: Make) -> None:
    driven = make(Ticking())
    end_ns = driven.headers()[CancelOrder].send_ns + TTL_MS * 1_000_000
    driven.engine.on_timers(end_ns - 1, 0)
    assert driven.agent.ended == []
    driven.engine.on_timers(end_ns, 0)
    assert driven.agent.ended == [Outcome.UNKNOWN]
