import cython

from libc.stdint cimport int64_t, uint32_t

from agents.state.account cimport Account, PositionRange
from agents.state.market_view cimport MarketView
from agents.risk.limits cimport (
    Filters,
    Limits,
    check_collar,
    check_equity,
    check_form,
    check_position,
    check_self_trade,
    check_size,
    exposure_e8,
    reduces,
    is_beyond,
)
from agents.state.message_fields cimport SignalFields
from agents.state.positions cimport Ledger
from agents.state.trading_states cimport TradingStates
from agents.risk.correlations cimport Correlations
from core.token_bucket cimport TokenBucket
from agents.state.working_orders cimport WorkingOrder
from core.levels cimport int128_t
from mesh.context cimport Context

cdef int64_t BUY

cdef SignalFields SIGNAL


cdef class _Market:
    cdef MarketView feed
    cdef Filters filters


cdef class PreTradeChecks:
    cdef public Limits limits
    cdef public object feeds
    cdef readonly TradingStates states
    cdef public object equity
    cdef public TokenBucket bucket
    cdef public Correlations correlations
    cdef int64_t _equity_seen_ns
    cdef int64_t _equity_age_ns_max
    cdef object _config
    cdef Account _account
    cdef dict _markets
    cdef str _order_publisher
    cdef uint32_t _order_stream
    cdef str _equity_publisher
    cdef uint32_t _equity_stream

    @cython.locals(market=_Market, feed=MarketView, reach=PositionRange, side=int64_t, qty_e8=int64_t, price_ticks=int64_t)
    cpdef judge(self, Context ctx, signal)
    @cython.locals(reach=PositionRange, gross_e8=int128_t)
    cpdef exposure_gross_e8(self)
    @cython.locals(market=_Market)
    cpdef set_filters(self, instrument)
    cpdef set_equity(self, equity, int64_t now_ns, int64_t wall_ns)
    cdef _check_execution(self, Context ctx)
    @cython.locals(last_ticks=int64_t)
    cdef _check_market(self, Context ctx, MarketView feed, int64_t price_ticks)
    @cython.locals(order=WorkingOrder, count=int64_t)
    cdef _check_orders(self, signal, instrument_id)
    @cython.locals(alone=bint)
    cdef _check_more_risk(self, Context ctx, signal, instrument_id, MarketView feed, PositionRange reach)
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
    cdef _check_exposure(self, signal, MarketView feed, PositionRange reach, list others)
    @cython.locals(age_ns=int64_t)
    cdef _check_equity(self, Context ctx)
    @cython.locals(reach=PositionRange)
    cdef _check_correlation(self, signal)
    cdef _compare(self, signal, number, PositionRange reach, tuple sides)
    cdef _check_rate(self, Context ctx)
    @cython.locals(market=_Market, mark=int128_t, ledger=Ledger)
    cdef int128_t _mark_px_e8(self, number) except? -1


cdef tuple _sides(PositionRange reach, int64_t lot_e8)
cdef int128_t _worst_e8(int128_t long_e8, int128_t short_e8, int128_t mark_px_e8) except? -1
cdef int128_t _px_e8(MarketView feed, int128_t price_ticks) noexcept
