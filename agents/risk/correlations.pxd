cdef class Correlations:
    cdef dict _index
    cdef list _last
    cdef readonly object samples_needed
    cdef object _ewma

    cpdef between(self, one, other)
