from libc.stdint cimport int64_t

from core.frame cimport Header
from core.sequence cimport SequenceTracker
from mesh.protocol.engine cimport Engine
from mesh.protocol.link cimport Link
from mesh.sim.recording cimport Recording
from mesh.sim.venue_side cimport LedRecording


cdef class Inbox:
    cdef readonly Engine engine
    cdef int64_t ahead_ns
    cdef list waiting

    cdef int put(self, Link link, Header header, message) except -1
    cdef int hand_over(self) except -1


cdef class Waiting:
    cdef Link link
    cdef Header header
    cdef object message


cdef class Follower:
    cdef Inbox inbox
    cdef bint[256] conflates
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
    cdef public bint stirred            # whether there may be an event now that is due sooner than those known
    cdef int64_t fired_ns               # when timers were fired last
    cdef list inboxes
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
    cpdef int hand_over(self) except -1
    cpdef int fire(self, int64_t due_ns) except -1
    cpdef bint advance(self, int64_t until_ns, int64_t event_ns) except -1
    cdef bint _advance(self, int64_t until_ns) except -1
    cdef int _hand_out(self, Track track) except -1
    cdef int _hand_frame(self, Track track, Follower follower, header) except -1
