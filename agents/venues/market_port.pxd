"""Fields and C signatures of `agents.venues.market_port`."""

from libc.stdint cimport int64_t

from agents.venues.book_sync cimport BookSync


cdef class FrameReader:
    cpdef object read(self, bytes frame, int64_t ts_recv_ns)
    cpdef bytes channel_name(self, bytes frame)


cdef class MarketFeeds:
    cdef readonly list channels
    cdef readonly object heartbeat
    cdef readonly tuple snapshot_depths
    cdef readonly int64_t connection_life_ms

    cpdef FrameReader reader(self, channel)
    cpdef BookSync book_sync(self)
