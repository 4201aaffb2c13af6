from libc.stdint cimport int64_t, uint8_t, uint32_t

from core.log.segment cimport SegmentList, segment
from core.log.view cimport Log


cdef class LogWriter(Log):
    cdef segment active         # the segment that is appended to
    cdef segment spare          # the one that comes next, not yet at its place; unmapped if there is none
    cdef SegmentList retired    # removed by retention, or moved, and still mapped
    cdef SegmentList arrived    # those that were moved, mapped where they lie now
    cdef Py_ssize_t moved       # so many of the oldest segments were moved, as far as was looked
    cdef int64_t offset         # of the next record in it
    cdef int64_t touched        # the kernel was asked to make the active segment writable up to here
    cdef int64_t spare_touched  # and the spare one
    cdef int64_t segment_bytes
    cdef int64_t retention_bytes
    cdef int64_t unsynced_base  # segments from here on hold records that are not on disk
    cdef int64_t syncing_base   # the segment that is being synced and has to stay mapped; -1 if none is
    cdef int64_t synced         # everything before this position is on disk
    cdef int folder             # descriptor of the folder, which carries the lock; -1 if closed
    cdef uint32_t crc           # checksum of the last record
    cdef bint folder_changed
    cdef bint failed
    cdef bint spare_refused     # there was no room for one; the next append that needs a segment tries again
    cdef readonly int64_t torn_bytes

    cpdef int64_t append(self, bytes frame) except -1
    cdef int64_t append_c(self, const uint8_t* data, size_t size) except -1
    cdef int _open(self) except -1
    cdef int _rotate(self, int64_t size) except -1
    cdef int _create(self, int64_t base, int64_t prev_end) except -1
    cdef int _make_spare(self) except -1
    cdef int _map_moved(self) except -1
    cdef int _take_arrived(self) except -1
    cdef int _unmap_retired(self) except -1
    cdef int _go_on(self, int64_t offset, int64_t touched) except -1
    cdef int _touch_ahead(self, int64_t bytes) except -1
    cdef int _retain(self) except -1
    cdef int _check_open(self) except -1
