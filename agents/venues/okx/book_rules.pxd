"""Fields and C signatures of `agents.venues.okx.book_rules`."""

from libc.stdint cimport int64_t

from agents.instruments cimport InstrumentInfo
from agents.venues.book_sync cimport BookSync
from agents.venues.depth_update cimport DepthUpdate
from core.book cimport OrderBook


cdef class OkxBookSync(BookSync):
    cdef DepthUpdate _before

    cpdef reset(self)
    cpdef object on_update(self, DepthUpdate update)
    cdef object _on_unnumbered(self, DepthUpdate update)
    cdef bint _is_old(self, DepthUpdate update) except -1
    cpdef bint precedes(self, int64_t last, int64_t snapshot_id) except -1
    cpdef bint joins(self, int64_t first, int64_t last, int64_t previous, int64_t snapshot_id) except -1
    cpdef bint continues(self, int64_t first, int64_t previous, int64_t last_update_id) except -1
    cpdef bint restarts(self, int64_t last, int64_t previous, int64_t last_update_id) except -1
    cpdef bint checksum_holds(self, OrderBook levels, InstrumentInfo info, int64_t checksum) except -1
