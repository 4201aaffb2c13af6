cimport cython
from libc.stdint cimport int64_t, uint64_t

from agents.archive.arrivals cimport Arrivals
from core.columns cimport Layout, Rows
from core.frame cimport Header


cdef int FLAG_REPLAY
cdef int _DUE
cdef int _FIRST
cdef int _DUPLICATE


cdef class StreamRows:
    cdef str table
    cdef Layout layout
    cdef Rows rows


cdef class RowIntake:
    cdef dict links
    cdef dict by_message
    cdef list touched
    cdef public uint64_t duplicates
    cdef readonly uint64_t gap_messages
    cdef readonly int64_t rows
    cdef readonly int64_t level_bytes
    cdef public int64_t rows_due
    cdef public int64_t level_bytes_due

    @cython.locals(link=Arrivals, due=uint64_t, todo=int)
    cpdef int take(self, publisher, Header header, message, int64_t now_ns) except -1
    @cython.locals(link=Arrivals, todo=int, start=Py_ssize_t, stop=Py_ssize_t)
    cpdef int take_all(self, publisher, list headers, list messages, int64_t now_ns) except -1
    @cython.locals(kept=StreamRows)
    cpdef int add(self, Arrivals link, Header header, message) except -1
    @cython.locals(kept=StreamRows, link=Arrivals)
    cpdef tuple hand_over(self)
    @cython.locals(kept=StreamRows, header=Header, seq=uint64_t, index=Py_ssize_t)
    cdef Py_ssize_t _run_end(self, Arrivals link, list headers, list messages, Py_ssize_t start) except -1
    @cython.locals(kept=StreamRows, header=Header, last=Header, index=Py_ssize_t)
    cdef int _add_run(
        self, Arrivals link, list headers, list messages, Py_ssize_t start, Py_ssize_t stop, int64_t now_ns
    ) except -1
    cdef int _touch(self, Arrivals link) except -1
    @cython.locals(first=bint, todo=int)
    cdef int _added(self, int64_t rows, int64_t level_bytes) except -1
