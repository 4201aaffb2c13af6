"""Segments and records: how a publication log lies on disk.

A log is a row of files of fixed size, each named after the position of its first byte in the whole log, each mapped
into memory. All integers are little-endian.

- Segment: a header of 64 bytes (`segment_header` in the `.pxd`), then records. The header chains to the segment before
  by the position and the checksum of that one's last record, so a file from another place or time is noticed. It names
  the version of its frames: a segment of another version is refused and left as it is, since its records would look torn.
- Record: u32 length of the frame, u32 checksum, the frame, zeros up to a multiple of 8. The checksum is the CRC32C of
  the record's position (u64), the length (u64) and the frame: a record is valid in its own place only. The length is
  stored last, with release order; until then a reader sees zero, the end.
- Seal: a length of 0xFFFFFFFF and its checksum, where the next record did not fit; there is always room for it. It is
  written once the next segment exists.

Nothing here decides what a fault means: see `core.log.writer`.
"""

cimport cython
from cpython.exc cimport PyErr_SetFromErrno
from libc.errno cimport errno
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy, memmove, memset
from posix.mman cimport MADV_DONTNEED, MAP_FAILED, MAP_SHARED, MS_SYNC, PROT_READ, PROT_WRITE, madvise, mmap, msync, munmap

import os

from core.crc32c cimport crc32c_update
from core.frame cimport HEADER_SIZE, VERSION

from schemas.errors import LogDamagedError, LogVersionError

cdef extern from *:
    """
    #include <stdint.h>
    #include <unistd.h>
    static uint32_t load_acquire(const uint8_t *at) { return __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE); }
    static void store_release(uint8_t *at, uint32_t value) { __atomic_store_n((uint32_t *)at, value, __ATOMIC_RELEASE); }
    static int64_t seek_data(int fd, int64_t from) { return lseek(fd, from, SEEK_DATA); }
    """
    uint32_t load_acquire(const uint8_t* at) noexcept nogil
    void store_release(uint8_t* at, uint32_t value) noexcept nogil
    int64_t seek_data(int fd, int64_t start) noexcept nogil

cdef enum:
    HEADER_CRC_BYTES = 36       # the header up to its own checksum
    MAGIC_BYTES = 7
    PAGE = 4096
    AROUND_BYTES = 1 << 16      # Linux maps so much round a page that is touched
    MADV_POPULATE_WRITE = 23    # Linux 5.14

cdef uint32_t SEAL = 0xFFFFFFFF
cdef const uint8_t* MAGIC = b"TMLOG\x00\x00"


