import cython

from agents.instruments cimport InstrumentInfo
from agents.risk.correlations cimport Correlations
from agents.risk.exposure cimport Exposures, held_figures, order_px_e8
from agents.risk.judged_market cimport JudgedMarket
from agents.risk.limits cimport DeskLimits, is_beyond
from agents.risk.judged_account cimport JudgedAccount
from agents.state.account cimport PositionRange
from agents.state.message_fields cimport SignalFields
from agents.state.saturating cimport times
from agents.state.venue_filters cimport Filters
from core.levels cimport int128_t
from libc.stdint cimport int64_t
from mesh.context cimport Context

cdef int64_t BUY
cdef int64_t E8

cdef SignalFields SIGNAL


cdef class Coin:
    cdef readonly str name
    cdef readonly list parts
    cdef int128_t long_e8
    cdef int128_t short_e8
    cdef int128_t least_e8
    cdef bint held

    cdef begin(self)
    cdef int128_t worst_e8(self) noexcept


cdef class CoinPart:
    cdef readonly Coin coin
    cdef readonly InstrumentInfo info
    cdef readonly object number
    cdef readonly JudgedAccount account
    cdef readonly JudgedMarket market
    cdef bint held


cdef class DeskExposures:
    cdef public DeskLimits limits
    cdef readonly bint bounded
    cdef list _accounts
    cdef Exposures _exposures
    cdef Correlations _correlations
    cdef dict _coins
    cdef list _parts
    cdef dict _by_number

    @cython.locals(coin=Coin)
    cpdef dict figures(self)
    @cython.locals(
        side=int64_t,
        qty_e8=int128_t,
        part=CoinPart,
        mark=int128_t,
        beyond=bint,
        adds=bint,
        coin=Coin,
        each=Coin,
        gross_e8=int128_t,
        net_e8=int128_t,
        before_e8=int128_t,
        added_e8=int128_t,
        worst_e8=int128_t,
    )
    cpdef check(self, Context ctx, signal, JudgedMarket market, bint reducing)
    @cython.locals(limits=DeskLimits, worst_e8=int128_t)
    cdef _compare(self, Coin coin, int64_t side, bint adds, bint beyond, int128_t gross_e8, int128_t net_e8)
    @cython.locals(
        beyond=bint,
        coin=Coin,
        part=CoinPart,
        reach=PositionRange,
        mark=int128_t,
        long_e8=int128_t,
        short_e8=int128_t,
        least_e8=int128_t,
    )
    cdef bint _add_up(self, CoinPart own, int128_t own_mark, int least) except -1
    @cython.locals(reach=PositionRange, was_e8=int128_t)
    cdef int128_t _added_e8(self, CoinPart part, int64_t side, int128_t qty_e8, int128_t mark) except? -1
    @cython.locals(market=JudgedMarket, filters=Filters)
    cdef int128_t _least_e8(self, CoinPart part, int128_t mark) except? -1
    @cython.locals(mark=int128_t, other=CoinPart)
    cdef int128_t _mark_px_e8(self, CoinPart part) except? -1
    @cython.locals(account=JudgedAccount, known=bint)
    cdef bint _are_known(self, Context ctx) except -1
    @cython.locals(account=JudgedAccount, part=CoinPart, reach=PositionRange)
    cdef _not_known(self, Context ctx, JudgedMarket market)
    @cython.locals(other=CoinPart)
    cdef dict _fault(self, Context ctx, CoinPart part)
    cdef _unknown(self, dict figures)
    @cython.locals(coin=Coin)
    cdef _check_correlation(self, Context ctx, signal, Coin own)
    @cython.locals(part=CoinPart)
    cdef _compare_coin(self, Context ctx, signal, Coin coin, tuple sides)


cpdef int128_t value_up_e8(int128_t qty_e8, int128_t mark_px_e8) except? -1
cdef tuple _sides(Coin coin)
