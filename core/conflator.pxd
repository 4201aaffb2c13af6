from libc.stdint cimport int32_t, uint8_t, uint32_t

from core.frame cimport frame_header
from core.stream_map cimport stream_map


# The copy of a frame; `room` is what its memory holds.
cdef struct kept:
    uint8_t* frame
    size_t size
    size_t room
    bint waiting


cdef class Conflator:
    cdef stream_map places
    cdef kept* items            # one of each stream that was ever kept
    cdef int32_t* order         # places of those that wait
    cdef size_t capacity
    cdef Py_ssize_t count       # of those that wait

    cdef bint put(self, const frame_header* header, const uint8_t* frame, size_t size) except -1
    cdef kept* at(self, Py_ssize_t place) noexcept
    cdef Py_ssize_t release(self) noexcept
    cdef kept* _of(self, uint32_t stream) except NULL
