cdef class Readiness:
    cdef readonly bint reconciled
    cdef readonly str trouble
