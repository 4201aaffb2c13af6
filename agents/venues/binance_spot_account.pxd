import cython

from core.decimals cimport Scale


cdef class _Traded:
    cdef readonly object id
    cdef readonly str symbol
    cdef readonly Scale qty
    cdef readonly Scale price
    cdef dict _creates

    cdef dict create_params(self, side, time_in_force)


cdef class SpotAccount:
    cdef readonly str private_url
    cdef readonly object settle_ns
    cdef readonly object query_lag_ns
    cdef object _timeout_ms
    cdef dict _by_symbol
    cdef dict _by_id

    @cython.locals(traded=_Traded)
    cpdef create(self, info, str client_order_id, side, qty_lots, price_ticks, time_in_force)
    cdef _signed(self, str method, str path, dict params)
    cpdef order_verdict(self, reply)
    @cython.locals(status=int)
    cpdef proof(self, reply)
    @cython.locals(traded=_Traded)
    cdef _execution(self, data)
    cdef _last_fill(self, _Traded traded, order, data)
    @cython.locals(traded=_Traded)
    cdef _order(self, data)
    @cython.locals(traded=_Traded)
    cdef _create_fill(self, order, data)


cdef _status(text)
cdef _time_in_force(order_type, text)
