from libc.stdint cimport int64_t, uint32_t, uint64_t

from core.histogram cimport LatencyHistogram


cdef class Arrivals:
    cdef readonly uint32_t number
    cdef readonly str publisher
    cdef readonly uint32_t stream
    cdef readonly str venue
    cdef readonly str symbol
    cdef readonly bint restarts
    cdef readonly bint local
    cdef readonly dict symbols
    cdef public LatencyHistogram latency
    cdef public uint32_t epoch
    cdef public uint64_t seq
    cdef public bint touched

    cpdef uint64_t observe(self, uint32_t epoch, uint64_t seq) except? 0
