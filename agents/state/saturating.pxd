import cython

from core.levels cimport int128_t

cdef int128_t NARROW_MAX
cdef int128_t WIDE_MAX

@cython.locals(number=int128_t)
cpdef int128_t wide(value) except? -1
cpdef int128_t times(int128_t one, int128_t other) except? -1
cdef _product(one, other)
