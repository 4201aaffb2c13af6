import cython

from agents.positions cimport Ledger
from agents.working cimport WorkingOrders
from core.frame cimport Header


cdef class Reach:
    cdef readonly object net_qty_e8
    cdef readonly object buys_e8
    cdef readonly object sells_e8
    cdef readonly object long_e8
    cdef readonly object short_e8

    cpdef Reach with_order(self, side, qty_e8)


cdef class Account:
    cdef public WorkingOrders orders
    cdef public dict ledgers
    cdef public object cause
    cdef public object reconciled_epoch
    cdef public object foreign
    cdef object _table

    @cython.locals(ledger=Ledger)
    cpdef apply(self, Header header, message, now_ns)
    cpdef Ledger ledger(self, instrument_id)
    @cython.locals(ledger=Ledger)
    cpdef net_qty_e8(self, instrument_id)
    cpdef Reach reach(self, instrument_id)
    @cython.locals(ledger=Ledger)
    cpdef bint is_alone(self, instrument_id) except -1
    cpdef list instruments(self)
