"""Fields and C signatures of `agents.market_data.frame_path`."""

cimport cython
from libc.stdint cimport int64_t

from agents.market_data.feeds cimport SyncedBook, VenueFeed
from agents.venues.binance.frames cimport stream_name
from agents.venues.depth_update cimport DepthUpdate
from core.int_field cimport IntField
from mesh.context cimport Context

cdef IntField UPDATE_ID
cdef IntField BID_TICKS
cdef IntField BID_LOTS
cdef IntField ASK_TICKS
cdef IntField ASK_LOTS


cdef class FramePath:
    cdef readonly int64_t received
    cdef readonly int64_t published
    cdef dict _by_name
    cdef VenueFeed _before                   # the one of the frame before: frames of one feed often come together
    cdef object _otherwise
    cdef Context _ctx

    @cython.locals(feed=VenueFeed)
    cpdef on_frame(self, connection, bytes frame)
    cpdef publish_stale(self, SyncedBook book, DepthUpdate update)
    cdef VenueFeed _find(self, bytes frame)
    cdef _take_tick(self, VenueFeed feed, tick)
    @cython.locals(book=SyncedBook)
    cdef _take_update(self, VenueFeed feed, DepthUpdate update)
