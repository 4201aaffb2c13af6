import cython

from agents.execution.order_table cimport Order
from agents.venues.port cimport TradingAccount
from agents.venues.reports cimport Verdict
from libc.stdint cimport int64_t
from mesh.context cimport Context, VenueReply


cdef class ReconcilePass:
    cdef readonly int64_t started_ns
    cdef public int outstanding
    cdef public str failed
    cdef public int64_t fills
    cdef public int phase
    cdef public list reports
    cdef public dict balances_e8
    cdef public dict cursors


cdef class PendingCall:
    cdef readonly object handler
    cdef readonly object subject
    cdef readonly ReconcilePass run


cdef class VenueCalls:
    cdef public Context ctx
    cdef readonly int64_t blocked_until_ns
    cdef TradingAccount _account
    cdef dict _out

    cpdef bint is_blocked(self) except -1
    cpdef call(self, call, handler, subject, ReconcilePass run=*)
    cpdef create(self, call, Order order)
    cpdef ended(self, VenueReply reply)
    @cython.locals(run=ReconcilePass)
    cpdef ReconcilePass hand_over(self, VenueReply reply, PendingCall pending)
    @cython.locals(verdict=Verdict)
    cpdef Verdict verdict(self, VenueReply reply)
    cpdef note_rate_limit(self, Verdict verdict)
