from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from core.log.index cimport LogIndex
from core.log.segment cimport SegmentList, record, walk


cdef class Log:
    cdef readonly str path
    cdef SegmentList segments
    cdef LogIndex index

    cdef int refresh(self) except -1
    cdef int advance(self, walk* at, record* out) except -100
    cdef int index_record(self, const record* found) except -100
    cdef object damage(self, int64_t position, int status)


cdef str segment_path(str folder, int64_t base)
cdef list segment_bases(str folder)
cdef str fault_text(int status)


cdef inline bint is_later(uint32_t epoch, uint64_t seq, uint32_t than_epoch, uint64_t than_seq) noexcept nogil:
    return epoch > than_epoch or (epoch == than_epoch and seq > than_seq)
