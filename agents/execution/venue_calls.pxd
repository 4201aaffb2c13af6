import cython

from agents.execution.budget cimport VenueBudget
from agents.execution.order_table cimport Order
from agents.venues.port cimport TradingAccount
from agents.venues.reports cimport Verdict
from libc.stdint cimport int64_t
from mesh.context cimport Context, VenueReply

cdef int64_t CANCEL_WEIGHT
cdef int64_t SLOW_NS
cdef object _ACCEPTED


cdef class ReconcilePass:
    cdef readonly int64_t started_ns
    cdef public int outstanding
    cdef public str failed
    cdef public int64_t fills
    cdef public int phase
    cdef public list reports
    cdef public dict balances_e8
    cdef public list transfers
    cdef public dict cursors


cdef class PendingCall:
    cdef readonly object handler
    cdef readonly object subject
    cdef readonly ReconcilePass run
    cdef readonly int64_t sent_ns
    cdef readonly int64_t weight
    cdef public bint counts


cdef class VenueCalls:
    cdef public Context ctx
    cdef public object watch
    cdef readonly VenueBudget budget
    cdef readonly int64_t blocked_until_ns
    cdef readonly int64_t held_until_ns
    cdef TradingAccount _account
    cdef dict _out

    cpdef bint is_blocked(self) except -1
    cpdef bint is_held(self) except -1
    @cython.locals(ctx=Context, weight=int64_t, counts=bint, pending=PendingCall)
    cpdef amend(self, call, handler, subject)
    cpdef bint has_order(self, bint closes) except -1
    cpdef hold(self, int64_t wait_ns)
    @cython.locals(ctx=Context, weight=int64_t)
    cpdef call(self, call, handler, subject, ReconcilePass run=*)
    cpdef created(self, call_id, Order order)
    @cython.locals(sent_ns=int64_t)
    cpdef ended(self, VenueReply reply)
    @cython.locals(run=ReconcilePass)
    cpdef ReconcilePass hand_over(self, VenueReply reply, PendingCall pending)
    cpdef Verdict verdict(self, VenueReply reply)
    cpdef Verdict proof(self, VenueReply reply)
    cdef Verdict _judged(self, Verdict verdict)
    @cython.locals(ctx=Context, wait_ns=int64_t)
    cdef _hold_if_used_up(self)
