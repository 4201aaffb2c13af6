"""PUB/SUB with no Python per message: `python -m bench.compiled_stream pub|sub|pub-local|sub-local FOLDER COUNT`.

The publisher appends each ready frame to a log, one after the other, called from compiled iterators. To another host
(`pub`) it sends it over ZeroMQ too, and the subscriber drains with header and sequence check into a built-in; on one host
(`pub-local`) it rings its follower once for each turn's worth, which reads the log and does the same. Between them are
the product's own `LogWriter`, `Wire`, `Doorbells`, `LogTail` and `SequenceTracker`. The subscriber prints its messages a
second, from the first to the last.
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

from bench.processes import ProcessFailedError
from core.frame import HEADER_SIZE, pack
from core.log import LogWriter
from core.log.tail import LogTail
from core.sequence import SequenceTracker
from mesh.transport.sockets import Sockets
from mesh.transport.unix_wire import Doorbells, Flag, flag_fd
from mesh.transport.zmq_wire import OK
from schemas.streams import Kind, stream_id

MESSAGE_BYTES = 128
"""As many as the floor in C sends."""

HWM = 4_000_000
STREAM = stream_id(Kind.TRADE, 1, 1)
PROBES = stream_id(Kind.QUOTE, 1, 1)
PROBE_S = 0.005
LOOK_MS = 20
DRAIN_MAX = TURN = 256
START_S_MAX = 20.0
FOREVER_S = 3600


def frame(stream: int, seq: int) -> bytes:
    """Return a ready publication."""
    return pack(stream=stream, type=1, sender=2, epoch=1, seq=seq, payload=bytes(MESSAGE_BYTES - HEADER_SIZE))


def publish(folder: Path, count: int) -> None:
    """Send probes until the subscriber says that it listens, then everything."""
    sockets = Sockets()
    out = sockets.publisher(f"ipc://{folder}/p", HWM).wire
    answers = sockets.answerer(f"ipc://{folder}/ready", 10, 10).wire
    log = LogWriter(str(folder / "log"))
    frames = [frame(STREAM, seq) for seq in range(1, count + 1)]
    _without_collector()
    said: list[bytes] = []
    while not said:
        out.send(frame(PROBES, 1))
        time.sleep(PROBE_S)
        answers.drain_routed(lambda identity, answer: said.append(answer), 10)
    # Each step of `zip` appends one frame, then sends it.
    deque(zip(map(log.append, frames), map(out.send, frames), strict=True), maxlen=0)
    time.sleep(FOREVER_S)


def publish_locally(folder: Path, count: int) -> None:
    """Append everything once the follower has handed over its bell, and ring it for each turn's worth."""
    log = LogWriter(str(folder / "log"))
    frames = [frame(STREAM, seq) for seq in range(1, count + 1)]
    bells = Doorbells()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/bell")
        listener.listen()
        follower, _ = listener.accept()
        bell, flag = socket.recv_fds(follower, 1, 2)[1]
        bells.add(bell, Flag(flag), bytes([Kind.TRADE]))
    _without_collector()
    for first in range(0, count, TURN):
        turn = frames[first : first + TURN]
        deque(zip(map(log.append, turn), map(bells.note, turn), strict=True), maxlen=0)
        bells.ring()
    time.sleep(FOREVER_S)


def follow(folder: Path, count: int) -> float:
    """Return messages a second, all of them in order, from the first drain of them to the last; `count` > `DRAIN_MAX`."""
    sockets = Sockets()
    source = sockets.follower(f"ipc://{folder}/p", [b""], HWM)
    ready = sockets.asker(f"ipc://{folder}/ready", 10, 10).wire
    poll = select.poll()
    poll.register(source.fd, select.POLLIN)
    reader = _Reader(source.wire.drain_tracked, lambda: poll.poll(LOOK_MS))
    _without_collector()
    reader.drained()
    while ready.send(frame(PROBES, 1)) != OK:
        time.sleep(PROBE_S)
    return reader.rate(count)


def follow_locally(folder: Path, count: int) -> float:
    """Do as `follow`, out of the publisher's log."""
    path = folder / "log"
    until_s = time.monotonic() + START_S_MAX
    with socket.socket(socket.AF_UNIX) as publisher:
        while publisher.connect_ex(f"{folder}/bell") != 0:
            if time.monotonic() > until_s:
                raise ProcessFailedError(f"nobody listens at {folder}/bell")
            time.sleep(PROBE_S)
        tail, bell, fd = LogTail(str(path)), os.eventfd(0), flag_fd()
        flag = Flag(fd)
        _without_collector()
        socket.send_fds(publisher, [b"F"], [bell, fd])

    def wait() -> None:
        os.eventfd_read(bell)
        flag.clear()

    return _Reader(tail.drain_tracked, wait).rate(count)


class _Reader:
    """Drains one stream, and waits where there is nothing."""

    def __init__(self, drain: Callable[..., int], wait: Callable[[], object]) -> None:
        self._drain = drain
        self._wait = wait
        self._tracker = SequenceTracker()
        self._tracker.set(STREAM, 1, 0)
        self._sink: deque[bytes] = deque(maxlen=1)

    def drained(self) -> int:
        """Take what waits, at least once something does; return the sequence that was reached."""
        while not self._drain(self._tracker, self._sink.append, self._sink.append, DRAIN_MAX):
            self._wait()
        return self._tracker.position(STREAM)[1]

    def rate(self, count: int) -> float:
        """Return messages a second up to the one numbered `count`."""
        while not (first := self.drained()):
            pass
        begun_ns = time.monotonic_ns()
        reached = first
        while reached < count:
            reached = self.drained()
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
