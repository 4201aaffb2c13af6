from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

from core.stream_map cimport stream_map


# Where a stream has records in one block of the log.
cdef struct index_block:
    int64_t position            # of the first of them
    uint64_t seq
    uint32_t epoch
    uint32_t count


cdef struct index_stream:
    uint32_t stream
    uint32_t epoch              # of the last record ever added, also when retention has dropped it
    uint64_t seq
    int64_t position
    index_block* blocks
    size_t begin
    size_t end
    size_t capacity


# One record of a stream in the index.
cdef struct index_cursor:
    const index_stream* entry
    size_t block
    uint32_t record             # which of its block
    int64_t position


cdef class LogIndex:
    cdef stream_map places
    cdef index_stream* entries
    cdef size_t capacity

    cdef index_stream* prepare(self, uint32_t stream) except NULL
    cdef void add(
        self, index_stream* entry, uint32_t epoch, uint64_t seq, int64_t position, int64_t base
    ) noexcept nogil
    cdef index_stream* find(self, uint32_t stream) noexcept nogil
    cdef bint seek(self, uint32_t stream, uint32_t epoch, uint64_t seq, index_cursor* out) noexcept nogil
    cdef bint next_block(self, index_cursor* cursor) noexcept nogil
    cdef void drop_before(self, int64_t base) noexcept nogil
    cdef index_stream* _new_entry(self, uint32_t stream) except NULL
    cdef int _make_room(self, index_stream* entry) except -1
