import cython


cdef class WorkingOrder:
    cdef public str client_order_id
    cdef public str strategy
    cdef public object instrument_id
    cdef public object side
    cdef public object qty_lots
    cdef public object price_ticks
    cdef public object time_in_force
    cdef public bint external
    cdef public object since_ns
    cdef public object status
    cdef public object cum_qty_lots
    cdef public object filled_qty_lots
    cdef public bint doubted


cdef class WorkingOrders:
    cdef public dict live
    cdef public object count_open
    cdef public object count_unknown
    cdef dict _leaves
    cdef object _settled
    cdef object _fills

    cpdef WorkingOrder get(self, str client_order_id)
    @cython.locals(order=WorkingOrder)
    cpdef apply(self, message, now_ns)
    cpdef leaves_qty_lots(self, instrument_id, side)
    cpdef bint hold_only(self, instrument_id) except -1
    @cython.locals(order=WorkingOrder)
    cdef _initialized(self, message, now_ns)
    cdef bint _filled(self, message) except -1
    @cython.locals(order=WorkingOrder)
    cdef _change(self, message, cum_qty_lots, filled_qty_lots)
    cdef _add(self, WorkingOrder order, sign)
    cdef _place(self, WorkingOrder order)