@cython.final
cdef class SegmentList:
    """The mapped segments of one log in order of position; used from compiled code only."""

    def __dealloc__(self):
        while self.count:
            self.drop_last()
        free(self.items)

    # Makes room for one more segment, so that the next `add` cannot fail.
    cdef int reserve(self) except -1:
        cdef size_t capacity = 2 * self.capacity if self.capacity else 4
        cdef void* grown
        if self.count == self.capacity:
            grown = realloc(self.items, capacity * sizeof(segment))
            if grown is NULL:
                raise MemoryError
            self.items = <segment*>grown
            self.capacity = capacity
        return 0

    cdef int add(self, const segment* item) except -1:
        self.reserve()
        self.items[self.count] = item[0]
        self.count += 1
        return 0

    cdef void drop_first(self) noexcept:
        munmap(self.items[0].data, self.items[0].bytes)
        self.count -= 1
        memmove(self.items, self.items + 1, self.count * sizeof(segment))

    cdef void drop_last(self) noexcept:
        self.count -= 1
        munmap(self.items[self.count].data, self.items[self.count].bytes)

    # Moves the first segment, which stays mapped, to the end of another list.
    cdef int move_first(self, SegmentList to) except -1:
        to.add(&self.items[0])
        self.forget_first()
        return 0

    # Leaves the first segment, which stays mapped, to whoever has it.
    cdef void forget_first(self) noexcept:
        self.count -= 1
        memmove(self.items, self.items + 1, self.count * sizeof(segment))

    # Returns the last segment that begins at or before `position`, the first one if none does.
    cdef segment* at(self, int64_t position) noexcept nogil:
        cdef size_t low = 0
        cdef size_t high = self.count
        cdef size_t middle
        if self.items[high - 1].base <= position:
            return &self.items[high - 1]
        while high - low > 1:
            middle = (low + high) >> 1
            if self.items[middle].base <= position:
                low = middle
            else:
                high = middle
        return &self.items[low]

    # Reads the record at `at` and moves behind it; crosses to the next segment when that is in the list.
    # AT_END and AT_SEAL: nothing further is in the list; a fault: `at` stays on the damaged place.
    cdef int step(self, walk* at, record* out) noexcept nogil:
        cdef segment* item
        cdef segment_header* header
        cdef int status
        while True:
            item = self.at(at.position)
            if at.position < item.base + SEGMENT_HEADER:
                at.position = item.base + SEGMENT_HEADER
            status = record_read(item, at.position - item.base, out)
            if status == AT_RECORD:
                at.position, at.crc, at.crc_known = out.next, out.crc, True
                return status
            if status < 0 or item == &self.items[self.count - 1]:
                return status
            header = header_of(item + 1)
            if header.base != item.base + item.size:
                return FAULT_MISSING
            if header.prev_end != at.position or (at.crc_known and header.prev_crc != at.crc):
                return FAULT_CHAIN
            at.position = header.base + SEGMENT_HEADER

    # Returns a walk that begins with the first record at or after `position`.
    cdef walk start(self, int64_t position) noexcept nogil:
        cdef segment* item = self.at(position)
        cdef walk at = walk(item.base + SEGMENT_HEADER, header_of(item).prev_crc, True)
        cdef walk before = at
        cdef record found
        if position <= at.position:
            return at
        if position % 8 == 0 and position - item.base < item.bytes:
            if record_read(item, position - item.base, &found) == AT_RECORD:
                return walk(position, 0, False)
        while at.position < position:
            before = at
            if self.step(&at, &found) != AT_RECORD:
                break
            if found.position >= position:
                return before
        return at

    # Whether a valid record or seal lies behind `position` in its segment; `used_end` becomes the position behind the
    # last byte there that is not zero (at least `position`). Holes of the file are skipped.
    cdef bint valid_after(self, int64_t position, int fd, int64_t* used_end) noexcept nogil:
        cdef segment* item = self.at(position)
        cdef int64_t offset = (position - item.base) & ~<int64_t>7
        cdef int64_t data
        cdef int status
        cdef bint valid = False
        cdef record found
        used_end[0] = position
        while offset + RECORD_HEADER <= item.bytes:
            if offset % PAGE == 0:
                data = seek_data(fd, offset)
                if data < 0:
                    break
                if data > offset:
                    offset = data & ~<int64_t>7
                    continue
            if (<const uint64_t*>(item.data + offset))[0] != 0:
                used_end[0] = item.base + _used_end(item, offset)
                if item.base + offset > position:
                    status = record_read(item, offset, &found)
                    valid = valid or status == AT_RECORD or status == AT_SEAL
            offset += 8
        return valid


# Maps `bytes` of the open file; the caller keeps the descriptor.
cdef int segment_map(str path, int fd, int64_t bytes, bint writable, segment* out) except -1:
    cdef int failed
    cdef void* data
    # With locked memory this makes every page, which takes its time.
    with nogil:
        data = mmap(NULL, bytes, PROT_READ | (PROT_WRITE if writable else 0), MAP_SHARED, fd, 0)
        failed = errno
    if data == MAP_FAILED:
        raise OSError(failed, os.strerror(failed), path)
    out.data = <uint8_t*>data
    out.bytes = bytes
    return 0


# Gives back what the kernel has mapped round a header that was looked at: of a long log most segments are never read.
cdef void segment_forget(const segment* item) noexcept nogil:
    madvise(item.data, min(item.bytes, <int64_t>AROUND_BYTES), MADV_DONTNEED)


# Unmaps a segment if it is mapped.
cdef void segment_unmap(segment* item) noexcept nogil:
    if item.data is not NULL:
        munmap(item.data, item.bytes)
        item.data = NULL


# Maps the whole file of the segment at `base`; False if its header is torn, an error if it is of another version or belongs
# to another place.
cdef bint segment_load(str path, int fd, int64_t base, bint writable, segment* out) except -1:
    cdef int64_t bytes = os.fstat(fd).st_size
    cdef const segment_header* header
    if bytes < SEGMENT_HEADER:
        return False
    segment_map(path, fd, bytes, writable, out)
    header = header_of(out)
    out.base, out.size = base, header.size
    cdef bint intact = memcmp(header.magic, MAGIC, MAGIC_BYTES) == 0
    intact = intact and header.crc == crc32c_update(0, out.data, HEADER_CRC_BYTES)
    if intact and header.version == VERSION and header.base == base:
        segment_forget(out)
        return True
    version, found = header.version, header.base
    munmap(out.data, out.bytes)
    if intact and version != VERSION:
        raise LogVersionError(path, version, VERSION)
    if intact:
        raise LogDamagedError(path, 0, f"the segment whose place is {found}")
    return False


