"""The times of numbered ticks, shared by all processes of one chain, and the pipe that says which tick is next.

A tape is a file of 64-bit integers in memory: a head, then one column for each place that a tick passes, in monotonic
nanoseconds, 0 for not yet. C programs and Python processes map the same file, so every chain is measured the same way.
The pipe carries tick numbers of eight bytes: from `feed` (a C program that keeps to the schedule on the tape), or from the
end of the chain, which asks for the next tick when one has come out, as long as that is below the head's `chain_until`.
"""

import fcntl
import mmap
import os
import struct
from enum import IntEnum
from pathlib import Path

import numpy as np

HEAD_WORDS = 8
PIPE_BYTES = 1 << 20
TICK = struct.Struct("<q")


class Column(IntEnum):
    """Where a tick was when."""

    SCHEDULED = 0
    MD = 1
    SIGNAL = 2
    RISK = 3
    EXECUTION = 4
    ORDERED = 5
    FED = 6
    """When the feed asked for it: as late as this is after SCHEDULED, the bench itself was."""


class Head(IntEnum):
    """Words in front of the columns."""

    COUNT = 0
    CHAIN_UNTIL = 1
    ARRIVED = 2
    FEED = 3
    """0, then READY from a feed that waits, then GO from whoever has written the schedule."""


READY, GO = 1, 2


class Tape:
    """One open tape; `columns[c][n]` is when tick `n` was at `c`."""

    def __init__(self, path: Path) -> None:
        """Map the tape at `path`, which `create` has made, and open its pipe."""
        self.path = path
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self.words = memoryview(self._memory).cast("q")
        self.count = self.words[Head.COUNT]
        starts = [HEAD_WORDS + column * self.count for column in Column]
        self.columns = [self.words[start : start + self.count] for start in starts]
        self.pipe = os.open(pipe_path(path), os.O_RDWR | os.O_NONBLOCK)

    def array(self, column: Column) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Return one column as an array over the tape's own memory."""
        return np.frombuffer(self.columns[column], dtype=np.int64)

    def send(self, tick: int) -> None:
        """Ask the head of the chain for tick `tick`."""
        os.write(self.pipe, TICK.pack(tick))

    def ordered(self, tick: int, now_ns: int) -> None:
        """Note that the order of `tick` left at `now_ns`; ask for the next one if the chain drives itself."""
        if not self.columns[Column.ORDERED][tick]:
            self.columns[Column.ORDERED][tick] = now_ns
            self.words[Head.ARRIVED] += 1
            if tick + 1 < self.words[Head.CHAIN_UNTIL]:
                self.send(tick + 1)

    def close(self) -> None:
        """Close pipe and file; memory views that others hold keep the mapping alive."""
        os.close(self.pipe)


def create(path: Path, count: int) -> Tape:
    """Make a tape of `count` ticks and its pipe."""
    words = HEAD_WORDS + len(Column) * count
    with open(path, "wb") as file:
        file.write(TICK.pack(count))
        file.truncate(words * TICK.size)
    os.mkfifo(pipe_path(path))
    tape = Tape(path)
    fcntl.fcntl(tape.pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return tape


def pipe_path(path: Path) -> Path:
    """Return where the pipe of a tape is."""
    return path.with_suffix(".ticks")
