import cython

from libc.stdint cimport int64_t, uint32_t

from agents.instruments cimport InstrumentInfo
from agents.risk.buying_power cimport BuyingPower
from agents.risk.correlations cimport Correlations
from agents.risk.exposure cimport Exposures, JudgedMarket
from agents.risk.filters cimport check_band, check_bracket, check_form, check_position_max, check_size
from agents.risk.limits cimport (
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
from agents.state.account cimport Account, PositionRange
from agents.state.market_view cimport MarketView
from agents.state.message_fields cimport SignalFields
from agents.state.positions cimport Ledger
from agents.state.venue_filters cimport Filters
from agents.state.working_orders cimport WorkingOrder
from core.levels cimport int128_t
from core.token_bucket cimport TokenBucket
from mesh.context cimport Context

cdef int64_t BUY
cdef int64_t REDUCE_ONLY
cdef list NOTHING
cdef int64_t ASKED_BY_STRATEGY
cdef int64_t ASKED_BY_RISK

cdef SignalFields SIGNAL


cdef class PreTradeChecks:
    cdef public Limits limits
    cdef readonly dict markets
    cdef public object equity
    cdef public TokenBucket bucket
    cdef public Correlations correlations
    cdef readonly Exposures exposures
    cdef int64_t _equity_seen_ns
    cdef int64_t _equity_age_ns_max
    cdef object _config
    cdef Account _account
    cdef Modes _modes
    cdef BuyingPower _buying_power
    cdef object _strategy_limits
    cdef bint _by_strategy
    cdef str _order_publisher
    cdef uint32_t _order_stream
    cdef str _equity_publisher
    cdef uint32_t _equity_stream

    @cython.locals(market=JudgedMarket, feed=MarketView, reach=PositionRange, side=int64_t, qty_e8=int64_t, reducing=bint)
    cpdef judge(self, Context ctx, signal, bint closing=*)
    @cython.locals(market=JudgedMarket)
    cpdef set_filters(self, instrument)
    cpdef set_equity(self, equity, int64_t now_ns, int64_t wall_ns)
    @cython.locals(market=JudgedMarket, feed=MarketView)
    cpdef bint is_well(self, Context ctx) except -1
    cpdef bint is_out_of_use(self, MarketView feed) except -1
    cpdef reconciling(self, Context ctx)
    @cython.locals(age_ns=int64_t)
    cpdef equity_fault(self, Context ctx)
    cdef _check_execution(self, Context ctx)
    @cython.locals(unknown=int64_t, count=int64_t, replaced=WorkingOrder)
    cdef _check_counts(self, signal)
    @cython.locals(feed=MarketView, last_ticks=int64_t, side=int64_t, price_ticks=int64_t)
    cdef _check_market(self, Context ctx, signal, JudgedMarket market)
    @cython.locals(feed=MarketView, filters=Filters, price_ticks=int64_t, best_ticks=int128_t)
    cdef _check_closing_price(self, signal, JudgedMarket market, int64_t side)
    @cython.locals(ledger=Ledger, best_ticks=int64_t)
    cpdef int64_t opposite_ticks(self, MarketView feed, int64_t side) except? -1
    @cython.locals(order=WorkingOrder, replaces=str, most=int64_t, count=int64_t)
    cdef _check_own_orders(self, signal, JudgedMarket market, bint reducing)
    @cython.locals(order=WorkingOrder)
    cdef _check_replaced(self, signal, str replaces)
    @cython.locals(alone=bint, others=list)
    cdef _check_more_risk(
        self, Context ctx, signal, JudgedMarket market, PositionRange reach, int64_t side, int64_t qty_e8
    )
    @cython.locals(info=InstrumentInfo)
    cdef _check_account(
        self, signal, JudgedMarket market, PositionRange reach, int64_t side, int64_t qty_e8, bint alone
    )
    cdef _check_rate(self, Context ctx)


cdef _only_reducing(state)
cdef _does_not_reduce(PositionRange reach, int64_t side, int128_t qty_e8)
