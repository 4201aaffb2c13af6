"""The wall time of a log's records: a header has monotonic times, some messages have the wall time of the same moment.

The difference of both clocks is the same for all agents of a host until it is started anew or its wall clock is set. It is
learnt from each message that carries our wall clock; before the first of an epoch, from those that follow. A log that has
none of them (signals, decisions) takes it from a log beside it. Where nothing tells it, a record has no wall time.
"""

from collections.abc import Callable, Iterable

import msgspec

from core.frame import Header
from schemas.messages import (
    TYPE_NUMBERS,
    BookDelta,
    BookSnapshot,
    Equity,
    FeedState,
    MarkPrice,
    Message,
    OrderFilled,
    OrderUpdated,
    Quote,
    Trade,
    VenueClock,
)

SET_BACK_NS = 5_000_000_000
"""A wall clock that is set by less is the same clock."""

TIMED: dict[int, type[Message]] = {
    TYPE_NUMBERS[cls]: cls
    for cls in (
        BookDelta,
        BookSnapshot,
        Equity,
        FeedState,
        MarkPrice,
        OrderFilled,
        OrderUpdated,
        Quote,
        Trade,
        VenueClock,
    )
}
"""Messages whose `ts_recv_ns` is the wall time of the input that they were published on, by type number."""


class ClockSample(msgspec.Struct, frozen=True):
    """One moment on both clocks."""

    mono_ns: int
    wall_ns: int

    @property
    def offset_ns(self) -> int:
        """Wall time less monotonic time."""
        return self.wall_ns - self.mono_ns


def mono_ns(header: Header) -> int:
    """Return the monotonic time of the input that a record was published on."""
    return header.recv_ns or header.decided_ns or header.send_ns


def sample_of(header: Header, message: Message) -> ClockSample | None:
    """Return what a record tells of both clocks, None if it does not."""
    if header.type not in TIMED:
        return None
    wall_ns: int = message.ts_recv_ns  # type: ignore[attr-defined]  # all of them have it
    return ClockSample(mono_ns(header), wall_ns) if wall_ns and mono_ns(header) else None


class WallClock:
    """Tells the wall time of one log's records, oldest first."""

    def __init__(self, beside: Callable[[], Iterable[ClockSample]]) -> None:
        """Know nothing yet; `beside` gives what other logs of the host tell, and is asked once if it is needed."""
        self._beside = beside
        self._samples: list[ClockSample] | None = None
        self._epoch = 0
        self._offset_ns: int | None = None
        self._last_ns = 0

    def knows(self, header: Header) -> bool:
        """Return whether the log itself has told the clock of the record's epoch."""
        return header.epoch == self._epoch and self._offset_ns is not None

    def learn(self, epoch: int, sample: ClockSample) -> None:
        """Take what a record of an epoch told."""
        self._epoch, self._offset_ns = epoch, sample.offset_ns

    def borrow(self, header: Header) -> None:
        """Take the clock of the record's epoch from the logs beside this one, if one of them tells it."""
        if self._samples is None:
            self._samples = list(self._beside())
        at_ns = mono_ns(header)
        self._epoch, self._offset_ns = header.epoch, None
        fitting = [each for each in self._samples if each.offset_ns + at_ns >= self._last_ns - SET_BACK_NS]
        if fitting:
            # Of another boot are those that would place it before what came earlier; of the rest the nearest counts.
            self._offset_ns = min(fitting, key=lambda each: abs(each.mono_ns - at_ns)).offset_ns

    def wall_ns(self, header: Header) -> int:
        """Return the record's wall time, 0 if nothing tells it."""
        if self._offset_ns is None or header.epoch != self._epoch:
            return 0
        self._last_ns = mono_ns(header) + self._offset_ns
        return self._last_ns
