"""Wire: drain and send on real sockets, with outcomes told by return codes."""

import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from core.log import LogWriter
from mesh.agent import Agent
from mesh.protocol.engine import Engine
from mesh.transport.receivers import RouterReceiver
from mesh.transport.sockets import Socket, Sockets
from mesh.transport.zmq_wire import BACK_PRESSURED, NOT_CONNECTED, OK, Wire, load
from schemas.config import Config, MeshConfig, PortfolioConfig
from schemas.errors import AddressTakenError, ConfigError
from tests.integration.live import readable

DEADLINE_S = 30.0
LAST = b"\xff\xff"
"""After this frame nothing is under way from a publisher: a pipe is first in, first out."""


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[Wire, Wire]]:
    """Two wires joined in memory: what one sends waits at the other at once."""
    with zmq.Context() as context, context.socket(zmq.PAIR) as left, context.socket(zmq.PAIR) as right:
        left.bind("inproc://pair")
        right.connect("inproc://pair")
        yield Wire(left.underlying), Wire(right.underlying)


class Nowhere:
    """A transport of an agent that says nothing."""

    venue = None

    def publish(self, frame: bytes) -> None:
        """Send nothing."""

    def request(self, peer: str, frame: bytes) -> bool:
        """Send nothing."""
        return False

    def reply(self, token: bytes, frame: bytes) -> bool:
        """Send nothing."""
        return False

    def reopen(self, publisher: str) -> None:
        """Nothing is open."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An agent that refuses whatever it is asked."""
    log = LogWriter(str(tmp_path / "log"))
    agents = {"me": PortfolioConfig(id=1, execution=(), market_data=())}
    config = Config(mesh=MeshConfig(state_dir=str(tmp_path)), venues=(), instruments=(), agents=agents)
    made = Engine("me", config, Agent(), log, 1, Nowhere())
    made.start(1, 1)
    yield made
    log.close()


def until(done: Callable[[], object]) -> None:
    """Call `done` until it is true."""
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def drain_until(socket: Socket, got: list[bytes], count: int) -> None:
    """Drain whenever the descriptor says so, until `count` frames have come."""
    deadline = time.monotonic() + DEADLINE_S
    while socket.wire.drain(got.append, 1000) >= 0 and len(got) < count:
        assert time.monotonic() < deadline
        readable(socket.fd, wait_s=0.2)


def joined(sockets: Sockets, endpoint: str, prefixes: list[bytes]) -> tuple[Socket, Socket]:
    """Return a publisher and a follower whose subscriptions are known to be active."""
    publisher = sockets.publisher(endpoint, 10_000)
    follower = sockets.follower(endpoint, [*prefixes, b"\xff"], 10_000)
    got: list[bytes] = []

    def seen() -> bool:
        publisher.wire.send(b"\xff")
        follower.wire.drain(got.append, 100)
        return bool(got)

    until(seen)
    publisher.wire.send(LAST)
    until(lambda: follower.wire.drain(got.append, 100) >= 0 and got[-1] == LAST)
    return publisher, follower


def asker_and_answerer(sockets: Sockets, endpoint: str) -> tuple[Socket, Socket]:
    answerer = sockets.answerer(endpoint, 100, 100)
    asker = sockets.asker(endpoint, 100, 100)
    until(lambda: asker.wire.events() & zmq.POLLOUT)
    return asker, answerer


def asked_of(answerer: Socket, engine: Engine) -> list[tuple[bytes, bytes]]:
    """Return what waits at a ROUTER and what is asked next: the token of who asks, and the frame."""
    asked: list[tuple[bytes, bytes]] = []
    receiver = RouterReceiver(answerer.wire, engine, lambda token, frame, _: asked.append((token, frame)))
    until(lambda: receiver.drain(10) >= 0 and asked)
    return asked


def test_frames_arrive_whole_and_in_order(sockets: Sockets, tmp_path: Path) -> None:
    publisher, follower = joined(sockets, f"ipc://{tmp_path}/a.pub", [b"\x10"])
    sent = [b"\x10" + n.to_bytes(4, "big") + b"\0" * (n * 7 % 5000) for n in range(2000)]
    assert {publisher.wire.send(frame) for frame in sent} == {OK}
    got: list[bytes] = []
    drain_until(follower, got, len(sent))
    assert got == sent
    assert publisher.wire.sent >= 2000


