from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from core.stream_map cimport stream_map


cpdef enum:
    IN_ORDER = 0
    DUPLICATE = -1
    OLD_EPOCH = -2
    NEW_EPOCH = -3
    UNKNOWN = -4
    HELD = -5


cdef struct tracked:
    uint64_t seq
    uint64_t passed             # messages found in order so far
    uint32_t epoch
    uint32_t stream
    bint live


cdef class SequenceTracker:
    cdef stream_map places
    cdef tracked* entries
    cdef size_t capacity

    cpdef int64_t observe(self, uint32_t stream, uint32_t epoch, uint64_t seq) noexcept
    cdef int64_t observe_c(self, uint32_t stream, uint32_t epoch, uint64_t seq) noexcept nogil
    cdef tracked* entry_of(self, uint32_t stream) noexcept nogil
    cdef tracked* _known(self, uint32_t stream) except NULL
    cdef tracked* _add(self, uint32_t stream) except NULL
