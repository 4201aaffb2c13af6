from libc.stdint cimport int64_t

from core.sequence cimport SequenceTracker
from mesh.protocol.engine cimport Engine
from mesh.protocol.link cimport Link
from mesh.sim.recording cimport Recording
from mesh.sim.venue_side cimport LedRecording


cdef class Follower:
    cdef readonly Engine engine
    cdef readonly Link link
    cdef SequenceTracker tracker


cdef class Track:
    cdef readonly str publisher
    cdef readonly Recording recording
    cdef readonly list followers
    cdef public int64_t epoch
    cdef int64_t at_ns


cdef class ReplayMerge:
    cdef public int64_t now_ns
    cdef public bint busy
    cdef readonly int64_t ahead_ns
    cdef readonly int64_t count
    cdef public bint led                # whether a venue did something that must be looked at first
    cdef list tracks
    cdef list venues                    # recordings that lead a venue
    cdef int64_t venues_at_ns           # when any venue has its next message
    cdef list engines
    cdef object on_epoch
    cdef int64_t due_ns                 # when `advance` must stop for something else
    cdef int64_t others_at_ns           # when any message but those of the track at hand is received

    cdef Track _earliest(self)
    cdef bint _lead(self, int64_t until_ns) except -1
    cpdef int64_t next_due_ns(self)
    cpdef bint advance(self, int64_t until_ns) except -1
    cdef int _hand_out(self, Track track) except -1
    cdef int _hand_frame(self, Track track, Follower follower, header) except -1
