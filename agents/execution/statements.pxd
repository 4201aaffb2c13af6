import cython
from libc.stdint cimport int64_t

from agents.execution.order_table cimport Order
from agents.venues.reports cimport FillReport, OrderReport

cdef int _NEW
cdef int _PARTIALLY_FILLED
cdef int _PENDING_CANCEL
cdef int _FILLED
cdef int _CANCELED
cdef int _EXPIRED
cdef int _STATUSES_END
cdef tuple _NEXT
cdef tuple _SAME
cdef tuple _OLD
cdef tuple _MISSING_FILLS
cdef tuple _CHANGE


@cython.locals(before=int, status=int, after=int, waits_for_cancel=bint, stays=bint, amended=bint)
cpdef tuple judge(Order order, OrderReport report)
cdef int _working_status(Order order) except -1
cpdef bint wants_cancel(Order order) except -1
cpdef OrderReport rebased(Order order, OrderReport report)
cpdef bint is_about(Order order, OrderReport report) except -1
@cython.locals(status=int)
cpdef filled(Order order, FillReport fill, ts_recv_ns, bint reconciled)
cpdef updated(
    Order order,
    int status,
    ts_recv_ns,
    int reason=*,
    str text=*,
    ts_event_ns=*,
    str venue_order_id=*,
    bint reconciled=*,
)
