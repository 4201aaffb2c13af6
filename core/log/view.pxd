from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from core.log.index cimport LogIndex, index_cursor
from core.log.segment cimport SegmentList, record, walk


cdef class Log:
    cdef readonly str path
    cdef SegmentList segments
    cdef LogIndex index
    cdef int64_t begun              # of the last record that is not in `index`; 0: all are
    cdef int64_t begun_oldest       # the oldest segment when that was learnt
    cdef dict before                # of what lies up to it: first and last (epoch, seq) of each stream
    cdef dict parts                 # by segment before it, the first (epoch, seq) of each stream
    cdef LogIndex part
    cdef int64_t part_base          # the one of these segments that `part` is the index of

    cdef int open_segments(self) except -1
    cdef int refresh(self) except -1
    cdef int advance(self, walk* at, record* out) except -100
    cdef int index_record(self, const record* found) except -100
    cdef list _collect(
        self, LogIndex index, uint32_t stream, uint32_t epoch, uint64_t seq, Py_ssize_t count_max, Py_ssize_t bytes_max
    )
    cdef bint _step(self, LogIndex index, index_cursor* cursor) except -100
    cdef list _read_older(
        self, uint32_t stream, uint32_t epoch, uint64_t seq, Py_ssize_t count_max, Py_ssize_t bytes_max
    )
    cdef tuple _first_older(self, uint32_t stream)
    cdef list _older_bases(self)
    cdef dict _part_of(self, int64_t base, bint indexed)
    cdef object damage(self, int64_t position, int status)


cdef str segment_path(str folder, int64_t base)
cdef str segment_file(str folder, int64_t base)
cdef list segment_bases(str folder)
cdef str fault_text(int status)


cdef inline bint is_later(uint32_t epoch, uint64_t seq, uint32_t than_epoch, uint64_t than_seq) noexcept nogil:
    return epoch > than_epoch or (epoch == than_epoch and seq > than_seq)
