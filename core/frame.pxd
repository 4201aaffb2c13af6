from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy


cdef extern from *:
    """
    #if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "frames are laid out for little-endian machines"
    #endif
    """
    uint32_t swap32 "__builtin_bswap32"(uint32_t value) noexcept nogil


cpdef enum:
    HEADER_SIZE = 64
    VERSION = 3
    FLAG_SNAPSHOT = 1
    FLAG_REPLAY = 2
    FLAG_STALE = 4
    FLAG_LAST = 8


cdef packed struct frame_header:
    uint32_t stream
    uint8_t version
    uint8_t flags
    uint16_t type
    uint16_t sender
    uint16_t ttl_ms
    uint32_t epoch
    uint64_t seq
    int64_t origin_ns
    int64_t send_ns
    uint64_t corr
    int64_t recv_ns
    int64_t decided_ns


# Reads a header from bytes that are known to hold one.
cdef inline void header_load(const uint8_t* data, frame_header* out) noexcept nogil:
    memcpy(out, data, HEADER_SIZE)
    out.stream = swap32(out.stream)


# Reads a header; 0 when good, -1 when `size` is too short, -2 when the version (then in `out.version`) is another.
cdef inline int header_read(const uint8_t* data, size_t size, frame_header* out) noexcept nogil:
    if size < HEADER_SIZE:
        return -1
    header_load(data, out)
    return 0 if out.version == VERSION else -2


# Writes the header into the first HEADER_SIZE bytes at `data`.
cdef inline void header_write(uint8_t* data, const frame_header* header) noexcept nogil:
    cdef uint32_t stream = swap32(header.stream)
    memcpy(data, header, HEADER_SIZE)
    memcpy(data, &stream, sizeof(stream))


cdef class Header:
    cdef readonly uint32_t stream
    cdef readonly uint8_t version
    cdef readonly uint8_t flags
    cdef readonly uint16_t type
    cdef readonly uint16_t sender
    cdef readonly uint16_t ttl_ms
    cdef readonly uint32_t epoch
    cdef readonly uint64_t seq
    cdef readonly int64_t origin_ns
    cdef readonly int64_t send_ns
    cdef readonly uint64_t corr
    cdef readonly int64_t recv_ns
    cdef readonly int64_t decided_ns


cpdef Header unpack(frame)
cdef Header header_object(const frame_header* fields)
cdef bytes frame_bytes(const frame_header* fields, const uint8_t* payload, size_t size)
cdef int refuse_header(int status, const uint8_t* data, size_t size) except -1
