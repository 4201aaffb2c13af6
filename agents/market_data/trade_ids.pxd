"""Fields and C signatures of `agents.market_data.trade_ids`."""

from libc.stdint cimport int64_t


cdef class TradeIds:
    cdef readonly int64_t last    # -1 before the first trade

    cpdef int64_t observe(self, str trade_id) except? -9
