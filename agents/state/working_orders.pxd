import cython

from agents.state.message_fields cimport OrderFilledFields, OrderInitializedFields, OrderTerms, OrderUpdatedFields
from agents.state.recent cimport Recent
from core.levels cimport int128_t
from libc.stdint cimport int64_t

cdef Py_ssize_t SETTLED_MAX
cdef int64_t QTY_LOTS_MAX
cdef int RESERVED
cdef int _INITIALIZED
cdef int _SUBMITTED
cdef int _UNKNOWN
cdef int _LAST
cdef int _OPEN

cdef OrderTerms APPROVED
cdef OrderFilledFields ORDER_FILLED
cdef OrderInitializedFields ORDER_INITIALIZED
cdef OrderUpdatedFields ORDER_UPDATED


cdef class OpenQuantity:
    cdef int128_t buys
    cdef int128_t sells
    cdef int128_t cost


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
    cdef readonly bint binds
    cdef OpenQuantity held
    cdef WorkingOrder older
    cdef WorkingOrder newer

    cdef begin(self, order, OrderTerms terms, OpenQuantity held, int64_t since_ns)
    @cython.locals(bound=int64_t)
    cdef weigh(self)


cdef class Chain:
    cdef Py_ssize_t count
    cdef WorkingOrder oldest
    cdef WorkingOrder newest

    cdef add(self, WorkingOrder order)
    @cython.locals(older=WorkingOrder, newer=WorkingOrder)
    cdef remove(self, WorkingOrder order)


cdef class WorkingOrders:
    cdef Chain binding
    cdef readonly int64_t count_open
    cdef readonly int64_t count_unknown
    cdef dict _known
    cdef readonly dict all_held
    cdef Chain _ended
    cdef set _fills
    cdef Recent _recent_fills

    @cython.locals(found=list, order=WorkingOrder)
    cpdef list all_binding(self)
    @cython.locals(held=OpenQuantity)
    cpdef OpenQuantity hold(self, instrument_id)
    @cython.locals(order=WorkingOrder)
    cpdef adopt(self, terms, int64_t now_ns, int status, int64_t cum_qty_lots, int64_t filled_qty_lots)
    cpdef reserve(self, approved, int64_t now_ns)
    @cython.locals(order=WorkingOrder)
    cpdef bint release(self, str client_order_id) except -1
    @cython.locals(order=WorkingOrder)
    cpdef doubt(self, str client_order_id)
    cpdef WorkingOrder get(self, str client_order_id)
    @cython.locals(order=WorkingOrder)
    cpdef apply(self, message, int64_t now_ns)
    @cython.locals(order=WorkingOrder, count=int64_t)
    cpdef int64_t count_of(self, instrument_id, str strategy) except -1
    cpdef OpenQuantity held(self, instrument_id)
    @cython.locals(held=OpenQuantity)
    cpdef leaves_qty_lots(self, instrument_id, int side)
    @cython.locals(held=OpenQuantity)
    cpdef list instruments(self)
    @cython.locals(held=OpenQuantity, elsewhere=int128_t)
    cpdef bint hold_only(self, instrument_id) except -1
    @cython.locals(order=WorkingOrder)
    cdef _initialized(self, message, int64_t now_ns)
    @cython.locals(order=WorkingOrder)
    cdef bint _filled(self, message) except -1
    @cython.locals(order=WorkingOrder, held=OpenQuantity)
    cdef WorkingOrder _begin(self, message, OrderTerms terms, int64_t now_ns)
    @cython.locals(was_open=bint, was_unknown=bint, did_bind=bint, leaves=int64_t)
    cdef _change(self, WorkingOrder order, int status, int64_t cum_qty_lots, int64_t filled_qty_lots)
    @cython.locals(price_ticks=int128_t)
    cdef _hold(self, WorkingOrder order, int64_t qty_lots)
    @cython.locals(oldest=WorkingOrder)
    cdef _move(self, WorkingOrder order)
