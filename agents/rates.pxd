cdef class TokenBucket:
    cdef object _rate_milli
    cdef object _room
    cdef object _level
    cdef object _at_ns

    cpdef bint take(self, now_ns) except -1
    cdef _advance(self, now_ns)


cdef class Correlations:
    cdef dict _index
    cdef list _last
    cdef readonly object samples
    cdef readonly object samples_needed
    cdef object _ewma

    cpdef between(self, one, other)
