from libc.stdint cimport int64_t, uint8_t, uint32_t

from core.frame cimport HEADER_SIZE


cdef enum:
    SEGMENT_HEADER = 64         # bytes before the first record of a segment
    RECORD_HEADER = 8           # bytes before the frame of a record
    SEAL_BYTES = 8


# What stands at a place of the log; everything negative is a fault.
cdef enum:
    AT_END = 0
    AT_RECORD = 1
    AT_SEAL = 2
    FAULT_LENGTH = -1
    FAULT_CHECKSUM = -2
    FAULT_PADDING = -3
    FAULT_VERSION = -4
    FAULT_CHAIN = -5
    FAULT_ORDER = -6
    FAULT_MISSING = -7


cdef struct segment_header:
    uint8_t magic[7]
    uint8_t version             # of the frames in it
    int64_t base
    int64_t size
    int64_t prev_end            # where the records of the segment before end
    uint32_t prev_crc           # checksum of the last record before this segment
    uint32_t crc                # of all fields above
    int64_t synced              # everything before this position was on disk at some time
    uint8_t boot[16]            # boot id of the machine under which the segment was last written


# A mapped segment; `bytes` is less than `size` only if the file was cut short.
cdef struct segment:
    uint8_t* data
    int64_t base
    int64_t bytes
    int64_t size


cdef struct record:
    const uint8_t* frame
    int64_t size
    int64_t position
    int64_t next
    uint32_t crc


# A reading position, with the checksum of the record before it.
cdef struct walk:
    int64_t position
    uint32_t crc
    bint crc_known


cdef class SegmentList:
    cdef segment* items
    cdef size_t count
    cdef size_t capacity

    cdef int reserve(self) except -1
    cdef int add(self, const segment* item) except -1
    cdef void drop_first(self) noexcept
    cdef void drop_last(self) noexcept
    cdef int move_first(self, SegmentList to) except -1
    cdef void forget_first(self) noexcept
    cdef segment* at(self, int64_t position) noexcept nogil
    cdef int step(self, walk* at, record* out) noexcept nogil
    cdef walk start(self, int64_t position) noexcept nogil
    cdef bint valid_after(self, int64_t position, int fd, int64_t* used_end) noexcept nogil


cdef inline segment_header* header_of(const segment* item) noexcept nogil:
    return <segment_header*>item.data


cdef inline int64_t record_bytes(int64_t size) noexcept nogil:
    return (size + RECORD_HEADER + 7) & ~<int64_t>7


# Whether a record of `size` bytes fits at `offset`, with the seal behind it.
cdef inline bint record_fits(const segment* item, int64_t offset, int64_t size) noexcept nogil:
    return offset + record_bytes(size) + SEAL_BYTES <= item.size


# Whether what stands at `offset` can be a record by its length.
cdef inline bint record_lies(const segment* item, int64_t offset) noexcept nogil:
    cdef int64_t size
    if offset + RECORD_HEADER > item.bytes:
        return False
    size = (<const uint32_t*>(item.data + offset))[0]
    return size >= HEADER_SIZE and offset + record_bytes(size) <= item.bytes


cdef int segment_make(str path, int64_t bytes, segment* out) except -1
cdef int segment_map(str path, int fd, int64_t bytes, bint writable, segment* out) except -1
cdef void segment_forget(const segment* item) noexcept nogil
cdef void segment_unmap(segment* item) noexcept nogil
cdef bint segment_load(str path, int fd, int64_t base, bint writable, segment* out) except -1
cdef void segment_header_write(segment* item, int64_t prev_end, uint32_t prev_crc, bytes boot) noexcept
cdef uint32_t record_write(segment* item, int64_t offset, const uint8_t* frame, int64_t size) noexcept nogil
cdef void seal_write(segment* item, int64_t offset) noexcept nogil
cdef int record_read(const segment* item, int64_t offset, record* out) noexcept nogil
cdef int64_t segment_touch(const segment* item, int64_t offset, int64_t bytes) noexcept nogil
cdef int segment_sync(const segment* item, int64_t bytes) except -1
cdef int segment_sync_closed(str path) except -1
