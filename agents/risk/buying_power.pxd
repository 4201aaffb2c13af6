import cython

from agents.instruments cimport InstrumentInfo
from agents.state.account cimport Account
from agents.state.saturating cimport times, wide
from core.levels cimport int128_t
from libc.stdint cimport int64_t

cdef int64_t BUY
cdef int64_t E8
cdef int64_t PPB


@cython.locals(needed_e8=int128_t, held_e8=int128_t, open_e8=int128_t)
cpdef check_buying_power(
    Account account, InstrumentInfo info, int64_t side, int128_t price_ticks, int128_t qty_e8, int64_t fee_ppb
)
cdef _short_of(str asset, needed_e8, held_e8, open_e8)
