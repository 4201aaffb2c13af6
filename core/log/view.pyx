"""What the writer and a reader of a publication log have in common: finding and returning records."""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize

import os

from core.frame cimport frame_header, header_load
from core.log.index cimport LogIndex, index_cursor, index_stream
from core.log.segment cimport (
    AT_END,
    AT_RECORD,
    FAULT_CHAIN,
    FAULT_CHECKSUM,
    FAULT_LENGTH,
    FAULT_MISSING,
    FAULT_ORDER,
    FAULT_PADDING,
    FAULT_VERSION,
    RECORD_HEADER,
    SegmentList,
    record,
    segment,
    walk,
)

from schemas.errors import LogDamagedError

cdef str SUFFIX = ".log"

cdef dict FAULTS = {
    FAULT_LENGTH: "a length that no record can have",
    FAULT_CHECKSUM: "a checksum that does not match",
    FAULT_PADDING: "bytes other than zero behind a record",
    FAULT_VERSION: "a frame of another version",
    FAULT_CHAIN: "the segment that follows does not continue this one",
    FAULT_ORDER: "a record that is not after the one before it in its stream",
    FAULT_MISSING: "the segment that follows is missing",
}


cdef class Log:
    """Records by stream, epoch and seq, and in the order of the log."""

    def __cinit__(self, *args, **kwargs):
        self.segments = SegmentList()
        self.index = LogIndex()

    def last(self, uint32_t stream):
        """Return (epoch, seq) of the stream's last record, (0, 0) if it has none."""
        self.refresh()
        cdef index_stream* entry = self.index.find(stream)
        if entry is NULL:
            return (0, 0)
        return entry.epoch, entry.seq

    def first(self, uint32_t stream):
        """Return (epoch, seq) of the stream's oldest record that is still held, (0, 0) if there is none."""
        self.refresh()
        cdef index_cursor cursor
        cdef frame_header header
        if not self.index.seek(stream, 0, 0, &cursor):
            return (0, 0)
        _header_at(self.segments, cursor.position, &header)
        return header.epoch, header.seq

    def streams(self):
        """Return (epoch, seq) of the last record for each stream that had one."""
        self.refresh()
        cdef index_stream* entry
        cdef size_t i
        found = {}
        for i in range(self.index.places.count):
            entry = &self.index.entries[i]
            if entry.epoch or entry.seq:
                found[entry.stream] = (entry.epoch, entry.seq)
        return found

    def read(self, uint32_t stream, uint32_t epoch, uint64_t seq, *, Py_ssize_t count_max, Py_ssize_t bytes_max):
        """Return frames of the stream strictly after (`epoch`, `seq`), in log order, across epochs and segments.

        At most `count_max` frames and `bytes_max` bytes, but always one if there is any.
        """
        self.refresh()
        cdef index_cursor cursor
        cdef frame_header header
        cdef Py_ssize_t size
        cdef bint more = self.index.seek(stream, epoch, seq, &cursor)
        frames = []
        while more:
            size = _header_at(self.segments, cursor.position, &header)
            if is_later(header.epoch, header.seq, epoch, seq):
                bytes_max -= size
                if frames and bytes_max < 0:
                    break
                frames.append(_frame_at(self.segments, cursor.position))
                if len(frames) >= count_max:
                    break
            more = self.index.step(&cursor)
        return frames

    def scan(self, int64_t position=0):
        """Return an iterator over (position, frame) in log order, from the first record at or after `position`."""
        cdef LogScan scan = LogScan.__new__(LogScan)
        scan.log = self
        self.refresh()
        if self.segments.count:
            scan.at = self.segments.start(position)
        return scan

    # Takes note of what became visible; a writer knows already.
    cdef int refresh(self) except -1:
        return 0

    # Reads the next record of a walk, or returns AT_END (or AT_SEAL) when there is none.
    cdef int advance(self, walk* at, record* out) except -100:
        if self.segments.count == 0:
            return AT_END
        cdef int status = self.segments.step(at, out)
        if status < 0:
            raise self.damage(at.position, status)
        return status

    # Adds a record to the index: AT_RECORD, or FAULT_ORDER if it does not follow the last one of its stream.
    cdef int index_record(self, const record* found) except -100:
        cdef frame_header header
        header_load(found.frame, &header)
        cdef index_stream* entry = self.index.prepare(header.stream)
        if not is_later(header.epoch, header.seq, entry.epoch, entry.seq):
            return FAULT_ORDER
        self.index.add(entry, header.epoch, header.seq, found.position)
        return AT_RECORD

    cdef object damage(self, int64_t position, int status):
        cdef segment* item = self.segments.at(position)
        return LogDamagedError(segment_path(self.path, item.base), position - item.base, fault_text(status))


@cython.final
@cython.internal
cdef class LogScan:
    """Iterator over (position, frame); it may be asked again after its end, when more was appended."""

    cdef Log log
    cdef walk at

    def __iter__(self):
        return self

    def __next__(self):
        cdef record found
        if self.log.advance(&self.at, &found) != AT_RECORD:
            raise StopIteration
        return found.position, PyBytes_FromStringAndSize(<const char*>found.frame, found.size)


cdef str segment_path(str folder, int64_t base):
    return os.path.join(folder, f"{base:020d}{SUFFIX}")


# Returns the base positions of all segments in the folder, ascending.
cdef list segment_bases(str folder):
    names = [os.path.splitext(name) for name in os.listdir(folder)]
    return sorted([int(stem) for stem, suffix in names if suffix == SUFFIX and stem.isdigit()])


cdef str fault_text(int status):
    return FAULTS.get(status, "no record, though valid ones follow")


# Reads the header of the frame at a place known to hold one and returns the frame's size.
cdef int64_t _header_at(SegmentList segments, int64_t position, frame_header* header) noexcept:
    cdef segment* item = segments.at(position)
    cdef const uint8_t* at = item.data + (position - item.base)
    header_load(at + RECORD_HEADER, header)
    return (<const uint32_t*>at)[0]


cdef bytes _frame_at(SegmentList segments, int64_t position):
    cdef segment* item = segments.at(position)
    cdef const uint8_t* at = item.data + (position - item.base)
    return PyBytes_FromStringAndSize(<const char*>at + RECORD_HEADER, (<const uint32_t*>at)[0])
