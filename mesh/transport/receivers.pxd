from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t

from core.frame cimport frame_header
from core.log.tail cimport LogTail
from core.conflator cimport Conflator
from mesh.protocol.engine cimport Engine
from mesh.protocol.link cimport Link
from mesh.transport.unix_wire cimport UnixWire
from mesh.transport.zmq_wire cimport Wire


cdef class Receiver:
    cdef public object show
    cdef readonly bint more

    cpdef int drain(self, int count_max) except? -1


cdef class XPubReceiver(Receiver):
    cdef Wire wire
    cdef object handler


cdef class FrameReceiver(Receiver):
    cdef Engine engine
    cdef str source


cdef class PublicationReceiver(FrameReceiver):
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
    cdef int _pass_on(self, const uint8_t* frame, size_t size) except -1
    cdef int _show(self, const uint8_t* frame, size_t size) except -1


cdef class SubReceiver(PublicationReceiver):
    cdef Wire wire

    cdef int _take_frame(self, const uint8_t* frame, size_t size, frame_header* header) except -1


cdef class RouterReceiver(FrameReceiver):
    cdef Wire wire


cdef class DealerReceiver(FrameReceiver):
    cdef Wire wire


cdef class LogReceiver(PublicationReceiver):
    cdef LogTail tail


cdef class UnixReceiver(FrameReceiver):
    cdef UnixWire wire
    cdef int64_t last_ns

    cdef int _hand(self, bytes frame, int64_t now_ns, int64_t wall_ns) except -1


cdef class UnixRequestReceiver(UnixReceiver):
    cdef bytes token


cdef class UnixReplyReceiver(UnixReceiver):
    pass
