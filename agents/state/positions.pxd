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
    cdef public object funding_e16
    cdef public object paid_in_e16
    cdef public object gained_before_e16
    cdef public object realised_before_e16
    cdef public dict fees_by_asset
    cdef public object last_px_e8
    cdef public object fills

    cpdef bint apply(self, fill) except -1
    cpdef trade(self, qty_e8, px_e8)
    cpdef pay_in(self, qty_e8, px_e8)
    cpdef take_over(self, gain_e16)
    cpdef value(self, qty_e8, opened_e8, px_e8)
    cpdef hand_over(self, qty_e8)
    cpdef settle(self, amount_e8)
    cpdef unrealised_e17(self, mark_px_e9)
    cdef _realise_before(self, closed_e8)
    cdef bint _charge(self, commission_e8, asset, px_e8) except -1
