import cython

from agents.state.account cimport PositionRange
from agents.state.message_fields cimport EquityFields, SignalFields
from agents.state.saturating cimport times, wide
from agents.state.working_orders cimport WorkingOrder
from core.levels cimport int128_t
from libc.stdint cimport int64_t

cdef int64_t PPB
cdef int64_t BUY
cdef int64_t SELL
cdef int64_t E8
cdef int128_t EXPOSURE_MAX_E8

cdef EquityFields EQUITY
cdef SignalFields SIGNAL


cdef class LossLimits:
    cdef readonly int64_t daily_loss_max_e8
    cdef readonly int64_t drawdown_max_ppb
    cdef readonly str prefix
    cdef readonly bint bounded


cdef class Limits(LossLimits):
    cdef readonly int128_t order_qty_max_e8
    cdef readonly int64_t order_notional_max_e8
    cdef readonly int128_t position_max_e8
    cdef readonly bint short_allowed
    cdef readonly int64_t open_orders_max
    cdef readonly int64_t exposure_gross_max_e8
    cdef readonly int64_t exposure_net_max_e8
    cdef readonly int64_t price_collar_ppb
    cdef readonly double correlation_max
    cdef readonly int64_t market_data_age_ns_max
    cdef readonly int64_t unknown_orders_max
    cdef readonly int64_t fee_reserve_ppb
    cdef readonly int64_t liquidation_distance_min_ppb


cdef class DeskLimits(LossLimits):
    cdef readonly int64_t exposure_gross_max_e8
    cdef readonly int64_t exposure_net_max_e8
    cdef readonly int64_t coin_exposure_max_e8
    cdef readonly double correlation_max


cpdef check_collar(
    Limits limits, int64_t side, int128_t price_ticks, int128_t bid_ticks, int128_t ask_ticks, int128_t last_ticks
)
@cython.locals(collar=int128_t, through=int128_t)
cpdef bint is_through(Limits limits, int64_t side, int128_t price_ticks, int128_t twice_ticks) except -1
cpdef collared(Limits limits, str name, price_ticks, twice_ticks)
@cython.locals(side=int64_t)
cpdef check_self_trade(signal, WorkingOrder order)
@cython.locals(could_be_e8=int128_t)
cpdef check_position(Limits limits, PositionRange reach, int64_t side, int128_t qty_e8)
cpdef bint reduces(PositionRange reach, int64_t side, int128_t qty_e8) except -1
cpdef check_equity(LossLimits limits, equity)
@cython.locals(loss_e8=int128_t, loss_max_e8=int64_t)
cpdef check_daily_loss(LossLimits limits, equity)
@cython.locals(now_e8=int128_t, peak_e8=int128_t, fall_max_ppb=int128_t)
cpdef check_drawdown(LossLimits limits, equity)
cdef _fallen(LossLimits limits, equity_e8, peak_e8)
cpdef fraction(ppb)
cpdef int128_t exposure_e8(int128_t qty_e8, int128_t mark_px_e8) except? -1
cpdef bint is_beyond(int128_t exposure_e8) except -1
