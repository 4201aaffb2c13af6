import cython

from agents.instruments cimport InstrumentInfo
from agents.risk.limits cimport Limits
from agents.state.account cimport PositionRange
from agents.state.market_view cimport MarketView
from agents.state.message_fields cimport SignalFields
from agents.state.saturating cimport times
from agents.state.venue_filters cimport Filters
from core.levels cimport int128_t
from libc.stdint cimport int64_t

cdef int64_t PPM
cdef int64_t PRICE_TICKS_MAX
cdef int64_t BUY
cdef int64_t SELL
cdef int64_t E8
cdef int64_t EXEC_INST_OF_SIGNAL

cdef SignalFields SIGNAL


@cython.locals(side=int64_t, price_ticks=int64_t, exec_inst=int64_t)
cpdef check_form(signal, int64_t exec_inst_allowed=*)
@cython.locals(
    side=int64_t, price_ticks=int64_t, take_profit_ticks=int64_t, stop_ticks=int64_t, step=int64_t, takes=bint, stops=bint,
    stepped=bint, most=int64_t, priced=bint
)
cpdef check_bracket(Filters filters, signal)
@cython.locals(
    qty_lots=int128_t, lot_e8=int128_t, qty_e8=int128_t, qty_e8_max=int128_t, price_ticks=int128_t
)
cpdef check_size(Limits limits, InstrumentInfo info, Filters filters, signal)
@cython.locals(
    last_ticks=int128_t,
    bid_ticks=int128_t,
    ask_ticks=int128_t,
    twice_ticks=int128_t,
    down_ppm=int64_t,
    up_ppm=int64_t,
    scaled=int128_t,
)
cpdef check_band(Filters filters, MarketView feed, int64_t side, int128_t price_ticks)
@cython.locals(most_e8=int128_t)
cpdef check_position_max(Filters filters, InstrumentInfo info, PositionRange reach, int128_t qty_e8)
@cython.locals(notional_e8=int128_t, notional_max_e8=int64_t)
cdef _check_notional(Limits limits, Filters filters, int128_t px_e8, int128_t qty_e8)
cdef _unpriced(Filters filters, price_ticks)
cdef _notional(px_e8, qty_e8)
cdef _banded(price_ticks, twice_ticks, down_ppm, up_ppm)
