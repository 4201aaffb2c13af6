import cython

from agents.paper.market.queue_models cimport QueueModel
from core.book cimport OrderBook
from libc.stdint cimport int64_t


cdef class Queued:
    cdef readonly object order
    cdef readonly int side
    cdef readonly int64_t price_ticks
    cdef readonly double ahead
    cdef int64_t displayed
    cdef int64_t traded


cdef class RestingOrders:
    cdef readonly OrderBook book
    cdef readonly QueueModel model
    cdef dict _consumed
    cdef list _buys
    cdef list _sells
    cdef readonly int64_t count

    cpdef list take(self, side, int64_t qty_lots, int64_t limit_ticks)
    @cython.locals(queued=Queued, other=Queued, own=list, place=Py_ssize_t)
    cpdef rest(self, order)
    @cython.locals(each=Queued, own=list, place=Py_ssize_t)
    cpdef withdraw(self, order)
    @cython.locals(filled=list)
    cpdef list on_trade(self, int64_t price_ticks, int64_t qty_lots, int aggressor)
    @cython.locals(filled=list)
    cpdef list on_levels(self, bid_ticks, ask_ticks)
    @cython.locals(each=Queued, given=int64_t, beyond=int64_t, reached=int64_t, qty=int64_t)
    cdef _traded(self, list own, int64_t price, int64_t qty_lots, int aggressor, list filled)
    @cython.locals(each=Queued, displayed=int64_t)
    cdef _moved(self, list own, int64_t opposite_ticks, list filled)
    cdef list _done(self, list filled)


cdef bint _better(Queued one, Queued other)
