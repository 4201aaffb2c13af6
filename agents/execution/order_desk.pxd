import cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from agents.execution.lifetimes cimport Lifetimes
from agents.execution.order_lookup cimport OrderLookup
from agents.execution.order_table cimport Order, OrderTable
from agents.execution.statements cimport filled, is_about, judge, rebased, updated
from agents.execution.venue_calls cimport PendingCall, ReconcilePass, VenueCalls
from agents.state.message_fields cimport OrderInitializedFields
from agents.venues.port cimport TradingAccount
from agents.venues.reports cimport ExecutionEvent, FillReport, OrderReport, Verdict
from core.frame cimport Header
from mesh.context cimport Context, VenueReply

cdef int _INITIALIZED
cdef int _SUBMITTED
cdef int _PENDING_CANCEL
cdef int _UNKNOWN
cdef int _CANCELED
cdef int _REJECTED
cdef int _REPLACED
cdef object _ACCEPTED
cdef object _NOT_FOUND
cdef object _UNPROVEN
cdef object _TAKEN
cdef object _MISSING_FILLS
cdef object _CHANGE
cdef object _OLD
cdef OrderInitializedFields TERMS
cdef int REDUCE_ONLY


cdef class OrderDesk:
    cdef readonly Context ctx
    cdef readonly OrderTable table
    cdef readonly VenueCalls calls
    cdef readonly object fills
    cdef readonly OrderLookup lookup
    cdef readonly Lifetimes lifetimes
    cdef readonly object amendments
    cdef public object watch
    cdef public object forced
    cdef readonly dict waiting
    cdef uint32_t _stream
    cdef readonly TradingAccount account
    cdef dict _instruments
    cdef object _run_idle

    @cython.locals(order=Order)
    cpdef restore(self, Header header, message)
    @cython.locals(order=Order)
    cpdef resume(self)
    @cython.locals(order=Order, now_ns=int64_t, origin_ns=int64_t, call_id=object)
    cpdef create(self, terms, info, uint64_t corr)
    @cython.locals(reduces=bint)
    cpdef send_create(self, Order order)
    cpdef cancel(self, Order order, int reason)
    @cython.locals(order=Order)
    cpdef end_lifetimes(self)
    cpdef send_cancel(self, Order order)
    @cython.locals(status=int)
    cdef _tell_canceling(self, Order order)
    @cython.locals(verdict=Verdict)
    cdef _on_create(self, VenueReply reply, Order order)
    cdef _lost(self, Order order, Verdict verdict)
    cpdef await_word(self, Order order, Verdict verdict)
    @cython.locals(order=Order)
    cpdef on_execution(self, ExecutionEvent event)
    cpdef merge(self, OrderReport report, ReconcilePass run=*, bint reconciled=*)
    @cython.locals(status=int, reason=int, stated=OrderReport)
    cdef _merge(self, Order order, OrderReport report, ReconcilePass run, bint reconciled)
    @cython.locals(report=OrderReport)
    cpdef bint take(self, Verdict verdict, Order order, ReconcilePass run, bint reconciled) except -1
    cdef _touch(self, Order order)
    @cython.locals(held=OrderReport)
    cpdef book(self, Order order, FillReport fill, ReconcilePass run, bint reconciled)
    @cython.locals(order=Order)
    cpdef Order order_of(self, OrderReport report)
    cpdef update(self, Order order, int status, int reason=*, str text=*, OrderReport report=*, bint reconciled=*)
    @cython.locals(run=ReconcilePass)
    cpdef on_venue_reply(self, VenueReply reply)
    cpdef emit(self, message, uint64_t corr)
