from libc.stdint cimport int64_t

from core.log.segment cimport record, walk
from core.log.view cimport Log


cdef class LogReader(Log):
    cdef walk indexed           # how far the index goes
    cdef walk polled            # how far `poll` went
    cdef bint polling
    cdef bint closed
    cdef int64_t start
    cdef readonly int64_t skipped_bytes

    cdef int _begin(self) except -1
    cdef bint _load(self) except -1
    cdef int64_t _before_start(self, list bases) except -2
    cdef bint _grown(self) except -1
    cdef bint _open_segment(self, int64_t base) except -1
    cdef int _drop_gone(self) except -1
    cdef bint _skip_gap(self, walk* at) except -1
    cdef bint _torn_at(self, int64_t position) except -1
