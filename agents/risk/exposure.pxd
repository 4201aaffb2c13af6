import cython

from agents.instruments cimport InstrumentInfo
from agents.risk.correlations cimport Correlations
from agents.risk.judged_market cimport JudgedMarket
from agents.risk.limits cimport Limits, exposure_e8, is_beyond
from agents.risk.judged_account cimport JudgedAccount
from agents.state.account cimport Account, PositionRange
from agents.state.market_view cimport MarketView
from agents.state.message_fields cimport SignalFields
from agents.state.positions cimport Ledger
from core.levels cimport int128_t
from libc.stdint cimport int64_t
from mesh.context cimport Context

cdef int64_t BUY

cdef SignalFields SIGNAL


cdef class Exposures:
    cdef dict _markets
    cdef Correlations _correlations

    @cython.locals(reach=PositionRange, gross_e8=int128_t)
    cpdef gross_e8(self, Account account)
    cpdef list others(self, Account account, instrument_id)
    @cython.locals(
        feed=MarketView,
        limits=Limits,
        own=JudgedAccount,
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
    cpdef check(self, Context ctx, signal, JudgedMarket market, PositionRange reach, list others)
    @cython.locals(reach=PositionRange, info=InstrumentInfo)
    cpdef check_correlation(self, Context ctx, signal, JudgedAccount own, list others)
    cdef _compare(self, Context ctx, signal, JudgedAccount own, number, PositionRange reach, tuple sides)
    cdef _not_known(self, JudgedAccount own, number, dict fault)
    @cython.locals(market=JudgedMarket)
    cpdef dict fault(self, Context ctx, number)
    @cython.locals(market=JudgedMarket, reach=PositionRange, most_e8=int128_t)
    cpdef bint is_dust(self, Account account, number) except -1
    @cython.locals(market=JudgedMarket, mark=int128_t, ledger=Ledger)
    cpdef int128_t mark_px_e8(self, Account account, number) except? -1


@cython.locals(reach=PositionRange)
cpdef dict held_figures(Account account, number)
cdef tuple _sides(PositionRange reach, int64_t lot_e8)
cdef int128_t _worst_e8(int128_t long_e8, int128_t short_e8, int128_t mark_px_e8) except? -1
cpdef int128_t order_px_e8(MarketView feed, int128_t price_ticks) noexcept
