from agents.state.message_fields cimport OrderFilledFields

cdef OrderFilledFields ORDER_FILLED


cdef class Ledger:
    cdef public object info
    cdef object _tick_e8
    cdef object _lot_e8
    cdef str _base
    cdef str _quote
    cdef public object net_qty_e8
    cdef public object cost_e16
    cdef public object realised_e16
    cdef public object fees_e16
    cdef public dict fees_by_asset
    cdef public object last_px_e8
    cdef public object fills

    cpdef apply(self, fill)
    cpdef trade(self, qty_e8, px_e8)
    cpdef unrealised_e16(self, mark_px_e8)
    cdef _charge(self, commission_e8, asset, px_e8)
