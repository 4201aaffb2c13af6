"""C signatures of `agents.venues.bybit.book_rules`."""

from libc.stdint cimport int64_t

from agents.venues.book_sync cimport BookSync


cdef class BybitBookSync(BookSync):
    cpdef bint precedes(self, int64_t last, int64_t snapshot_id) except -1
    cpdef bint joins(self, int64_t first, int64_t last, int64_t previous, int64_t snapshot_id) except -1
    cpdef bint continues(self, int64_t first, int64_t previous, int64_t last_update_id) except -1
