import cython

from core.levels cimport int128_t
from libc.stdint cimport int64_t

cdef int128_t TOKEN


cdef class TokenBucket:
    cdef int128_t _rate_milli
    cdef int128_t _room
    cdef int128_t _level
    cdef int64_t _at_ns

    @cython.locals(level=object)
    cpdef double level(self, int64_t now_ns) except? -1
    cpdef bint take(self, int64_t now_ns) except -1
    @cython.locals(missing=int128_t)
    cpdef int64_t wait_ns(self, int64_t now_ns) except? -1
    @cython.locals(passed_ns=int128_t)
    cdef _advance(self, int64_t now_ns)
