from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport Header, frame_header
from core.struct_codec cimport StructCodec
from mesh.protocol.clock cimport Clock


cpdef object decode(int number, payload)
cpdef object decode_frame(Header header, bytes frame)
cpdef show(bytes record, message)
cpdef object message_in(Header header, bytes record)

# Returns the message of type `number` in `size` bytes at `data`; raises as `decode` does.
cdef object decode_payload(int number, char* data, Py_ssize_t size)
cdef object payload_of(char* data, Py_ssize_t size)
cdef object decode_any(int number, payload)
cdef object read_plain(int number, char* data, Py_ssize_t size)


cdef class Packer:
    cdef uint16_t sender
    cdef readonly bytes frame   # what was packed last, or is being sent now
    cdef readonly object plain  # its message, if that is plain
    cdef readonly int64_t send_ns  # of what was packed last
    cdef Clock clock
    cdef uint8_t* scratch
    cdef Py_ssize_t room
    cdef bytearray spare

    cpdef bytes pack(
        self,
        message,
        uint32_t stream,
        uint32_t epoch,
        uint64_t seq,
        int64_t origin_ns,
        int64_t recv_ns,
        int64_t decided_ns,
        uint64_t corr,
        uint8_t flags=*,
        uint16_t ttl_ms=*,
    )
    cdef Py_ssize_t write(self, StructCodec codec, message) except? -1
    cpdef recall(self, bytes frame, plain)
    cpdef message_of(self, bytes frame)
