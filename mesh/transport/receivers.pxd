from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t

from core.frame cimport frame_header
from core.log.segment cimport record
from core.log.tail cimport LogTail
from core.conflator cimport Conflator
from mesh.protocol.engine cimport Engine
from mesh.protocol.link cimport Link
from mesh.transport.unix_wire cimport UnixWire
from mesh.transport.zmq_wire cimport Wire, message_t


cdef class Receiver:
    cdef Engine engine
    cdef str source
    cdef readonly bint more

    cpdef int drain(self, int count_max) except? -1


cdef class PublicationReceiver(Receiver):
    cdef Link link
    cdef list headers
    cdef list messages
    cdef uint32_t stream
    cdef bint[256] conflates
    cdef Conflator newest
    cdef int64_t ahead_ns       # what the wall clock is ahead of the monotonic one, in this drain

    cdef bint _take(self, const uint8_t* frame, size_t size, const frame_header* header) except -1
    cdef int _hand(self, const uint8_t* frame, size_t size, const frame_header* header, int64_t now_ns) except -1
    cdef int _gather(self, const uint8_t* frame, size_t size, const frame_header* header, int64_t now_ns) except -1
    cdef int _hand_over(self, int64_t now_ns) except -1
    cdef int _end(self) except -1
    cdef int _pass_on(self, bytes frame) except -1


cdef class SubReceiver(PublicationReceiver):
    cdef Wire wire

    cdef int _take_part(self, message_t* part, const frame_header* header) except -1


cdef class RouterReceiver(Receiver):
    cdef Wire wire


cdef class DealerReceiver(Receiver):
    cdef Wire wire


cdef class LogReceiver(PublicationReceiver):
    cdef LogTail tail
    cdef object show

    cdef int _show(self, const record* found) except -1


cdef class UnixReceiver(Receiver):
    cdef UnixWire wire
    cdef object show
    cdef int64_t last_ns

    cdef int _hand(self, bytes frame, int64_t now_ns, int64_t wall_ns) except -1


cdef class UnixRequestReceiver(UnixReceiver):
    cdef bytes token


cdef class UnixReplyReceiver(UnixReceiver):
    pass
