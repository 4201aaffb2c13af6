"""Fields and C signatures of `agents.venues.trade_spans`."""

from libc.stdint cimport int64_t

cdef enum:
    SPANS_KEPT = 4096  # a power of two


cdef class TradeSpans:
    cdef int64_t[SPANS_KEPT] ids
    cdef int64_t[SPANS_KEPT] counts

    cpdef void note(self, int64_t last_id, int64_t count) noexcept
    cpdef int64_t of(self, int64_t last_id) noexcept
