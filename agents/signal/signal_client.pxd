import cython

from agents.state.account cimport Account
from agents.state.market_view cimport MarketView
from agents.state.working_orders cimport WorkingOrder
from core.frame cimport Header
from libc.stdint cimport int64_t, uint16_t, uint32_t
from mesh.context cimport Context, Reply

cdef int REASON_MAX


cdef class TradedAccount:
    cdef readonly str publisher
    cdef readonly uint32_t stream
    cdef readonly Account account
    cdef public dict balances


cdef class TradedInstrument:
    cdef readonly MarketView feed
    cdef readonly TradedAccount account
    cdef readonly object info
    cdef readonly object instrument_id
    cdef readonly uint32_t stream
    cdef public object qty_step_lots
    cdef public object price_step_ticks


# What it holds is no container, or is not tracked itself.
@cython.no_gc
cdef class _PendingSignal:
    cdef object signal
    cdef str strategy
    cdef object instrument_id
    cdef int64_t until_ns
    cdef bint unanswered


cdef class SignalClient:
    cdef readonly list accounts
    cdef readonly int64_t age_ns_max
    cdef public Header trigger
    cdef public bint muted
    cdef public object refusal
    cdef public object news
    cdef public object history
    cdef str _risk
    cdef uint16_t _ttl_ms
    cdef int64_t _wait_ns
    cdef dict _pending
    cdef int64_t _asked
    cdef Context _ctx
    cdef int64_t _first_id
    cdef object _cancels_ended

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
        tuple extra,
    ) except -1
    cpdef cancel(self, str strategy, str client_order_id)
    cpdef WorkingOrder own_order(self, str strategy, str client_order_id)
    cpdef cancel_opening(self, str strategy)
    cpdef fault(self, MarketView feed)
    @cython.locals(count=int64_t, now_ns=int64_t, pending=_PendingSignal)
    cpdef int64_t count(self, str strategy, instrument_id) except -1
    @cython.locals(each=TradedAccount)
    cpdef WorkingOrder order(self, str client_order_id)
    @cython.locals(each=TradedAccount)
    cpdef TradedAccount account_of(self, uint32_t stream)
    cpdef take_order(self, TradedAccount traded, Header header, message)
    cpdef on_reply(self, Reply reply)
    @cython.locals(now_ns=int64_t, pending=_PendingSignal)
    cpdef drop_old(self)
    @cython.locals(waiting=bint, pending=_PendingSignal)
    cpdef bint waits(self, str strategy) except -1
    @cython.locals(pending=_PendingSignal)
    cpdef take_released(self, Header header, message)
    cdef _end_denied(self, signal, answer)
    @cython.locals(pending=_PendingSignal)
    cdef _end_unanswered(self, signal, outcome)
    cdef _take_history(self, Reply reply)
    cdef _end_cancel(self, Reply reply)
    @cython.locals(account=TradedAccount)
    cdef bint _may_ask(self, TradedInstrument traded) except -1
    @cython.locals(header=Header, found=list)
    cdef tuple _causes(self, MarketView feed)
