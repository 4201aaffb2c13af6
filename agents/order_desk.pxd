import cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from agents.orders cimport Order, OrderTable, filled, judge, updated
from agents.venues.binance_spot_account cimport SpotAccount
from mesh.engine cimport now_of, publish_of, wall_of

cdef int _INITIALIZED
cdef int _SUBMITTED
cdef int _PENDING_CANCEL
cdef int _UNKNOWN
cdef int _CANCELED
cdef int _REJECTED


cdef class Run:
    cdef readonly int64_t started_ns
    cdef public int outstanding
    cdef public str failed
    cdef public int64_t fills
    cdef public int phase
    cdef public list reports
    cdef public dict balances_e8
    cdef public dict trade_ids


cdef class OrderDesk:
    cdef public object ctx
    cdef readonly OrderTable table
    cdef readonly int64_t blocked_until_ns
    cdef public int64_t since_ns
    cdef public dict watermarks
    cdef readonly dict waiting
    cdef uint32_t _stream
    cdef SpotAccount _account
    cdef dict _instruments
    cdef dict _creates
    cdef dict _calls
    cdef dict _orphans

    @cython.locals(order=Order)
    cpdef resume(self)
    @cython.locals(order=Order)
    cpdef Order create(self, terms, corr)
    cpdef send(self, Order order)
    cpdef cancel(self, Order order, int reason)
    @cython.locals(unknown=bint, status=int)
    cdef _send_cancel(self, Order order)
    cdef _on_create(self, reply, Order order)
    cdef _lost(self, Order order, verdict)
    cpdef query(self, Order order, Run run=*)
    @cython.locals(order=Order)
    cpdef on_timer(self, str name)
    @cython.locals(unknown=bint, cancel=bint, wait_ns=int64_t)
    cpdef follow_up(self, Order order)
    @cython.locals(now_ns=int64_t)
    cdef _not_found(self, Order order)
    cdef bint _missing_long(self, Order order) except -1
    cdef _fetch_fills(self, Order order, Run run)
    @cython.locals(order=Order)
    cpdef on_execution(self, event)
    cpdef merge(self, report, Run run=*, bint reconciled=*)
    @cython.locals(status=int, reason=int)
    cdef _merge(self, Order order, report, Run run, bint reconciled)
    @cython.locals(order=Order)
    cdef bint _take_fill(self, info, fill, Run run) except -1
    cdef bint _take(self, verdict, Order order, Run run, bint reconciled) except -1
    cdef _touch(self, Order order)
    cdef _book(self, Order order, fill, Run run, bint reconciled)
    @cython.locals(order=Order)
    cdef Order _order_of(self, report)
    cpdef update(self, Order order, int status, int reason=*, str text=*, report=*, bint reconciled=*)
    @cython.locals(order=Order, run=Run)
    cpdef Run on_venue_reply(self, reply)
    cdef _verdict(self, reply)
    cpdef note_rate_limit(self, verdict)
    cdef _emit(self, message, uint64_t corr)


cdef bint _wants_cancel(Order order) except -1
cdef bint _is_about(Order order, report) except -1
