from libc.stdint cimport int64_t

from agents.paper.market.queueing cimport RestingOrders
from core.book cimport OrderBook
from core.frame cimport frame_header
from core.stream_table cimport StreamTable
from mesh.sim.venue_side cimport VenueSide


cdef class InstrumentMarket:
    cdef readonly object listing
    cdef readonly OrderBook book
    cdef readonly RestingOrders resting
    cdef readonly object mark
    cdef readonly int64_t last_ticks            # what was traded last, 0 before the first trade
    cdef readonly int64_t update_id
    cdef bint deep                              # whether there was a book; else quotes are one of a single level

    cdef list _trade(self, message)
    cdef list _replace(self, message)
    cdef list _delta(self, message)
    cdef list _quote(self, message)
    cdef list _fills(self, bytes bids, bytes asks)


cdef class MessageMarket(VenueSide):
    cdef public str kind
    cdef public tuple symbols
    cdef public bint done
    cdef public int64_t tick_count
    cdef public dict tapes
    cdef public object listener
    cdef public object settle                   # called before and after orders that rested are filled
    cdef readonly list streams_wanted
    cdef bint _margined
    cdef dict _markets
    cdef StreamTable _by_stream
    cdef int64_t _trade_id

    cdef list _take(self, InstrumentMarket market, const frame_header* fields, message)
    cdef int _filled(self, InstrumentMarket market, list filled) except -1
