import cython

from agents.positions cimport Ledger
from agents.working cimport WorkingOrders
from core.frame cimport Header
from libc.stdint cimport int64_t, uint32_t, uint64_t


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
    cdef readonly uint32_t epoch
    cdef readonly uint32_t reconciled_epoch
    cdef uint32_t _stream
    cdef uint64_t _seq
    cdef object _table

    @cython.locals(ledger=Ledger)
    cpdef apply(self, Header header, message, int64_t now_ns)
    cpdef bint is_reconciled(self) except -1
    cpdef Ledger ledger(self, instrument_id)
    @cython.locals(ledger=Ledger)
    cpdef net_qty_e8(self, instrument_id)
    cpdef Reach reach(self, instrument_id)
    @cython.locals(ledger=Ledger)
    cpdef bint is_alone(self, instrument_id) except -1
    cpdef list instruments(self)
