import cython

from libc.stdint cimport int64_t

cdef int RISK_AVERSE
cdef int OPTIMISTIC
cdef int POWER
cdef int LOG


cdef class QueueModel:
    cdef readonly str name
    cdef readonly double power
    cdef int _kind

    @cython.locals(canceled=double, behind=double, from_behind=double)
    cpdef double ahead(self, double ahead, int64_t before, int64_t displayed, int64_t traded) except? -1
    cdef double _share_behind(self, double ahead, double behind) except? -1
