"""Fields of `agents.venues.depth_update`."""

cimport cython
from libc.stdint cimport int64_t


@cython.freelist(8)
@cython.no_gc
cdef class DepthUpdate:
    cdef readonly object delta
    cdef readonly int64_t first_update_id
    cdef readonly int64_t last_update_id
    cdef readonly int64_t previous_update_id
    cdef readonly int64_t check_id
    cdef readonly int64_t checksum
    cdef readonly bytes bids
    cdef readonly bytes asks
