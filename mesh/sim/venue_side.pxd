from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint64_t

from core.frame cimport frame_header
from mesh.sim.recording cimport Recording


cdef struct led_entry:
    frame_header fields
    int64_t wall_ns                     # when agents have the message
    int64_t venue_ns                    # when the venue did what it tells of
    PyObject* message                   # owned


cdef class VenueSide:
    cdef int64_t lag_ns                 # how late the feed was at its last message that has a time of the venue

    cdef bint happened(self, const frame_header* fields, message, int64_t wall_ns) except -1


cdef class Latency:
    cdef readonly str text
    cdef list _steps                    # of the distribution: from and to, in ns
    cdef list _counts                   # how many were measured up to the end of each
    cdef int64_t _constant_ns
    cdef uint64_t _total
    cdef uint64_t _state

    cpdef int64_t draw(self) except -1
    cdef uint64_t _random(self) noexcept


cdef class LedRecording(Recording):
    cdef Recording source
    cdef VenueSide side
    cdef Latency latency                # of the feed; None: as it was recorded
    cdef readonly int64_t due_ns        # wall time at which the venue has its next message
    cdef int64_t clock_ns
    cdef int64_t agents_ns
    cdef list event_ns
    cdef list recv_ns
    cdef led_entry* ring
    cdef uint64_t mask
    cdef uint64_t read
    cdef uint64_t applied
    cdef uint64_t given
    cdef uint64_t freed

    cdef bint lead(self) except -1
    cdef bint _read(self) except -1
    cdef int _stamp(self, led_entry* entry) except -1
    cdef int _peek(self) except -1
    cdef int _grow(self) except -1
    cdef int _free(self) except -1
