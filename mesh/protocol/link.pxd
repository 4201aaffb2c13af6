import cython

from libc.stdint cimport int64_t, uint32_t

from core.frame cimport Header
from core.histogram cimport LatencyHistogram
from core.sequence cimport SequenceTracker
from core.stream_table cimport StreamTable
from mesh.protocol.followed_stream cimport FollowedStream

cdef object DOWN


cdef class Link:
    cdef readonly str publisher
    cdef readonly SequenceTracker tracker
    cdef readonly LatencyHistogram transit
    cdef readonly bint same_host
    cdef int _ttl_ms
    cdef object _deliver
    cdef object _ask
    cdef object _tell
    cdef object _reopen
    cdef int64_t _suspect_ns
    cdef int64_t _down_ns
    cdef int64_t _heard_ns
    cdef bint _silent
    cdef bint _doubted
    cdef uint32_t _epoch
    cdef dict _streams
    cdef StreamTable _table     # the same, looked up by the agent with every tick

    @cython.locals(found=FollowedStream)
    cpdef object state(self, uint32_t stream)
    cpdef heard(self, int64_t now_ns)
    cpdef on_frame(self, bytes frame, int64_t now_ns)
