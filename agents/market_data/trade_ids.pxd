"""Fields and C signatures of `agents.market_data.trade_ids`."""

from libc.stdint cimport int64_t

from agents.venues.trade_spans cimport TradeSpans


cdef class TradeIds:
    cdef readonly int64_t last     # below 0 before the first trade
    cdef readonly int64_t first    # with which the message began that was last out of order
    cdef TradeSpans spans

    cpdef int64_t observe(self, str trade_id) except? -9
    cpdef bint follows(self, str trade_id) except? -1
    cpdef int resume(self, str trade_id) except? -1
    cdef int64_t begin(self, int64_t number)
    cdef int64_t step(self, int64_t number)
    cdef int64_t span(self, int64_t number)
