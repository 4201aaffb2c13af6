import cython
from libc.stdint cimport int64_t

from agents.execution.order_table cimport Order, OrderTable
from agents.execution.statements cimport wants_cancel
from agents.execution.venue_calls cimport ReconcilePass, VenueCalls
from agents.venues.port cimport TradingAccount
from agents.venues.reports cimport Verdict
from mesh.context cimport Context, VenueReply

cdef int _UNKNOWN
cdef int _CANCELED
cdef int _REJECTED
cdef object _ACCEPTED
cdef object _NOT_FOUND


cdef class OrderLookup:
    cdef TradingAccount _account
    cdef VenueCalls _calls
    cdef dict _instruments
    cdef object _desk
    cdef Context _ctx

    cpdef query(self, Order order, ReconcilePass run=*)
    @cython.locals(order=Order, table=OrderTable)
    cpdef on_timer(self, str name)
    @cython.locals(unknown=bint, cancel=bint, wait_ns=int64_t, settles_ns=int64_t)
    cpdef follow_up(self, Order order)
    @cython.locals(now_ns=int64_t)
    cdef _not_found(self, Order order)
    cdef bint _missing_long(self, Order order) except -1
    cpdef fetch_fills(self, Order order, ReconcilePass run)
