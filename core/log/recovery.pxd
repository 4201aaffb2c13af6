from libc.stdint cimport int64_t, uint32_t

from core.log.segment cimport segment
from core.log.view cimport Log


# Where a log goes on after it was opened.
cdef struct recovery:
    int64_t end                 # position of the next record; the first segment's base if there is no segment
    uint32_t crc                # checksum of the record before it
    bint sealed                 # the last segment is closed, the next one has to be created
    int64_t torn_bytes          # what was cut
    int64_t synced              # everything before this position is on disk


cdef int recover(Log log, bytes boot, recovery* out, int64_t known) except -1
cdef bytes boot_id()
cdef bint segment_map_moved(str folder, int64_t base, segment* out) except -1
