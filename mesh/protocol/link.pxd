import cython

from libc.stdint cimport int64_t, uint32_t, uint64_t

from core.frame cimport Header
from core.histogram cimport LatencyHistogram
from core.sequence cimport SequenceTracker
from core.stream_table cimport StreamTable

cdef object DOWN


cdef class _Stream:
    cdef public object subscription
    cdef public bint event
    cdef public object state
    cdef public bint joined
    cdef public tuple target
    cdef public dict held
    cdef public uint64_t asked
    cdef public int64_t backoff_ns
    cdef public int failures
    cdef public int64_t retry_ns
    cdef public uint64_t received
    cdef public uint64_t repaired
    cdef public uint64_t lost
    cdef public uint64_t gaps
    cdef public uint64_t duplicates
    cdef public uint64_t came                      # frames from the wire that were not in order
    cdef public uint64_t came_before               # frames from the wire when a BEAT last found a gap
    cdef public int silent_gaps


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

    @cython.locals(found=_Stream)
    cpdef object state(self, uint32_t stream)
    cpdef heard(self, int64_t now_ns)
    cpdef on_frame(self, bytes frame, int64_t now_ns)
