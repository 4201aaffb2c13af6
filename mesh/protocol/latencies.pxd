import cython

from libc.stdint cimport int64_t

from core.frame cimport Header
from core.histogram cimport LatencyHistogram


cdef class Latencies:
    cdef str _name
    cdef readonly LatencyHistogram work
    cdef readonly LatencyHistogram sending
    cdef LatencyHistogram _age
    cdef dict _by_hop

    cpdef arrived(self, LatencyHistogram transit, Header header, int64_t now_ns)
    @cython.locals(histogram=LatencyHistogram)
    cpdef record(self, str hop, int64_t latency_ns)
