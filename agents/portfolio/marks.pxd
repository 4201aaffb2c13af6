import cython

from agents.state.account cimport Account
from agents.state.message_fields cimport MarkPriceFields, QuoteFields, TradeFields
from core.frame cimport Header
from core.levels cimport int128_t
from core.stream_table cimport StreamTable
from libc.stdint cimport int64_t, uint8_t, uint32_t
from mesh.context cimport Context
from mesh.message_handler cimport MessageHandler

cdef uint8_t FLAG_STALE
cdef int128_t PPM
cdef int64_t TICKS_MAX
cdef int64_t UNCONFIRMED_TIMES
cdef MarkPriceFields MARK_PRICE
cdef QuoteFields QUOTE
cdef TradeFields TRADE


cdef class MarkLimits:
    cdef readonly int64_t jump_ppm
    cdef readonly int64_t spread_ppm
    cdef readonly int64_t confirm_ns


cdef class Mark:
    cdef readonly object info
    cdef readonly str publisher
    cdef readonly uint32_t stream
    cdef readonly uint32_t trades
    cdef readonly int128_t px_e9
    cdef readonly bint known
    cdef readonly int128_t doubted_e9
    cdef readonly int64_t refused
    cdef MarkLimits _limits
    cdef int128_t _half_e9
    cdef int128_t _tick_e9
    cdef bint _by_trades
    cdef int128_t _traded_e9
    cdef int64_t _since_ns
    cdef bint _confirmed

    cpdef restore(self, int128_t px_e9)
    @cython.locals(mark_e9=int128_t)
    cpdef take(self, Header header, message, int64_t now_ns)
    @cython.locals(wait_ns=int64_t, confirmed=bint)
    cpdef settle(self, int64_t now_ns)
    @cython.locals(twice_ticks=int64_t, middle_e9=int128_t, spread=int128_t, before_e9=int128_t)
    cdef _quoted(self, int64_t bid_ticks, int64_t ask_ticks, int64_t now_ns)
    @cython.locals(px_e9=int128_t)
    cdef _traded(self, int64_t price_ticks, int64_t now_ns)
    cdef _offer(self, int128_t px_e9, int64_t now_ns)
    cdef _doubt(self, int128_t px_e9, int64_t now_ns)
    cdef bint _is_near(self, int128_t px_e9, int128_t other_e9) except -1
    cdef _set(self, int128_t px_e9)


cdef class MarkTable(MessageHandler):
    cdef dict _by_publisher
    cdef str _publisher_before
    cdef uint32_t _stream_before
    cdef Mark _mark_before
    cdef Context _ctx
    cdef object _listener

    @cython.locals(streams=StreamTable, mark=Mark, account=Account)
    cpdef on_message(self, str publisher, Header header, message)
