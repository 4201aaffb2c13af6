"""Fields and C signatures of `agents.live_book`."""

cimport cython
from libc.stdint cimport int64_t

from agents.book_check cimport BookCheck
from agents.venues.book_sync cimport BookSync
from core.book cimport OrderBook


cdef class Book:
    cdef readonly object info
    cdef readonly object feed
    cdef readonly BookCheck check
    cdef readonly BookSync sync
    cdef readonly OrderBook levels
    cdef readonly str timer
    cdef public object snapshot
    cdef public int64_t call_id
    cdef public int64_t attempts
    cdef public int64_t not_before_ns
    cdef object _last

    cpdef clear(self)
    cpdef clear_levels(self)
    cpdef str apply(self, delta)
    cpdef str replace(self, snapshot)
    @cython.locals(levels=OrderBook)
    cpdef compare(self, int64_t update_id)
    @cython.locals(levels=OrderBook)
    cdef bint _crossed(self) noexcept
