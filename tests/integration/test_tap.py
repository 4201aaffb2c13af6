"""Taps: every frame in and out of a live agent, at no cost to it whatever the client does."""

import itertools
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.frame import pack
from mesh.endpoints import endpoints
from mesh.protocol.codec import encode
from mesh.transport.sockets import Sockets
from mesh.transport.tap import IN, OUT, Tap, TapClient, TapRecord, attach
from schemas.errors import FrameError
from schemas.messages import AgentStatus, Beat, StatusRequest, Trade
from tests.integration.live import ROOT, Operator, make_config, node, roles, until

CLIENT = "import sys; from mesh.transport.tap import attach\nfor record in attach(sys.argv[1]): pass"


class TappedSender:
    """A tap as an agent has it."""

    def __init__(self, endpoint: str, hwm: int) -> None:
        self._sockets = Sockets()
        self._socket = self._sockets.tap(endpoint, hwm)
        self.changes: list[bool] = []
        self.tap = Tap(self._socket.wire, self.changes.append)

    def look(self) -> bool:
        """Take up what clients did; return whether one is attached."""
        self._socket.wire.drain(self.tap.subscription, 100)
        return self.tap.attached

    def close(self) -> None:
        self._sockets.close()


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[TappedSender]:
    made = TappedSender(f"ipc://{tmp_path}/a.tap", 1000)
    yield made
    made.close()


@contextmanager
def client_process(endpoint: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", CLIENT, endpoint], cwd=ROOT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def frame(seq: int, size: int = 0) -> bytes:
    trade = encode(Trade(0, 0, 100, seq, 1, str(seq)))
    return pack(stream=0x10010001, type=1, sender=1, epoch=1, seq=seq, payload=trade if not size else bytes(size))


def taken(endpoint: str, wanted: int) -> list[TapRecord]:
    return list(itertools.islice(attach(endpoint, idle_s=10), wanted))


def test_publications_and_deliveries_are_shown_decoded(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=200_000))
    with node(tmp_path, "md"), node(tmp_path, "ar"), Operator(config) as operator:
        operator.status("ar")
        published = taken(endpoints(config, "md").tap, 200)
        delivered = taken(endpoints(config, "ar").tap, 4000)
    assert {(r.direction, r.peer) for r in published if isinstance(r.message, Trade | Beat)} == {("O", "")}
    beats = [r for r in delivered if isinstance(r.message, Beat)]
    assert {(r.direction, r.peer) for r in beats} == {("I", "md"), ("O", "")}
    assert [r.seq for r in delivered] == list(range(delivered[0].seq, delivered[0].seq + 4000))
    assert sum(r.dropped for r in delivered) == 0
    assert all(r.header is not None and abs(r.wall_ns - time.time_ns()) < 60e9 for r in delivered)


def test_questions_and_answers_are_shown_with_their_peers(tmp_path: Path) -> None:
    config = make_config(tmp_path, roles(total=100))
    with node(tmp_path, "md"), node(tmp_path, "ar"), Operator(config) as operator:
        operator.status("md")
        client = TapClient(endpoints(config, "md").tap)
        records: list[TapRecord] = []

        def asked_and_seen() -> bool:
            operator.status("md")
            records.extend(client.read(0.05))
            return any(isinstance(r.message, AgentStatus) for r in records)

        until(asked_and_seen)
        client.close()
    question = next(r for r in records if isinstance(r.message, StatusRequest))
    answer = next(r for r in records if isinstance(r.message, AgentStatus))
    assert (question.direction, answer.direction) == ("I", "O")
    assert question.peer == answer.peer != ""


def test_tap_says_when_the_first_client_comes_and_the_last_one_goes(sender: TappedSender, tmp_path: Path) -> None:
    first, second = TapClient(f"ipc://{tmp_path}/a.tap"), TapClient(f"ipc://{tmp_path}/a.tap")
    until(sender.look)
    first.close()
    second.close()
    until(lambda: not sender.look())
    assert sender.changes == [True, False]


def test_killed_client_is_gone(sender: TappedSender, tmp_path: Path) -> None:
    with client_process(f"ipc://{tmp_path}/a.tap") as client:
        until(sender.look)
        client.kill()
        until(lambda: not sender.look())


def test_client_counts_what_it_did_not_get(sender: TappedSender, tmp_path: Path) -> None:
    client = TapClient(f"ipc://{tmp_path}/a.tap")
    until(sender.look)
    total = 40_000
    for seq in range(1, total + 1):
        sender.tap.record(OUT, "", frame(seq, size=1000), 1)
    records: list[TapRecord] = []

    def last_comes() -> bool:
        # It is dropped like the others as long as the queue is full.
        sender.tap.record(IN, "md", frame(1), 1)
        records.extend(client.read(0.2))
        return any(record.direction == "I" for record in records)

    until(last_comes)
    client.close()
    assert client.dropped > 0
    assert client.dropped + len(records) >= total
    assert sum(r.dropped for r in records) == client.dropped
    assert records[-1].seq - records[0].seq + 1 == client.dropped + len(records)


def test_stopped_client_has_no_send_wait(sender: TappedSender, tmp_path: Path) -> None:
    data = frame(1, size=200)

    def waits(count: int) -> int:
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        for _ in range(count):
            sender.tap.record(OUT, "", data, 1)
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before

    with client_process(f"ipc://{tmp_path}/a.tap") as client:
        until(sender.look)
        client.send_signal(signal.SIGSTOP)
        # A lock that libzmq's own thread happens to hold may cost one now and then; a full queue costs none.
        assert waits(20_000) < 20
        assert sender.tap.attached


def test_bytes_that_are_no_tap_frame_are_refused(tmp_path: Path) -> None:
    sockets = Sockets()
    publisher = sockets.publisher(f"ipc://{tmp_path}/a.tap", 10)
    client = TapClient(f"ipc://{tmp_path}/a.tap")

    def sent() -> bool:
        publisher.wire.send(b"O\x05md")
        client.read(0.01)
        return False

    with pytest.raises(FrameError, match="4 bytes are not a tap frame"):
        until(sent)
    client.close()
    sockets.close()


def test_frame_of_another_version_is_shown_undecoded(sender: TappedSender, tmp_path: Path) -> None:
    client = TapClient(f"ipc://{tmp_path}/a.tap")
    until(sender.look)
    strange = frame(1)[:4] + b"\x63" + frame(1)[5:]
    sender.tap.record(IN, "md", strange, 5)
    sender.tap.record(IN, "md", pack(stream=1, type=999, sender=1, epoch=1, seq=1), 6)
    records: list[TapRecord] = []
    until(lambda: records.extend(client.read(0.1)) or len(records) == 2)
    client.close()
    assert (records[0].frame, records[0].header, records[0].message) == (strange, None, None)
    assert records[1].header is not None
    assert records[1].message is None
