import cython

from agents.instruments cimport InstrumentInfo
from agents.state.causes cimport add_cause
from agents.state.message_fields cimport OrderFilledFields
from agents.state.positions cimport Ledger
from agents.state.saturating cimport times, wide
from agents.state.working_orders cimport OpenQuantity, WorkingOrder, WorkingOrders
from core.frame cimport Header
from core.levels cimport int128_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef OrderFilledFields ORDER_FILLED

cdef int64_t E8


cdef class PositionRange:
    cdef readonly int128_t net_qty_e8
    cdef readonly int128_t buys_e8
    cdef readonly int128_t sells_e8
    cdef readonly int128_t long_e8
    cdef readonly int128_t short_e8

    cdef begin(self, int128_t net_qty_e8, int128_t buys_e8, int128_t sells_e8)


cdef class Account:
    cdef public WorkingOrders orders
    cdef public dict ledgers
    cdef readonly object holdings
    cdef readonly uint32_t epoch
    cdef readonly uint32_t reconciled_epoch
    cdef dict _strategies
    cdef readonly bint funded
    cdef readonly int64_t balances_changed
    cdef dict _balances_e16
    cdef uint32_t _stream
    cdef uint64_t _seq
    cdef dict _infos

    @cython.locals(ledger=Ledger)
    cpdef apply(self, Header header, message, int64_t now_ns)
    cdef _apply_balances(self, Header header, message)
    cdef _forget_balances(self)
    cdef object _other_than(self, Ledger ledger)
    cpdef object held_e8(self, str asset)
    @cython.locals(held=OpenQuantity, info=InstrumentInfo)
    cpdef int128_t cost_e8(self, instrument_id) except? -1
    @cython.locals(held=OpenQuantity, info=InstrumentInfo, promised_e8=int128_t)
    cpdef int128_t promised_e8(self, str asset) except? -1
    @cython.locals(qty_e8=object)
    cdef _book_strategy(self, fill, InstrumentInfo info)
    cpdef bint is_reconciled(self) except -1
    cpdef add_cause(self, list found)
    cpdef InstrumentInfo find(self, instrument_id)
    cpdef Ledger ledger(self, instrument_id)
    @cython.locals(
        held=OpenQuantity,
        info=InstrumentInfo,
        ledger=Ledger,
        reach=PositionRange,
        buys_e8=int128_t,
        sells_e8=int128_t,
    )
    cpdef PositionRange reach(self, instrument_id)
    @cython.locals(found=list, reach=PositionRange, order=WorkingOrder)
    cpdef list opening_orders(self, instrument_id)
    @cython.locals(ledger=Ledger)
    cpdef bint is_alone(self, instrument_id) except -1
    cpdef list instruments(self)