def test_drain_stops_at_the_count_and_goes_on_where_it_stopped(pair: tuple[Wire, Wire]) -> None:
    sender, receiver = pair
    for n in range(10):
        sender.send(b"\x10" + bytes([n]))
    got: list[bytes] = []
    assert receiver.drain(got.append, 4) == 4
    assert receiver.drain(got.append, 100) == 6
    assert receiver.drain(got.append, 100) == 0
    assert [frame[1] for frame in got] == list(range(10))


def test_request_and_reply_are_routed_by_identity(sockets: Sockets, engine: Engine, tmp_path: Path) -> None:
    asker, answerer = asker_and_answerer(sockets, f"ipc://{tmp_path}/a.rpc")
    assert asker.wire.send(b"question") == OK
    ((token, question),) = asked_of(answerer, engine)
    assert answerer.wire.send_to(token, question + b"!") == OK
    got: list[bytes] = []
    drain_until(asker, got, 1)
    assert got == [b"question!"]
    assert engine.status().counters == {"requests_refused": 1}, "what was shown went to the engine"


def test_request_to_an_absent_peer_is_not_queued(sockets: Sockets, engine: Engine, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/a.rpc"
    asker = sockets.asker(endpoint, 100, 100)
    assert asker.wire.send(b"stale") == BACK_PRESSURED
    assert asker.wire.back_pressured == 1
    answerer = sockets.answerer(endpoint, 100, 100)
    until(lambda: asker.wire.send(b"fresh") == OK)
    assert [frame for _, frame in asked_of(answerer, engine)] == [b"fresh"]


def test_reply_to_a_peer_that_is_gone_is_not_connected(sockets: Sockets, tmp_path: Path) -> None:
    answerer = sockets.answerer(f"ipc://{tmp_path}/a.rpc", 100, 100)
    assert answerer.wire.send_to(b"\0\1\2\3\4", b"reply") == NOT_CONNECTED
    assert answerer.wire.not_connected == 1


def test_full_queue_is_back_pressure(sockets: Sockets, tmp_path: Path) -> None:
    asker, _ = asker_and_answerer(sockets, f"ipc://{tmp_path}/a.rpc")
    frame = bytes(1 << 20)
    codes = [asker.wire.send(frame) for _ in range(2000)]
    assert set(codes) == {OK, BACK_PRESSURED}


def test_multipart_messages_are_discarded_and_counted(sockets: Sockets, engine: Engine, tmp_path: Path) -> None:
    _, answerer = asker_and_answerer(sockets, f"ipc://{tmp_path}/a.rpc")
    with zmq.Context() as context, context.socket(zmq.DEALER) as foreign:
        foreign.setsockopt(zmq.LINGER, 0)
        foreign.connect(answerer.endpoint)
        foreign.send_multipart([b"x"] * 20_001)
        foreign.send(b"good")
        assert [frame for _, frame in asked_of(answerer, engine)] == [b"good"]
    assert answerer.wire.multipart == 1


def test_multipart_publication_is_discarded_and_counted(sockets: Sockets, tmp_path: Path) -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as foreign:
        foreign.setsockopt(zmq.LINGER, 0)
        foreign.bind(f"ipc://{tmp_path}/a.pub")
        follower = sockets.follower(f"ipc://{tmp_path}/a.pub", [b""], 100)
        assert foreign.poll(5000)
        foreign.send_multipart([b"a", b"b", b"c"])
        foreign.send(b"good")
        got: list[bytes] = []
        drain_until(follower, got, 1)
    assert got == [b"good"]
    assert follower.wire.multipart == 1


def test_oversized_frames_are_discarded_and_counted(tmp_path: Path) -> None:
    with zmq.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
        pull.bind(f"ipc://{tmp_path}/a")
        push.connect(f"ipc://{tmp_path}/a")
        wire = Wire(pull.underlying, 100)
        push.send(b"x" * 101)
        push.send(b"y" * 100)
        got: list[bytes] = []
        until(lambda: wire.drain(got.append, 10) and got)
        assert got == [b"y" * 100]
        assert wire.oversized == 1


def test_exception_of_a_handler_comes_out_and_loses_only_its_frame(pair: tuple[Wire, Wire]) -> None:
    sender, receiver = pair
    for n in range(3):
        sender.send(b"\x10" + bytes([n]) * 500)

    def fail(frame: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        receiver.drain(fail, 10)
    got: list[bytes] = []
    assert receiver.drain(got.append, 10) == 2
    assert [frame[1] for frame in got] == [1, 2]


def test_handler_may_drain_the_same_socket(pair: tuple[Wire, Wire]) -> None:
    sender, receiver = pair
    for n in range(5):
        sender.send(b"\x10" + bytes([n]) * 500)
    got: list[bytes] = []

    def take(frame: bytes) -> None:
        got.append(frame)
        receiver.drain(got.append, 1)

    receiver.drain(take, 10)
    assert [frame[1] for frame in got] == [0, 1, 2, 3, 4]


def test_detached_wire_refuses(sockets: Sockets, tmp_path: Path) -> None:
    publisher = sockets.publisher(f"ipc://{tmp_path}/a.pub", 10)
    publisher.close()
    assert publisher.wire.send(b"x") == -errno.ENOTSOCK
    assert publisher.wire.drain(print, 1) == -errno.ENOTSOCK
    assert publisher.wire.events() == -errno.ENOTSOCK


def test_receiving_where_nothing_is_received_is_an_error_code() -> None:
    with zmq.Context() as context, context.socket(zmq.PUSH) as pusher:
        assert Wire(pusher.underlying).drain(print, 1) == -errno.ENOTSUP


def test_publisher_hears_once_of_each_prefix_and_when_nobody_is_left(sockets: Sockets, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/a.pub"
    publisher = sockets.publisher(endpoint, 10)
    heard: list[bytes] = []

    def reported(count: int) -> bool:
        publisher.wire.drain(heard.append, 10)
        return len(heard) == count

    followers = [sockets.follower(endpoint, [b"\x10", b"\xff"], 10) for _ in range(2)]
    until(lambda: reported(2))
    assert heard == [b"\x01\x10", b"\x01\xff"]
    sockets.drop(followers[0])
    sockets.drop(followers[1])
    until(lambda: reported(4))
    assert sorted(heard[2:]) == [b"\x00\x10", b"\x00\xff"]


def test_library_that_is_not_loaded_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportError, match="is not loaded"):
        load(str(tmp_path / "libzmq.so"))


def test_library_without_libzmq_is_refused() -> None:
    import core.frame

    with pytest.raises(ImportError, match="does not lead to libzmq's zmq_msg_init"):
        load(core.frame.__file__)


def test_more_subscriptions_than_libzmq_keeps_are_refused(sockets: Sockets, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"501 subscriptions to .*a\.pub \(allowed: 500\)"):
        sockets.follower(f"ipc://{tmp_path}/a.pub", [n.to_bytes(4, "big") for n in range(501)], 10)


def test_taken_tcp_address_is_named(sockets: Sockets) -> None:
    with zmq.Context() as context, context.socket(zmq.PUB) as holder:
        port = holder.bind_to_random_port("tcp://127.0.0.1")
        with pytest.raises(AddressTakenError, match=f"tcp://127.0.0.1:{port} is in use"):
            sockets.publisher(f"tcp://127.0.0.1:{port}", 10)


def test_address_of_another_host_is_a_configuration_error(sockets: Sockets) -> None:
    with pytest.raises(ConfigError, match=r"tcp://192\.0\.2\.1:7000"):
        sockets.publisher("tcp://192.0.2.1:7000", 10)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_frames_cross_tcp(sockets: Sockets, engine: Engine, host: str) -> None:
    with zmq.Context() as context, context.socket(zmq.PUB) as probe:
        port = probe.bind_to_random_port("tcp://127.0.0.1")
    asker, answerer = asker_and_answerer(sockets, f"tcp://{host}:{port}")
    asker.wire.send(b"over tcp")
    assert [frame for _, frame in asked_of(answerer, engine)] == [b"over tcp"]
