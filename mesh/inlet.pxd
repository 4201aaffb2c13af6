from libc.stdint cimport int64_t, uint32_t

from core.frame cimport Header, frame_header
from mesh.engine cimport Engine
from mesh.link cimport Link
from mesh.wire cimport Wire, message_t


cdef class Inlet:
    cdef Wire wire
    cdef Engine engine
    cdef str source

    cpdef int drain(self, int count_max) except? -1


cdef class Publications(Inlet):
    cdef Link link
    cdef list headers
    cdef list messages
    cdef uint32_t stream

    cdef int _take(self, message_t* part, const frame_header* header, int64_t now_ns, int64_t wall_ns) except -1
    cdef int _gather(self, Header header, payload, int64_t now_ns, int64_t wall_ns) except -1
    cdef int _hand_over(self, int64_t now_ns, int64_t wall_ns) except -1


cdef class Requests(Inlet):
    pass


cdef class Replies(Inlet):
    pass
