import cython

from agents.instruments cimport InstrumentInfo
from agents.state.account cimport Account
from agents.state.saturating cimport times, wide
from core.levels cimport int128_t
from libc.stdint cimport int64_t

cdef int64_t BUY
cdef int64_t E8
cdef int64_t PPB


cdef class BuyingPower:
    cdef Account _account
    cdef int64_t _fee_ppb
    cdef str _asset
    cdef int64_t _as_of
    cdef int128_t _balance_e8

    @cython.locals(cost_e8=int128_t, promised_e8=int128_t)
    cpdef check(
        self, InstrumentInfo info, str base, str quote, int64_t side, int128_t price_ticks, int128_t qty_e8, bint alone
    )
    cdef _compare(self, str asset, int128_t needed_e8, int128_t promised_e8)


cdef _short_of(str asset, needed_e8, balance_e8, promised_e8)
