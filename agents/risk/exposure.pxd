import cython

from agents.instruments cimport InstrumentInfo
from agents.risk.correlations cimport Correlations
from agents.risk.limits cimport Limits, exposure_e8, is_beyond
from agents.state.account cimport Account, PositionRange
from agents.state.market_view cimport MarketView
from agents.state.message_fields cimport SignalFields
from agents.state.positions cimport Ledger
from agents.state.venue_filters cimport Filters
from core.levels cimport int128_t
from libc.stdint cimport int64_t
from mesh.context cimport Context

cdef int64_t BUY

cdef SignalFields SIGNAL


cdef class JudgedMarket:
    cdef readonly MarketView feed
    cdef public Filters filters
    cdef readonly str base
    cdef readonly str quote
    cdef readonly bint on_margin


cdef class Exposures:
    cdef Limits _limits
    cdef dict _markets
    cdef Account _account
    cdef Correlations _correlations

    @cython.locals(reach=PositionRange, gross_e8=int128_t)
    cpdef gross_e8(self)
    cpdef list others(self, instrument_id)
    @cython.locals(
        gross_max_e8=int64_t,
        net_max_e8=int64_t,
        side=int64_t,
        qty_e8=int128_t,
        mark=int128_t,
        long_e8=int128_t,
        short_e8=int128_t,
        gross_e8=int128_t,
        net_e8=int128_t,
        added_e8=int128_t,
        other=PositionRange,
        other_mark=int128_t,
        worst_e8=int128_t,
        beyond=bint,
    )
    cpdef check(self, Context ctx, signal, MarketView feed, PositionRange reach, list others)
    @cython.locals(reach=PositionRange, info=InstrumentInfo)
    cpdef check_correlation(self, Context ctx, signal, list others)
    cdef _compare(self, Context ctx, signal, number, PositionRange reach, tuple sides)
    cdef _not_known(self, number, dict fault)
    cdef dict _held(self, number, PositionRange reach)
    @cython.locals(market=JudgedMarket)
    cdef dict _fault(self, Context ctx, number)
    @cython.locals(market=JudgedMarket, reach=PositionRange, most_e8=int128_t)
    cdef bint _is_dust(self, number) except -1
    @cython.locals(market=JudgedMarket, mark=int128_t, ledger=Ledger)
    cdef int128_t _mark_px_e8(self, number) except? -1


cdef tuple _sides(PositionRange reach, int64_t lot_e8)
cdef int128_t _worst_e8(int128_t long_e8, int128_t short_e8, int128_t mark_px_e8) except? -1
cdef int128_t _px_e8(MarketView feed, int128_t price_ticks) noexcept
