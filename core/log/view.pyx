"""What the writer and a reader of a publication log have in common: finding and returning records."""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize

import os

from core.frame cimport frame_header, header_load
from core.log.index cimport LogIndex, index_block, index_cursor, index_stream
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
    record_bytes,
    record_lies,
    segment,
    walk,
)
from core.log.moved import lies_at

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
        self.before = {}
        self.parts = {}
        self.part_base = -1

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
        if self.begun and stream in self.before:
            older = self._first_older(stream)
            if older is not None:
                return older
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
        if self.begun and stream in self.before:
            last_epoch, last_seq = self.before[stream][1]
            if is_later(last_epoch, last_seq, epoch, seq):
                frames = self._read_older(stream, epoch, seq, count_max, bytes_max)
                if frames:
                    return frames
        return self._collect(self.index, stream, epoch, seq, count_max, bytes_max)

    def scan(self, int64_t position=0):
        """Return an iterator over (position, frame) in log order, from the first record at or after `position`."""
        cdef LogScan scan = LogScan.__new__(LogScan)
        scan.log = self
        self.open_segments()
        if self.segments.count:
            scan.at = self.segments.start(position)
        return scan

    # Sees that there is something to walk over, if there is anything; a writer has all.
    cdef int open_segments(self) except -1:
        return self.refresh()

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
        self.index.add(entry, header.epoch, header.seq, found.position, self.segments.at(found.position).base)
        return AT_RECORD

    cdef list _collect(
        self, LogIndex index, uint32_t stream, uint32_t epoch, uint64_t seq, Py_ssize_t count_max, Py_ssize_t bytes_max
    ):
        cdef index_cursor cursor
        cdef frame_header header
        cdef Py_ssize_t size
        cdef bint more = index.seek(stream, epoch, seq, &cursor)
        cdef list frames = []
        while more:
            size = _header_at(self.segments, cursor.position, &header)
            if is_later(header.epoch, header.seq, epoch, seq):
                bytes_max -= size
                if frames and bytes_max < 0:
                    break
                frames.append(_frame_at(self.segments, cursor.position))
                if len(frames) >= count_max:
                    break
            more = self._step(index, &cursor)
        return frames

    # Moves the cursor to the stream's next record; False if there is none.
    cdef bint _step(self, LogIndex index, index_cursor* cursor) except -100:
        cdef const index_block* block = &cursor.entry.blocks[cursor.block]
        cdef segment* item
        cdef const uint8_t* at
        cdef frame_header header
        cdef int64_t position = cursor.position
        cursor.record += 1
        if cursor.record == block.count:
            return index.next_block(cursor)
        item = self.segments.at(position)
        while True:
            at = item.data + (position - item.base)
            position += record_bytes((<const uint32_t*>at)[0])
            at = item.data + (position - item.base)
            if not record_lies(item, position - item.base):
                raise self.damage(position, FAULT_LENGTH)
            header_load(at + RECORD_HEADER, &header)
            if header.stream == cursor.entry.stream:
                cursor.position = position
                return True

    # What lies before `begun` is indexed a segment at a time, when somebody asks for it: forward for whoever begins with
    # the first record, else from the newest back to the one that the place lies in. What was found of a segment's streams
    # is kept, of the index only the last.
    cdef list _read_older(
        self, uint32_t stream, uint32_t epoch, uint64_t seq, Py_ssize_t count_max, Py_ssize_t bytes_max
    ):
        cdef list bases = self._older_bases()
        cdef list frames
        cdef Py_ssize_t begin = 0
        if epoch or seq:
            begin = len(bases)
            while begin > 0:
                begin -= 1
                first = self._part_of(bases[begin], False).get(stream)
                if first is not None and not is_later(first[0], first[1], epoch, seq):
                    break
        for base in bases[begin:]:
            if stream in self._part_of(base, False):
                self._part_of(base, True)
                frames = self._collect(self.part, stream, epoch, seq, count_max, bytes_max)
                if frames:
                    return frames
        return []

    # Returns (epoch, seq) of the stream's oldest record if it lies before `begun`, else None.
    cdef tuple _first_older(self, uint32_t stream):
        cdef list bases = self._older_bases()
        if bases and bases[0] == self.begun_oldest:
            return self.before[stream][0]
        for base in bases:
            first = self._part_of(base, False).get(stream)
            if first is not None:
                return first
        return None

    cdef list _older_bases(self):
        cdef size_t i
        return [self.segments.items[i].base for i in range(self.segments.count) if self.segments.items[i].base < self.begun]

    # Returns the first (epoch, seq) of each stream in a segment before `begun`, and sees that `part` is its index if asked.
    cdef dict _part_of(self, int64_t base, bint indexed):
        cdef dict found = self.parts.get(base)
        if found is not None and (not indexed or self.part_base == base):
            return found
        cdef LogIndex index = LogIndex()
        cdef segment* item = self.segments.at(base)
        cdef int64_t end = min(base + item.size, self.begun + 1)     # the record at `begun` is the last of them
        cdef walk at = self.segments.start(base)
        cdef frame_header header
        cdef record each
        cdef int status
        found = {}
        while True:
            status = self.segments.step(&at, &each)
            if status < 0:
                raise self.damage(at.position, status)
            if status != AT_RECORD or each.position >= end:
                break
            header_load(each.frame, &header)
            index.add(index.prepare(header.stream), header.epoch, header.seq, each.position, base)
            if header.stream not in found:
                found[header.stream] = (header.epoch, header.seq)
        self.parts[base], self.part, self.part_base = found, index, base
        return found

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


# Returns where a segment is read: it may have been moved.
cdef str segment_file(str folder, int64_t base):
    return lies_at(segment_path(folder, base))


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
