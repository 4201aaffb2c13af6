import cython

from core.int_field cimport IntField
from libc.stdint cimport int64_t

cdef int64_t QTY_LOTS_MAX
cdef int RESERVED
cdef int _INITIALIZED
cdef int _SUBMITTED
cdef int _UNKNOWN
cdef int _LAST
cdef int _OPEN

cdef IntField UPDATED_STATUS
cdef IntField UPDATED_CUM_QTY_LOTS
cdef IntField FILLED_STATUS
cdef IntField FILLED_CUM_QTY_LOTS
cdef IntField FILLED_LAST_QTY_LOTS


cdef class WorkingOrder:
    cdef readonly str client_order_id
    cdef readonly str strategy
    cdef readonly object instrument_id
    cdef readonly int side
    cdef readonly int64_t qty_lots
    cdef readonly int64_t price_ticks
    cdef readonly int time_in_force
    cdef readonly bint external
    cdef readonly int64_t since_ns
    cdef readonly int status
    cdef readonly int64_t cum_qty_lots
    cdef readonly int64_t filled_qty_lots
    cdef readonly bint reserved
    cdef readonly bint doubted
    cdef readonly bint open
    cdef readonly bint unknown
    cdef readonly int64_t leaves_qty_lots

    @cython.locals(bound=int64_t)
    cdef weigh(self)


cdef class Held:
    cdef object buys
    cdef object sells


cdef class WorkingOrders:
    cdef readonly dict live
    cdef readonly int64_t count_open
    cdef readonly int64_t count_unknown
    cdef dict _held
    cdef object _settled
    cdef object _fills

    cpdef reserve(self, approved, int64_t now_ns)
    @cython.locals(order=WorkingOrder)
    cpdef bint release(self, str client_order_id) except -1
    @cython.locals(order=WorkingOrder)
    cpdef doubt(self, str client_order_id)
    @cython.locals(order=WorkingOrder)
    cpdef WorkingOrder get(self, str client_order_id)
    @cython.locals(order=WorkingOrder)
    cpdef apply(self, message, int64_t now_ns)
    @cython.locals(order=WorkingOrder, count=int64_t)
    cpdef int64_t count_of(self, instrument_id, str strategy) except -1
    @cython.locals(held=Held)
    cpdef leaves_qty_lots(self, instrument_id, int side)
    @cython.locals(held=Held)
    cpdef list instruments(self)
    @cython.locals(held=Held)
    cpdef bint hold_only(self, instrument_id) except -1
    @cython.locals(order=WorkingOrder)
    cdef _initialized(self, message, int64_t now_ns)
    @cython.locals(order=WorkingOrder)
    cdef bint _filled(self, message) except -1
    cdef _begin(self, WorkingOrder order)
    @cython.locals(was_open=bint, was_unknown=bint, leaves=int64_t, bound=bint, binds=bint)
    cdef _change(self, WorkingOrder order, int status, int64_t cum_qty_lots, int64_t filled_qty_lots)
    @cython.locals(held=Held)
    cdef _hold(self, WorkingOrder order, int64_t qty_lots)
    cdef _move(self, WorkingOrder order, bint binds)
