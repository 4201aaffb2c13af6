"""Fields and C signatures of `agents.market_data.feeds`."""

from libc.stdint cimport int64_t, uint32_t

from agents.market_data.book_check cimport BookCheck
from agents.market_data.trade_ids cimport TradeIds
from agents.venues.book_sync cimport BookSync
from agents.venues.depth_update cimport DepthUpdate
from agents.venues.market_port cimport FrameReader
from core.book cimport OrderBook


cdef class VenueFeed:
    cdef readonly object channel
    cdef readonly uint32_t stream
    cdef readonly BookCheck check
    cdef readonly FrameReader reader
    cdef public SyncedBook book
    cdef public str connection
    cdef public object state
    cdef public str reason
    cdef public int64_t since_ns
    cdef public int64_t frame_ns
    cdef public int64_t subscribed_ns
    cdef public object last
    cdef public TradeIds trade_ids
    cdef readonly bint is_bars


cdef class SyncedBook:
    cdef readonly object info
    cdef readonly VenueFeed feed
    cdef readonly BookCheck check
    cdef readonly BookSync sync
    cdef readonly OrderBook levels
    cdef readonly str timer
    cdef readonly str breaker_timer
    cdef readonly str silence_timer
    cdef public object snapshot
    cdef public int64_t call_id
    cdef public int64_t attempts
    cdef public int64_t not_before_ns
    cdef object _last

    cpdef clear(self)
    cpdef clear_levels(self)
    cpdef str apply(self, DepthUpdate update)
    cpdef str replace(self, snapshot)
    cpdef compare(self, int64_t update_id)
