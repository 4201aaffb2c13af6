"""How far a venue's clock is from ours, and how wrong that may be, from asking it for the time; without I/O.

A question and its answer bound the venue's clock: it was read between the two, so taking it to have been read in the middle
is wrong by half the round trip at most, and by the last digit of what the venue tells (F. Cristian, "Probabilistic clock
synchronization", Distributed Computing 3, 1989). Of the newest samples the one that is worth most is used, and an older one
is worth less, as clocks drift (`DRIFT_PPM`).

Two samples that cannot both be right tell that a clock was set, and the older ones are dropped. If that happens again and
again the clock does not run as ours does (a recording that is played at another speed), and nothing can be judged by it:
the error is `ERROR_NS_MAX` then, so that no message is ever late by this clock.
"""

from collections import deque

import msgspec

from schemas.units import MS

SAMPLES_KEPT = 8
DRIFT_PPM = 100
"""What a quartz clock may drift, twice what is common, as both do."""
DIGIT_NS = MS
"""Venues tell whole milliseconds."""
BREAKS_MAX = 2
"""So many samples in a row that contradict the one before: the clock cannot be followed."""
ERROR_NS_MAX = 10**18


class _Sample(msgspec.Struct, frozen=True):
    offset_ns: int
    error_ns: int
    taken_ns: int

    def error_ns_at(self, now_ns: int) -> int:
        return self.error_ns + max(0, now_ns - self.taken_ns) * DRIFT_PPM // 1_000_000


class ClockEstimator:
    """The offset of one venue's clock: what it shows more than our wall clock."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES_KEPT)
        self._breaks = 0

    @property
    def known(self) -> bool:
        """Whether the venue has told its time at all."""
        return bool(self._samples)

    @property
    def followed(self) -> bool:
        """Whether the venue's clock runs as ours does, as far as is known."""
        return self._breaks < BREAKS_MAX

    @property
    def settled(self) -> bool:
        """Whether two samples in a row have agreed since anything was contradicted."""
        return self._breaks == 0 and len(self._samples) > 1

    def take(self, venue_ns: int, sent_ns: int, received_ns: int, wall_ns: int) -> bool:
        """Take an answer: the venue's time, our monotonic time at question and answer, our wall clock at the answer.

        Returns:
            False if it contradicts the sample before, so that another one should be taken soon.
        """
        half_ns = max(0, received_ns - sent_ns) // 2
        # The venue's time is cut to whole milliseconds: on average half a digit later than what it says.
        sample = _Sample(venue_ns + DIGIT_NS // 2 - (wall_ns - half_ns), half_ns + DIGIT_NS, received_ns)
        before = self._samples[-1] if self._samples else None
        agrees = before is None or abs(sample.offset_ns - before.offset_ns) <= (
            sample.error_ns + before.error_ns_at(received_ns)
        )
        if agrees:
            self._breaks = 0
        else:
            self._breaks += 1
            self._samples.clear()
        self._samples.append(sample)
        return agrees

    def estimate(self, now_ns: int) -> tuple[int, int]:
        """Return offset and error as of `now_ns` (monotonic); (0, 0) is not known, `ERROR_NS_MAX` cannot be followed."""
        if not self._samples:
            return 0, 0
        best = min(self._samples, key=lambda sample: sample.error_ns_at(now_ns))
        return best.offset_ns, best.error_ns_at(now_ns) if self.followed else ERROR_NS_MAX
