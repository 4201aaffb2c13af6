import cython

from agents.state.account cimport Account
from agents.state.causes cimport add_cause
from agents.risk.decisions cimport Decisions
from agents.state.market_view cimport MarketView
from agents.risk.pre_trade cimport PreTradeChecks
from agents.risk.order_ids cimport client_order_id
from agents.risk.reservations cimport Reservations
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


cdef class _Market:
    cdef uint32_t decision_stream
    cdef MarketView feed


cdef class DecisionPath(MessageHandler):
    cdef str _execution
    cdef uint16_t _submit_ttl_ms
    cdef list _feeds
    cdef StreamTable _by_stream
    cdef dict _markets
    cdef _Market _no_market
    cdef uint32_t _order_stream
    cdef Account _account
    cdef PreTradeChecks _checks
    cdef Decisions _decisions
    cdef Reservations _reservations
    cdef dict _submissions
    cdef uint64_t _approvals
    cdef uint64_t _started_ms
    cdef uint32_t _equity_stream
    cdef uint32_t _equity_epoch
    cdef uint64_t _equity_seq
    cdef Context _ctx
    cdef uint16_t _sender
    cdef uint32_t _epoch
    cdef object _take_other
    cdef object _take_notice

    @cython.locals(feed=MarketView)
    cpdef on_message(self, str publisher, Header header, message)
    cpdef on_request(self, Request request)
    cpdef end_submission(self, uint64_t request_id)
    cdef _take_order(self, Header header, message)
    cdef _decide(self, Request request, Header header, signal)
    cpdef close(self, signal)
    cdef _repeat(self, Request request, Header header, signal)
    @cython.locals(market=_Market, causes=tuple, request_id=uint64_t)
    cdef _approve(self, Request request, int64_t sender, int64_t epoch, signal)
    @cython.locals(market=_Market)
    cdef _deny(self, Request request, Header header, signal, denial)
    @cython.locals(found=list)
    cdef tuple _causes(self, signal, _Market market)
    @cython.locals(market=_Market)
    cdef _Market _market(self, instrument_id)
