"""The monotonic clock, read without an object for the time: what compiled code asks for with every frame that it sends."""

cimport cython
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

import time

cdef int64_t SECOND_NS = 1_000_000_000


cpdef int64_t monotonic_ns() noexcept:
    """Return what `time.monotonic_ns` does."""
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * SECOND_NS + <int64_t>now.tv_nsec


@cython.final
cdef class Clock:
    """The clock that an agent's frames are stamped by."""

    def __init__(self, read=None):
        """Tell what `read()` does; without it, the time of the input that is handled."""
        self.read = read
        self.live = read is time.monotonic_ns

    cpdef int64_t now_ns(self, int64_t input_ns) except -1:
        """Return the time now, while an input is handled that came at `input_ns`."""
        # The system's own clock is read in C: called as an object it costs as much as the append to the log.
        if self.live:
            return monotonic_ns()
        return input_ns if self.read is None else self.read()
