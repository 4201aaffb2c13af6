import cython

from core.book cimport OrderBook
from core.frame cimport Header
from libc.stdint cimport int64_t


cdef class Source:
    cdef public object stream
    cdef public tuple cause
    cdef public int64_t seen_ns
    cdef public bint healthy


cdef class Feed:
    cdef public str publisher
    cdef public object info
    cdef public OrderBook book
    cdef public bint book_valid
    cdef public object last_px_ticks
    cdef public object quote_bid_ticks
    cdef public object quote_ask_ticks
    cdef public object damaged
    cdef public Source trades
    cdef public Source books
    cdef public Source quotes
    cdef dict _sources

    @cython.locals(source=Source)
    cpdef bint apply(self, Header header, message, int64_t now_ns, int64_t wall_ns) except -1
    @cython.locals(source=Source, seen_ns=int64_t, age_ns=int64_t)
    cpdef fault(self, ctx, int64_t age_ns_max)
    cdef _reported(self, Source source, message)
    cdef bint _take(self, message) except -1
    cdef bint _change_book(self, message) except -1
