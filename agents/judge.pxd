import cython

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
    cdef _check_equity(self, ctx)
    @cython.locals(ledger=Ledger)
    cdef _check_correlation(self, signal)
    cdef _check_rate(self, ctx)
    @cython.locals(feed=Feed, ledger=Ledger)
    cdef _mark_px_e8(self, info, price_ticks)


cdef _worst_e8(Reach reach, mark_px_e8)
