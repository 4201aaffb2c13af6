import cython
from libc.stdint cimport int64_t, uint64_t

from agents.state.message_fields cimport OrderInitializedFields, OrderUpdatedFields
from agents.venues.reports cimport FillReport, OrderReport

cdef int _INITIALIZED
cdef int _SUBMITTED
cdef int _PENDING_CANCEL
cdef int _UNKNOWN
cdef int _CANCELED
cdef int _ORDER_NOT_FOUND
cdef int _STATUSES_END
cdef int _TERMINAL
cdef dict _NO_COSTS
cdef list _NO_EXITS

cdef OrderInitializedFields ORDER_INITIALIZED
cdef OrderUpdatedFields ORDER_UPDATED


cdef class Order:
    cdef readonly str client_order_id
    cdef readonly str strategy
    cdef readonly object instrument_id
    cdef readonly object side
    cdef readonly object qty_lots
    cdef readonly object price_ticks
    cdef readonly object time_in_force
    cdef readonly bint external
    cdef readonly object exec_inst
    cdef readonly object lifetime_ms
    cdef readonly int64_t take_profit_ticks
    cdef readonly int64_t stop_ticks
    cdef readonly str parent
    cdef readonly str replaces
    cdef public Order amends
    cdef public Order heir
    cdef public Order successor
    cdef public int64_t base_lots
    cdef public str venue_name
    cdef public bint amendable
    cdef readonly dict costs_e8
    cdef readonly list exits
    cdef public bint watched
    cdef readonly tuple decision
    cdef readonly uint64_t corr
    cdef public int status
    cdef public bint ended
    cdef public str venue_order_id
    cdef public object cum_qty_lots
    cdef public int reason
    cdef public bint presumed
    cdef public int cancel_reason
    cdef public bint create_out
    cdef public bint cancel_out
    cdef public bint look_out
    cdef public bint query_wanted
    cdef public bint taken
    cdef public OrderReport held
    cdef public int attempts
    cdef public bint timer_set
    cdef public int64_t sent_ns
    cdef public int64_t not_found_ns
    cdef public int64_t unlisted_ns
    cdef public int64_t touched_ns
    cdef public int64_t expires_ns

    cpdef bint same_terms(self, message) except -1


cdef tuple _decision_of(message)


cdef class OrderTable:
    cdef readonly dict orders
    cdef readonly dict open
    cdef readonly int64_t submitted
    cdef readonly int64_t external
    cdef readonly dict traded_lots
    cdef readonly dict own_lots
    cdef readonly dict last_px_ticks
    cdef readonly int64_t filled_ns
    cdef readonly dict commissions_e8
    cdef list _counts
    cdef Py_ssize_t _remembered_max
    cdef public object keep
    cdef dict _by_decision
    cdef dict _by_venue_id
    cdef object _ended
    cdef dict _fills

    cpdef apply(self, message, uint64_t corr)
    @cython.locals(parent=Order, old=Order)
    cpdef add(self, Order order)
    @cython.locals(status=int, reason=int)
    cpdef change(self, Order order, message)
    @cython.locals(order=Order)
    cpdef Order find(self, OrderReport report)
    @cython.locals(known=dict)
    cpdef Order by_venue_id(self, instrument_id, str venue_order_id)
    cpdef Order by_decision(self, tuple decision)
    @cython.locals(known=dict)
    cpdef note_venue_id(self, Order order, str venue_order_id)
    cdef _succeed(self, Order order, Order old)
    cpdef bint is_booked(self, FillReport fill) except -1
    @cython.locals(oldest=Order, known=dict)
    cdef _forget(self)
    cdef _fill(self, Order order, message)
    @cython.locals(was_ended=bint)
    cdef _move(self, Order order, int status)
