"""Log rotation: what the append costs that goes on in the next segment, beside the other appends.

Each append is timed by itself, less the clock readings, while the thread that syncs and prepares runs as in an agent.
Paced: a turn of frames every millisecond, so that the thread has the next segment ready in time and the append only puts it
in its place. Flat out: the segment is full before the thread has looked again, so that mostly the append makes the next one
itself and waits for the file system; a loop that never rests also keeps the GIL from the thread. Segments are small, to see
many rotations soon, and retention removes the oldest one each time; agents fill 64 MiB before they rotate.
"""

import time
from collections.abc import Sequence
from functools import partial
from time import perf_counter_ns

import msgspec
import numpy as np

from bench.measure import clock_ns, quiet
from bench.scenario import US, Bench
from bench.workloads import frames
from core.log import LogWriter
from mesh.node.log_sync import LogSync

NAME = "rotation"
TITLE = "Log rotation"
WEIGHT = 0.3
SEGMENT_BYTES = 1 << 20
RETAINED = 2
SYNC_MS = 5
FRAMES_IN_SEGMENT = SEGMENT_BYTES // 208
"""What records of 200-byte frames fill."""

TURN_FRAMES, TURN_S = 100, 1e-3
WAYS = {"paced": TURN_S, "flat_out": 0.0}


class Appends(msgspec.Struct):
    """Nanoseconds of the appends of one run."""

    rotating: np.ndarray
    ordinary: np.ndarray


def run(bench: Bench) -> None:
    """Measure."""
    made = frames(FRAMES_IN_SEGMENT * bench.settings.n(5, 5, 2))
    found = bench.rounds({way: partial(once, bench, made, turn_s) for way, turn_s in WAYS.items()})
    rows: list[tuple[str, list[float | None]]] = []
    for way, rounds in found.items():
        for which in ("rotating", "ordinary"):
            samples = [getattr(each, which) for each in rounds]
            p50, most = ([float(take(each)) * US for each in samples] for take in (np.median, np.max))
            bench.figure(f"{way}.{which}.p50", "us", p50)
            bench.figure(f"{way}.{which}.max", "us", most, source="info")
            rows.append(
                (f"{way}, {which}", [float(np.median(p50)), float(np.median(most)), max(most), sum(map(len, samples))])
            )
    bench.table("An append, us", ["p50", "max of a round", "max", "appends"], rows)


def once(bench: Bench, made: Sequence[bytes], turn_s: float) -> Appends:
    """Append all frames, a turn of them each `turn_s` (0: without a pause)."""
    with bench.folder() as folder:
        writer = LogWriter(str(folder / "log"), segment_bytes=SEGMENT_BYTES, retention_bytes=RETAINED * SEGMENT_BYTES)
        sync = LogSync(writer, SYNC_MS, _fail)
        sync.start()
        try:
            taken_ns, positions = _append(writer, made, turn_s)
        finally:
            sync.stop()
            writer.close()
    rotates = np.diff(positions // SEGMENT_BYTES, prepend=0) > 0
    return Appends(taken_ns[rotates], taken_ns[~rotates])


def _append(writer: LogWriter, made: Sequence[bytes], turn_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the nanoseconds and the position of each append."""
    append = writer.append
    taken_ns, positions = np.empty((2, len(made)), dtype=np.int64)
    with quiet():
        read_ns = clock_ns()
        due_s = time.monotonic()
        for index, frame in enumerate(made):
            if turn_s and index % TURN_FRAMES == 0:
                time.sleep(max(0.0, due_s - time.monotonic()))
                due_s += turn_s
            begun_ns = perf_counter_ns()
            position = append(frame)
            taken_ns[index] = perf_counter_ns() - begun_ns
            positions[index] = position
    return np.maximum(taken_ns - read_ns, 0), positions


def _fail(error: OSError) -> None:
    raise error
