from libc.stdint cimport int64_t, uint64_t


cdef class FollowedStream:
    cdef public object subscription
    cdef public bint event
    cdef public bint wants_state
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
    cdef public uint64_t skipped
    cdef public uint64_t gaps
    cdef public uint64_t duplicates
    cdef public uint64_t came                      # frames from the wire that were not in order
    cdef public uint64_t came_before               # frames from the wire when a BEAT last found a gap
    cdef public int silent_gaps
