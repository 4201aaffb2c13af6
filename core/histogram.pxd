"""Fields and C signatures of the latency histogram, for compiled code that records without the GIL."""

from libc.stdint cimport int64_t, uint64_t

cdef enum:
    SUB_BITS = 7
    TOP_BITS = 40
    BUCKETS = (TOP_BITS - SUB_BITS + 1) << SUB_BITS


cdef class LatencyHistogram:
    cdef readonly int64_t count
    cdef readonly int64_t negative
    cdef readonly int64_t saturated
    cdef int64_t lowest
    cdef int64_t highest
    cdef uint64_t sum_low
    cdef uint64_t sum_high
    cdef int64_t counts[BUCKETS]

    cpdef void record(self, int64_t value_ns) noexcept
    cdef void record_c(self, int64_t value_ns) noexcept nogil
    cdef int64_t at_rank(self, int64_t rank) noexcept nogil
    cdef void clear(self) noexcept nogil
