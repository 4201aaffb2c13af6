import cython

from agents.state.message_fields cimport TradeFields
from libc.stdint cimport int64_t

cdef TradeFields TRADE
cdef int64_t LOTS_MAX


cdef class BarBuilder:
    cdef readonly int64_t duration_ns
    cdef readonly object late
    cdef readonly int64_t due_ns
    cdef int64_t _start_ns
    cdef int64_t _end_ns
    cdef int64_t _open
    cdef int64_t _high
    cdef int64_t _low
    cdef int64_t _close
    cdef object _volume                 # what does not fit in _lots
    cdef int64_t _lots
    cdef int64_t _trades
    cdef int64_t _empty
    cdef bint _partial
    cdef bint _interrupted

    @cython.locals(event_ns=int64_t, start_ns=int64_t, price=int64_t)
    cpdef add(self, trade, int64_t now_ns)
    cpdef interrupt(self)
    cpdef close_due(self, int64_t now_ns, int64_t seen_ns)
    cdef _begin(self, int64_t start_ns, trade, int64_t now_ns)
    @cython.locals(bars=list)
    cdef _close_until(self, int64_t start_ns)
    cdef _close_bar(self)
    cdef _empty_bar(self)
