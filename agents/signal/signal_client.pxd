import cython

from agents.state.account cimport Account
from agents.state.market_view cimport MarketView
from core.frame cimport Header
from libc.stdint cimport int64_t, uint16_t, uint32_t
from mesh.context cimport Context, Reply

cdef int REASON_MAX


cdef class TradedInstrument:
    cdef readonly MarketView feed
    cdef readonly object info
    cdef readonly object instrument_id
    cdef readonly uint32_t stream
    cdef public object qty_step_lots
    cdef public object price_step_ticks


cdef class _PendingSignal:
    cdef str strategy
    cdef object instrument_id
    cdef int64_t until_ns


cdef class SignalClient:
    cdef readonly Account account
    cdef readonly uint32_t order_stream
    cdef readonly int64_t age_ns_max
    cdef public Header trigger
    cdef public bint muted
    cdef str _risk
    cdef str _execution
    cdef uint16_t _ttl_ms
    cdef int64_t _wait_ns
    cdef dict _pending
    cdef int64_t _asked
    cdef Context _ctx
    cdef int64_t _first_id

    @cython.locals(signal_id=int64_t, number=object)
    cpdef int64_t ask(
        self,
        str strategy,
        TradedInstrument traded,
        int side,
        qty_lots,
        price_ticks,
        int time_in_force,
        double confidence,
        str reason,
    ) except -1
    cpdef cancel(self, str client_order_id)
    @cython.locals(count=int64_t, now_ns=int64_t, pending=_PendingSignal)
    cpdef int64_t count(self, str strategy, instrument_id) except -1
    cpdef take_order(self, Header header, message)
    cpdef on_reply(self, Reply reply)
    @cython.locals(now_ns=int64_t, pending=_PendingSignal)
    cpdef drop_old(self)
    cdef bint _may_ask(self, MarketView feed) except -1
    @cython.locals(header=Header, found=list)
    cdef tuple _causes(self, MarketView feed)
