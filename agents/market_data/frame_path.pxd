"""Fields and C signatures of `agents.market_data.frame_path`."""

cimport cython
from libc.stdint cimport int64_t

from agents.market_data.feeds cimport SyncedBook, VenueFeed
from agents.market_data.trade_ids cimport TradeIds
from agents.state.message_fields cimport QuoteFields, TradeFields
from agents.venues.depth_update cimport DepthUpdate
from agents.venues.market_port cimport FrameReader
from mesh.context cimport Context

cdef QuoteFields QUOTE
cdef TradeFields TRADE


cdef class FramePath:
    cdef readonly int64_t received
    cdef readonly int64_t published
    cdef dict _by_name
    cdef dict _by_connection                 # for each its names, where two have a name in common; else nothing
    cdef bint _shares_names
    cdef FrameReader _any                    # reads the name of any channel
    cdef VenueFeed _before                   # the one of the frame before: frames of one feed often come together
    cdef object _overlap                     # None while each stream comes over one connection
    cdef object _otherwise
    cdef int64_t _unequal_max
    cdef Context _ctx

    @cython.locals(feed=VenueFeed)
    cpdef on_frame(self, str connection, bytes frame)
    @cython.locals(by_name=dict)
    cpdef VenueFeed find(self, str connection, bytes frame)
    cpdef read(self, VenueFeed feed, bytes frame)
    cpdef take(self, VenueFeed feed, message)
    cpdef count_published(self)
    cdef _take(self, VenueFeed feed, message)
    @cython.locals(ids=TradeIds, passed=int64_t)
    cdef _take_tick(self, VenueFeed feed, tick)
    @cython.locals(book=SyncedBook)
    cdef _take_update(self, VenueFeed feed, DepthUpdate update)
