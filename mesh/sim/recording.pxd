from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport Header, frame_header
from core.struct_field cimport StructField
from core.log.reader cimport LogReader
from core.sequence cimport SequenceTracker
from core.stream_table cimport StreamTable


cdef class Recording:
    cdef readonly SequenceTracker tracker       # the last message of each stream that was handed out
    cdef readonly list streams
    cdef readonly int64_t wall_ns               # when the message at hand was received
    cdef readonly object message
    cdef frame_header fields

    cpdef bint step(self) except -1
    cdef Header header(self, int64_t now_ns)


cdef class LogRecording(Recording):
    cdef LogReader log
    cdef StreamTable wanted             # None: every stream
    cdef list frames
    cdef Py_ssize_t place


cdef class MessageRecording(Recording):
    cdef list listed                    # the messages, if they are a list; else `messages` hands them on
    cdef Py_ssize_t place
    cdef object messages
    cdef object type_known
    cdef StructField recv_ns                       # of that type


cdef class BlockRecording(Recording):
    cdef object blocks
    cdef Py_ssize_t place               # in the block at hand, which has `count` messages
    cdef Py_ssize_t count
    cdef list messages
    cdef const int64_t[::1] received_ns
    cdef const uint64_t[::1] seqs
    cdef const uint8_t[::1] flags
    cdef object type_known

    cdef bint _take(self) except -1
