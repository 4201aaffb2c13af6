import cython

from agents.risk.decisions cimport Decisions
from agents.risk.judged_market cimport JudgedMarket
from agents.risk.known_equity cimport KnownEquity
from agents.risk.order_ids cimport client_order_id
from agents.risk.pre_trade cimport PreTradeChecks
from agents.risk.judged_account cimport JudgedAccount
from agents.state.market_view cimport MarketView
from agents.state.message_fields cimport OrderFilledFields, OrderInitializedFields, OrderUpdatedFields, SignalFields
from core.frame cimport Header
from core.stream_table cimport StreamTable
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from mesh.context cimport Context, Request
from mesh.message_handler cimport MessageHandler

cdef OrderFilledFields ORDER_FILLED
cdef OrderInitializedFields ORDER_INITIALIZED
cdef OrderUpdatedFields ORDER_UPDATED
cdef SignalFields SIGNAL


cdef class DecisionPath(MessageHandler):
    cdef uint16_t _submit_ttl_ms
    cdef list _feeds
    cdef StreamTable _by_stream
    cdef dict _markets
    cdef JudgedAccount _first
    cdef StreamTable _accounts
    cdef StreamTable _margins
    cdef StreamTable _equities
    cdef KnownEquity _desk_equity
    cdef PreTradeChecks _checks
    cdef Decisions _decisions
    cdef dict _submissions
    cdef uint64_t _approvals
    cdef uint64_t _started_ms
    cdef Context _ctx
    cdef uint16_t _sender
    cdef uint32_t _epoch
    cdef object _take_other
    cdef object _take_notice

    @cython.locals(feed=MarketView, own=JudgedAccount)
    cpdef on_message(self, str publisher, Header header, message)
    cpdef bint can_wait(self) except -1
    cpdef on_request(self, Request request)
    cpdef end_submission(self, uint64_t request_id)
    cdef _take_order(self, JudgedAccount own, Header header, message)
    @cython.locals(known=KnownEquity)
    cdef _take_equity(self, Header header, message)
    @cython.locals(own=JudgedAccount)
    cdef _take_margin(self, Header header, message)
    cdef _decide(self, Request request, Header header, signal)
    cpdef close(self, signal)
    cdef _repeat(self, Request request, Header header, signal)
    @cython.locals(market=JudgedMarket, causes=tuple, request_id=uint64_t)
    cdef _approve(self, Request request, int64_t sender, int64_t epoch, signal)
    @cython.locals(market=JudgedMarket)
    cdef _deny(self, Request request, Header header, signal, denial)
    @cython.locals(found=list, own=JudgedAccount)
    cdef tuple _causes(self, signal, JudgedMarket market)
