import cython

from libc.stdint cimport int64_t

from agents.account cimport Account, Reach
from agents.feed cimport Feed
from agents.positions cimport Ledger
from agents.rates cimport Correlations, TokenBucket
from agents.working cimport WorkingOrder


cdef class Judge:
    cdef public object limits
    cdef public object feeds
    cdef public bint halted
    cdef public str halt_reason
    cdef public object equity
    cdef public TokenBucket bucket
    cdef public Correlations correlations
    cdef public dict filters
    cdef int64_t _equity_seen_ns
    cdef int64_t _equity_age_ns_max
    cdef object _config
    cdef Account _account
    cdef tuple _order_source
    cdef tuple _equity_source

    @cython.locals(feed=Feed, reach=Reach)
    cpdef judge(self, ctx, signal)
    cdef _check_execution(self, ctx)
    cdef _check_market(self, ctx, Feed feed, signal)
    @cython.locals(order=WorkingOrder)
    cdef _check_orders(self, signal)
    cdef _check_more_risk(self, ctx, signal, qty_e8)
    @cython.locals(reach=Reach, after=Reach)
    cdef _check_exposure(self, signal, qty_e8)
    @cython.locals(age_ns=int64_t)
    cdef _check_equity(self, ctx)
    @cython.locals(reach=Reach)
    cdef _check_correlation(self, signal)
    cdef _compare(self, signal, number, Reach reach, tuple sides)
    cdef _check_rate(self, ctx)
    cdef list _reaches(self, price_ticks, with_instrument=*)
    @cython.locals(feed=Feed, ledger=Ledger)
    cdef _mark_px_e8(self, info, price_ticks)


cdef tuple _sides(Reach reach, lot_e8)
cdef _worst_e8(Reach reach, mark_px_e8)
