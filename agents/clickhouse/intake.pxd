cimport cython
from libc.stdint cimport int64_t, uint64_t

from agents.clickhouse.link cimport Link
from core.columns cimport Layout, Rows
from core.frame cimport Header


cdef int _DUE
cdef int _FIRST
cdef int _DUPLICATE
cdef int _REPLAY


cdef class Lane:
    cdef str table
    cdef Layout layout
    cdef Rows rows


cdef class Intake:
    cdef dict links
    cdef dict lanes
    cdef list touched
    cdef readonly uint64_t gap_messages
    cdef readonly int64_t rows
    cdef readonly int64_t level_bytes
    cdef public int64_t rows_due
    cdef public int64_t level_bytes_due

    @cython.locals(link=Link, due=uint64_t, todo=int)
    cpdef int take(self, publisher, Header header, message, int64_t now_ns) except -1
    @cython.locals(lane=Lane, todo=int)
    cpdef int add(self, Link link, Header header, message) except -1
    @cython.locals(lane=Lane, link=Link)
    cpdef tuple hand_over(self)
