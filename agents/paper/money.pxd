import cython

from libc.stdint cimport int64_t

cdef int64_t _ONE


@cython.locals(word=int64_t)
cpdef str format_e8(value)
