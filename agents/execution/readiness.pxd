cdef class Readiness:
    cdef readonly bint reconciled
    cdef readonly str trouble
    cdef readonly str closed
