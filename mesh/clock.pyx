"""The monotonic clock, read without an object for the time: what compiled code asks for with every frame that it sends."""

from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cdef int64_t SECOND_NS = 1_000_000_000


cpdef int64_t monotonic_ns() noexcept:
    """Return what `time.monotonic_ns` does."""
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * SECOND_NS + <int64_t>now.tv_nsec
