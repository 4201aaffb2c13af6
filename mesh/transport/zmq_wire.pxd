from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint64_t


cpdef enum:
    OK = 0
    BACK_PRESSURED = 1
    NOT_CONNECTED = 2


cdef enum:
    DISCARDED = 1               # a message that `_receive_frame` took and dropped


cdef struct message_t:
    uint64_t storage[8]


cdef class Wire:
    cdef void* socket
    cdef size_t frame_bytes_max
    cdef readonly uint64_t sent
    cdef readonly uint64_t received
    cdef readonly uint64_t back_pressured
    cdef readonly uint64_t not_connected
    cdef readonly uint64_t multipart
    cdef readonly uint64_t oversized
    cdef public uint64_t malformed

    cpdef int send(self, bytes frame) except? -1
    cpdef int send_to(self, bytes identity, bytes frame) except? -1
    cdef int _send(self, bytes data, int flags) noexcept
    cdef int _count_sent(self, int code) noexcept
    cdef int _receive(self, message_t* part) noexcept
    cdef int _receive_frame(self, message_t* part) noexcept
    cdef int _discard_rest(self, message_t* part) noexcept


cdef const uint8_t* part_data(message_t* part) noexcept
cdef size_t part_size(message_t* part) noexcept
cdef void part_close(message_t* part) noexcept
cdef bytes take(message_t* part)
