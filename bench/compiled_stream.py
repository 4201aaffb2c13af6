"""PUB/SUB with no Python per message: `python -m bench.compiled_stream pub|sub|pub-local|sub-local FOLDER COUNT`.

The publisher appends each ready frame to a log, one after the other, called from compiled iterators. To another host
(`pub`) it sends it over ZeroMQ too; on one host (`pub-local`) it rings its follower once for each turn's worth. The
subscriber is the product's own receiver with an engine, whose agent has the stream conflated: header and sequence of each
message are checked, and the agent is called with the newest of each drain. Between them are the product's own `LogWriter`,
`Wire`, `Doorbells`, `SubReceiver` and `LogReceiver`. The subscriber prints its messages a second, from the first to the
last.
"""

import gc
import os
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from bench.engines import Carrier
from bench.processes import ProcessFailedError
from bench.streams import PUBLISHER, stream_config
from core.frame import HEADER_SIZE, pack
from core.log import LogWriter
from core.log.tail import LogTail
from mesh.agent import Agent, Subscription
from mesh.protocol.codec import encode, type_number
from mesh.protocol.engine import Engine
from mesh.transport.receivers import LogReceiver, Receiver, SubReceiver
from mesh.transport.sockets import Sockets
from mesh.transport.unix_wire import Doorbells, Flag, flag_fd
from schemas.messages import FeedState
from schemas.streams import Kind, StreamState, stream_id

MESSAGE_BYTES = 128
"""As many as the floor in C sends."""

HWM = 4_000_000
NAME = "follower"
STREAM = stream_id(Kind.TRADE, 1, 1)
TEXT = 32
"""A text of at least so many bytes has a header of two."""

PROBE_S = 0.005
LOOK_MS = 20
DRAIN_MAX = TURN = 256
START_S_MAX = 20.0
FOREVER_S = 3600


def made(count: int) -> list[bytes]:
    """Return ready publications of one stream, each of `MESSAGE_BYTES`."""
    rest = MESSAGE_BYTES - HEADER_SIZE - len(encode(FeedState(1, StreamState.LIVE, "." * TEXT)))
    message = FeedState(1, StreamState.LIVE, "." * (TEXT + rest))
    number, payload = type_number(message), encode(message)
    return [pack(stream=STREAM, type=number, sender=1, epoch=1, seq=n, payload=payload) for n in range(1, count + 1)]


def publish(folder: Path, count: int) -> None:
    """Send everything once the subscription has come."""
    sockets = Sockets()
    out = sockets.publisher(f"ipc://{folder}/p", HWM).wire
    log = LogWriter(str(folder / "log"))
    frames = made(count)
    _without_collector()
    subscribed: list[bytes] = []
    while not subscribed:
        time.sleep(PROBE_S)
        out.drain(subscribed.append, 1)
    # Each step of `zip` appends one frame, then sends it.
    deque(zip(map(log.append, frames), map(out.send, frames), strict=True), maxlen=0)
    time.sleep(FOREVER_S)


def publish_locally(folder: Path, count: int) -> None:
    """Append everything once the follower has handed over its doorbell, and ring it for each turn's worth."""
    log = LogWriter(str(folder / "log"))
    frames = made(count)
    doorbells = Doorbells()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/doorbell")
        listener.listen()
        follower, _ = listener.accept()
        doorbell, flag = socket.recv_fds(follower, 1, 2)[1]
        doorbells.add(doorbell, Flag(flag), bytes([Kind.TRADE]))
    _without_collector()
    for first in range(0, count, TURN):
        turn = frames[first : first + TURN]
        deque(zip(map(log.append, turn), map(doorbells.note, turn), strict=True), maxlen=0)
        doorbells.ring()
    time.sleep(FOREVER_S)


def follow(folder: Path, count: int) -> float:
    """Return messages a second, all of them in order, from the first drain of them to the last; `count` > `DRAIN_MAX`."""
    sockets = Sockets()
    engine = _engine(folder, sockets)
    source = sockets.follower(f"ipc://{folder}/p", [b""], HWM)
    poll = select.poll()
    poll.register(source.fd, select.POLLIN)
    _without_collector()
    return _rate(SubReceiver(source.wire, engine, PUBLISHER), engine, lambda: poll.poll(LOOK_MS), count)


def follow_locally(folder: Path, count: int) -> float:
    """Do as `follow`, out of the publisher's log."""
    sockets = Sockets()
    engine = _engine(folder, sockets)
    until_s = time.monotonic() + START_S_MAX
    with socket.socket(socket.AF_UNIX) as publisher:
        while publisher.connect_ex(f"{folder}/doorbell") != 0:
            if time.monotonic() > until_s:
                raise ProcessFailedError(f"nobody listens at {folder}/doorbell")
            time.sleep(PROBE_S)
        tail, doorbell, fd = LogTail(str(folder / "log")), os.eventfd(0), flag_fd()
        flag = Flag(fd)
        _without_collector()
        socket.send_fds(publisher, [b"F"], [doorbell, fd])

    def wait() -> None:
        os.eventfd_read(doorbell)
        flag.clear()

    return _rate(LogReceiver(tail, engine, PUBLISHER), engine, wait, count)


class _Newest(Agent):
    """Wants the newest message alone, and does nothing with it."""

    def subscriptions(self) -> list[Subscription]:
        return [Subscription(PUBLISHER, STREAM, conflate=True)]


def _engine(folder: Path, sockets: Sockets) -> Engine:
    """Return the engine of a follower that has seen the stream begin."""
    log = LogWriter(str(folder / "own"))
    carrier = Carrier(sockets, f"ipc://{folder}/own.pub")
    engine = Engine(NAME, stream_config(folder, {NAME: HWM}), _Newest(), log, 1, carrier)
    engine.start(time.monotonic_ns(), time.time_ns())
    engine.link(PUBLISHER).tracker.set(STREAM, 1, 0, live=True)
    return engine


def _rate(receiver: Receiver, engine: Engine, wait: Callable[[], object], count: int) -> float:
    """Return messages a second up to the one numbered `count`; `wait` is called where there is nothing."""
    tracker = engine.link(PUBLISHER).tracker

    def drained() -> int:
        while not receiver.drain(DRAIN_MAX):
            wait()
        return tracker.position(STREAM)[1]

    first = reached = drained()
    begun_ns = time.monotonic_ns()
    while reached < count:
        reached = drained()
    return (count - first) * 1e9 / (time.monotonic_ns() - begun_ns)


def _without_collector() -> None:
    gc.collect()
    gc.freeze()
    gc.disable()


ENDS = {"pub": publish, "pub-local": publish_locally}
FOLLOWERS = {"sub": follow, "sub-local": follow_locally}

if __name__ == "__main__":
    end, where, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if end in ENDS:
        ENDS[end](where, number)
    else:
        sys.stdout.write(f"{FOLLOWERS[end](where, number)}\n")
