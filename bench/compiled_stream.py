"""PUB/SUB with no Python per message: `python -m bench.compiled_stream pub|sub FOLDER COUNT`.

The publisher appends each ready frame to a log and sends it, one after the other, called from compiled iterators; the
subscriber drains with header and sequence check into a built-in. Between them are the product's own `LogWriter`, `Wire` and
`SequenceTracker`. The subscriber prints its messages a second, from the first to the last.
"""

import gc
import select
import sys
import time
from collections import deque
from pathlib import Path

from core.frame import HEADER_SIZE, pack
from core.log import LogWriter
from core.sequence import SequenceTracker
from mesh.sockets import Sockets
from mesh.wire import OK
from schemas.streams import Kind, stream_id

MESSAGE_BYTES = 128
"""As many as the floor in C sends."""

HWM = 4_000_000
STREAM = stream_id(Kind.TRADE, 1, 1)
PROBES = stream_id(Kind.QUOTE, 1, 1)
PROBE_S = 0.005
LOOK_MS = 20
DRAIN_MAX = 256
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


def follow(folder: Path, count: int) -> float:
    """Return messages a second, all of them in order, from the first drain of them to the last; `count` > `DRAIN_MAX`."""
    sockets = Sockets()
    source = sockets.follower(f"ipc://{folder}/p", [b""], HWM)
    ready = sockets.asker(f"ipc://{folder}/ready", 10, 10).wire
    tracker = SequenceTracker()
    tracker.set(STREAM, 1, 0)
    poll = select.poll()
    poll.register(source.fd, select.POLLIN)
    sink: deque[bytes] = deque(maxlen=1)
    _without_collector()

    def drained() -> int:
        """Take what waits, at least once something does; return the sequence that was reached."""
        while not source.wire.drain_tracked(tracker, sink.append, sink.append, DRAIN_MAX):
            poll.poll(LOOK_MS)
        return tracker.position(STREAM)[1]

    drained()
    while ready.send(frame(PROBES, 1)) != OK:
        time.sleep(PROBE_S)
    while not (first := drained()):
        pass
    begun_ns = time.monotonic_ns()
    reached = first
    while reached < count:
        reached = drained()
    return (count - first) * 1e9 / (time.monotonic_ns() - begun_ns)


def _without_collector() -> None:
    gc.collect()
    gc.freeze()
    gc.disable()


if __name__ == "__main__":
    if sys.argv[1] == "pub":
        publish(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.stdout.write(f"{follow(Path(sys.argv[2]), int(sys.argv[3]))}\n")
