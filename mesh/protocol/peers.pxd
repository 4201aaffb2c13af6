from libc.stdint cimport uint16_t

from core.histogram cimport LatencyHistogram


cdef class Peer:
    cdef readonly str name
    cdef readonly bint same_host
    cdef readonly LatencyHistogram transit


cdef class Peers:
    cdef str _name
    cdef object _config
    cdef dict _by_sender
    cdef Peer _operator

    cpdef Peer of(self, uint16_t sender)
    cpdef bint is_same_host(self, str peer) except -1
