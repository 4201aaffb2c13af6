import cython

from agents.instruments cimport InstrumentInfo
from agents.risk.limits cimport Limits, fraction
from agents.state.account cimport Account, PositionRange
from agents.state.message_fields cimport OrderFilledFields
from agents.state.positions cimport Ledger
from agents.state.saturating cimport times
from agents.state.working_orders cimport OpenQuantity, WorkingOrder
from core.levels cimport int128_t
from libc.stdint cimport int64_t

cdef int64_t BUY
cdef int64_t E8
cdef int64_t PPB
cdef int64_t SETTLED_NS
cdef str DOLLARS
cdef int NEW
cdef int PARTIALLY_FILLED

cdef OrderFilledFields ORDER_FILLED


cdef class MarginPower:
    cdef readonly object margin
    cdef Account _account
    cdef Limits _limits
    cdef dict _positions
    cdef int64_t _told_ns
    cdef object _fills
    cdef int128_t _filled_e8

    @cython.locals(taken_e8=int128_t)
    cpdef take(self, margin, int64_t now_ns, int64_t wall_ns)
    @cython.locals(info=InstrumentInfo, side=int64_t, price_ticks=int64_t)
    @cython.locals(qty_e8=int128_t, held_e8=int128_t, taken_e8=int128_t)
    cpdef book(self, fill)
    @cython.locals(needed_e8=int128_t, promised_e8=int128_t, available_e8=int64_t)
    cpdef check(
        self,
        InstrumentInfo info,
        PositionRange reach,
        int64_t side,
        int128_t price_ticks,
        int128_t qty_e8,
        int128_t mid_e8,
    )
    @cython.locals(needed_e8=int128_t, promised_e8=int128_t)
    cpdef check_spent(self, InstrumentInfo info, int128_t price_ticks, int128_t qty_e8)
    cdef _check_liquidation(self, InstrumentInfo info, mid_e8)
    @cython.locals(notional_e8=int128_t, fee_e8=int128_t, leverage_e8=int128_t)
    cdef int128_t _needed_e8(self, InstrumentInfo info, int128_t price_ticks, int128_t qty_e8) except? -1
    @cython.locals(notional_e8=int128_t)
    cdef int128_t _spent_e8(self, InstrumentInfo info, int128_t price_ticks, int128_t qty_e8) except? -1
    cdef bint _pays(self, InstrumentInfo info) except -1
    @cython.locals(ledger=Ledger, held=OpenQuantity, info=InstrumentInfo)
    cdef bint _is_rested_on(self) except -1
    cpdef int64_t leverage_e8(self, instrument_id) except -1
    @cython.locals(promised_e8=int128_t, order=WorkingOrder, info=InstrumentInfo, is_acknowledged=bint)
    cdef int128_t _promised_e8(self) except? -1
    @cython.locals(qty_e8=int128_t)
    cdef int128_t _taken_by_e8(self, WorkingOrder order, InstrumentInfo info) except? -1
    @cython.locals(reach=PositionRange)
    cdef bint _opens(self, instrument_id, int64_t side) except -1
    cdef _short_of(self, needed_e8, promised_e8)
