cdef class Readiness:
    cdef readonly bint reconciled
    cdef readonly str trouble
    cdef readonly bint barred
    cdef readonly int reason
    cdef readonly str text
    cdef dict _bars
    cdef readonly str closed
