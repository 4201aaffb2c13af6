from agents.risk.judged_account cimport JudgedAccount
from agents.state.market_view cimport MarketView
from agents.state.venue_filters cimport Filters
from libc.stdint cimport uint32_t


cdef class JudgedMarket:
    cdef readonly MarketView feed
    cdef readonly JudgedAccount account
    cdef public Filters filters
    cdef readonly str base
    cdef readonly str quote
    cdef readonly bint on_margin
    cdef readonly uint32_t decision_stream
