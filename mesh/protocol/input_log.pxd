"""Fields and C signatures of `mesh.protocol.input_log`."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport Header
from core.log.writer cimport LogWriter
from mesh.context cimport VenueReply


cpdef enum:
    STARTED = 1
    DELIVERED = 2
    BATCH = 3
    PUBLICATION = 4
    REQUEST = 5
    REPLY = 6
    SOCKET = 7
    FRAME = 8
    VENUE_REPLY = 9
    TIMERS = 10
    PAUSE = 11
    STOPPING = 12
    STOP = 13
    ASKED = 14
    CALLED = 15
    CONTINUED = 1               # a flag: the next record goes on with this one's payload


cdef class InputLog:
    cdef readonly LogWriter log
    cdef readonly bint on
    cdef readonly uint64_t count
    cdef uint32_t epoch
    cdef uint8_t* buffer

    cpdef int delivered(self, Header header, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int batch(self, Header first, Header last, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int publication(self, str publisher, bytes frame, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int request(self, bytes token, bytes frame, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int reply(self, str peer, bytes frame, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int frame(self, str connection, bytes frame, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int timers(self, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int asked(self, str peer, bytes frame, bint left, int64_t now_ns, int64_t wall_ns) except -1

    cdef int _plain(self, int kind, int64_t now_ns, int64_t wall_ns) except -1
    cdef int _named(self, int kind, str name, bytes data, int64_t now_ns, int64_t wall_ns, uint64_t number) except -1
    cdef int _carry(
        self, int kind, const char* tag, size_t tag_size, bytes data, int64_t now_ns, int64_t wall_ns, uint64_t number
    ) except -1
    cdef int _put(
        self,
        int kind,
        uint8_t flags,
        uint16_t sender,
        uint64_t place,
        uint64_t number,
        int64_t first,
        int64_t now_ns,
        int64_t wall_ns,
        size_t size,
    ) except -1
