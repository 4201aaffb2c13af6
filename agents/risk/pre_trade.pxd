import cython

from libc.stdint cimport int64_t

from agents.instruments cimport InstrumentInfo
from agents.risk.correlations cimport Correlations
from agents.risk.desk_exposure cimport DeskExposures
from agents.risk.exposure cimport Exposures
from agents.risk.filters cimport check_band, check_bracket, check_form, check_position_max, check_size
from agents.risk.judged_market cimport JudgedMarket
from agents.risk.known_equity cimport KnownEquity
from agents.risk.limits cimport (
    DeskLimits,
    Limits,
    check_collar,
    check_equity,
    check_position,
    check_self_trade,
    collared,
    is_through,
    reduces,
)
from agents.risk.modes cimport Modes
from agents.risk.judged_account cimport JudgedAccount
from agents.state.account cimport PositionRange
from agents.state.market_view cimport MarketView
from agents.state.message_fields cimport SignalFields
from agents.state.positions cimport Ledger
from agents.state.venue_filters cimport Filters
from agents.state.working_orders cimport WorkingOrder, WorkingOrders
from core.levels cimport int128_t
from mesh.context cimport Context

cdef int64_t BUY
cdef int64_t REDUCE_ONLY
cdef list NOTHING
cdef int64_t ASKED_BY_STRATEGY
cdef int64_t ASKED_BY_RISK

cdef SignalFields SIGNAL


cdef class PreTradeChecks:
    cdef readonly dict markets
    cdef public Correlations correlations
    cdef readonly Exposures exposures
    cdef readonly DeskExposures desk_exposures
    cdef list _accounts
    cdef KnownEquity _desk_equity
    cdef DeskLimits _desk_limits
    cdef Modes _modes
    cdef object _strategy_limits
    cdef bint _by_strategy

    @cython.locals(
        market=JudgedMarket,
        feed=MarketView,
        own=JudgedAccount,
        reach=PositionRange,
        side=int64_t,
        qty_e8=int64_t,
        reducing=bint,
    )
    cpdef judge(self, Context ctx, signal, bint closing=*)
    @cython.locals(market=JudgedMarket)
    cpdef set_filters(self, instrument)
    @cython.locals(own=JudgedAccount, market=JudgedMarket, feed=MarketView)
    cpdef bint is_well(self, Context ctx) except -1
    @cython.locals(feed=MarketView)
    cpdef bint is_out_of_use(self, JudgedMarket market) except -1
    @cython.locals(market=JudgedMarket)
    cdef _strictest(self, signal, instrument_id)
    @cython.locals(unknown=int64_t, count=int64_t, replaced=WorkingOrder, orders=WorkingOrders, limits=Limits)
    cdef _check_counts(self, signal, JudgedAccount own)
    @cython.locals(feed=MarketView, limits=Limits, last_ticks=int64_t, side=int64_t, price_ticks=int64_t)
    cdef _check_market(self, Context ctx, signal, JudgedMarket market)
    @cython.locals(feed=MarketView, filters=Filters, limits=Limits, price_ticks=int64_t, best_ticks=int128_t)
    cdef _check_closing_price(self, signal, JudgedMarket market, int64_t side)
    @cython.locals(feed=MarketView, ledger=Ledger, best_ticks=int64_t)
    cpdef int64_t opposite_ticks(self, JudgedMarket market, int64_t side) except? -1
    @cython.locals(order=WorkingOrder, replaces=str, most=int64_t, count=int64_t)
    cdef _check_own_orders(self, signal, JudgedMarket market, bint reducing)
    @cython.locals(alone=bint, others=list, own=JudgedAccount)
    cdef _check_more_risk(
        self, Context ctx, signal, JudgedMarket market, PositionRange reach, int64_t side, int64_t qty_e8
    )
    cdef _check_desk_equity(self, Context ctx)
    @cython.locals(info=InstrumentInfo, price_ticks=int64_t, mid_e8=int128_t)
    cdef _check_account(
        self, signal, JudgedMarket market, PositionRange reach, int64_t side, int64_t qty_e8, bint alone
    )
    cdef _check_rate(self, Context ctx, JudgedAccount own)


@cython.locals(order=WorkingOrder)
cdef _check_replaced(signal, JudgedAccount own, str replaces)
cdef _only_reducing(state)
cdef _does_not_reduce(PositionRange reach, int64_t side, int128_t qty_e8)