cdef void segment_header_write(segment* item, int64_t prev_end, uint32_t prev_crc, bytes boot) noexcept:
    cdef segment_header* header = header_of(item)
    cdef const uint8_t* boot_id = boot
    memset(header, 0, sizeof(segment_header))
    memcpy(header.magic, MAGIC, MAGIC_BYTES)
    header.version = VERSION
    memcpy(header.boot, boot_id, 16)
    header.base, header.size, header.prev_end, header.prev_crc = item.base, item.size, prev_end, prev_crc
    header.crc = crc32c_update(0, item.data, HEADER_CRC_BYTES)


# Writes a record where there is room for it and returns its checksum.
cdef uint32_t record_write(segment* item, int64_t offset, const uint8_t* frame, int64_t size) noexcept nogil:
    cdef uint8_t* at = item.data + offset
    cdef uint32_t crc = _checksum(item.base + offset, size, frame, size)
    (<uint32_t*>(at + 4))[0] = crc
    memcpy(at + RECORD_HEADER, frame, size)
    store_release(at, <uint32_t>size)
    return crc


# Closes the segment at `offset`.
cdef void seal_write(segment* item, int64_t offset) noexcept nogil:
    (<uint32_t*>(item.data + offset + 4))[0] = _checksum(item.base + offset, SEAL, NULL, 0)
    store_release(item.data + offset, SEAL)


# Tells what stands at `offset`; fills `out` for AT_RECORD.
cdef int record_read(const segment* item, int64_t offset, record* out) noexcept nogil:
    cdef const uint8_t* at = item.data + offset
    cdef int64_t size, i
    if offset + RECORD_HEADER > item.bytes:
        return AT_END
    size = load_acquire(at)
    if size == 0:
        return AT_END
    out.crc = (<const uint32_t*>(at + 4))[0]
    if size == SEAL:
        return AT_SEAL if out.crc == _checksum(item.base + offset, SEAL, NULL, 0) else FAULT_CHECKSUM
    if size < HEADER_SIZE or offset + record_bytes(size) > item.bytes:
        return FAULT_LENGTH
    out.frame, out.size, out.position = at + RECORD_HEADER, size, item.base + offset
    out.next = out.position + record_bytes(size)
    if out.frame[4] != VERSION:
        return FAULT_VERSION
    if out.crc != _checksum(out.position, size, out.frame, size):
        return FAULT_CHECKSUM
    for i in range(RECORD_HEADER + size, record_bytes(size)):
        if at[i] != 0:
            return FAULT_PADDING
    return AT_RECORD


cdef uint32_t _checksum(int64_t position, int64_t length, const uint8_t* frame, size_t size) noexcept nogil:
    cdef uint64_t[2] place
    place[0], place[1] = <uint64_t>position, <uint64_t>length
    return crc32c_update(crc32c_update(0, <const uint8_t*>place, sizeof(place)), frame, size)


cdef int64_t _used_end(const segment* item, int64_t offset) noexcept nogil:
    cdef int64_t end = offset + 8
    while item.data[end - 1] == 0:
        end -= 1
    return end


# Makes a file of `bytes` zeros at `path` and maps it; on an error there is none.
cdef int segment_make(str path, int64_t bytes, segment* out) except -1:
    out.base, out.size, out.data = 0, bytes, NULL
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    try:
        os.posix_fallocate(descriptor, 0, bytes)
        segment_map(path, descriptor, bytes, True, out)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)
    return 0


# Has the kernel make `bytes` from `offset` on writable and returns where they end: an append that is the first to touch a
# page costs some microseconds, or milliseconds while the file system commits. The thread that syncs does it for twice as
# much as came since its last sync, an append for a few pages at once where it is ahead of that. A hint: where it is
# refused, nothing is lost.
cdef int64_t segment_touch(const segment* item, int64_t offset, int64_t bytes) noexcept nogil:
    cdef int64_t begin = offset & ~<int64_t>(PAGE - 1)
    cdef int64_t end = min(offset + bytes, item.size)
    madvise(item.data + begin, end - begin, MADV_POPULATE_WRITE)
    return end


# Syncs the first `bytes` of a segment, which stays mapped meanwhile. A sync of the whole file would write the pages ahead
# too, and the next append to each would have to have it made writable anew.
cdef int segment_sync(const segment* item, int64_t bytes) except -1:
    cdef int status
    with nogil:
        status = msync(item.data, bytes, MS_SYNC)
    if status != 0:
        PyErr_SetFromErrno(OSError)
    return 0


# Syncs a segment that is no longer appended to, unless retention has removed it.
cdef int segment_sync_closed(str path) except -1:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    return 0
