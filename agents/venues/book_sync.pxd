"""Fields and C signatures of `agents.venues.book_sync`."""

cimport cython
from libc.stdint cimport int64_t

from agents.instruments cimport InstrumentInfo
from agents.venues.depth_update cimport DepthUpdate
from core.book cimport OrderBook


cdef class BookSync:
    cdef readonly bint synced
    cdef readonly int64_t last_update_id
    cdef list _kept
    cdef list _joined
    cdef int64_t _snapshot_id
    cdef bint _fresh

    cpdef reset(self)
    @cython.locals(first=int64_t, last=int64_t, previous=int64_t)
    cpdef object on_update(self, DepthUpdate update)
    cpdef object on_snapshot(self, int64_t last_update_id)
    cpdef object on_stream_snapshot(self, int64_t last_update_id)
    cpdef list joined(self)
    @cython.locals(before=DepthUpdate)
    cdef object _keep(self, DepthUpdate update)
    cdef object _join(self)

    # The venue's rule, for an update from `first` to `last` that says that it follows `previous`.
    cpdef bint precedes(self, int64_t last, int64_t snapshot_id) except -1
    cpdef bint joins(self, int64_t first, int64_t last, int64_t previous, int64_t snapshot_id) except -1
    cpdef bint continues(self, int64_t first, int64_t previous, int64_t last_update_id) except -1
    cpdef bint restarts(self, int64_t last, int64_t previous, int64_t last_update_id) except -1
    cpdef bint checksum_holds(self, OrderBook levels, InstrumentInfo info, int64_t checksum) except -1
