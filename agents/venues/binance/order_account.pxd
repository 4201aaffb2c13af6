import cython

from agents.instruments cimport InstrumentInfo
from agents.venues.binance.order_answers cimport AnswerReader, Traded
from agents.venues.port cimport TradingAccount
from agents.venues.reports cimport ExecutionEvent, FillReport, OrderReport, Verdict
from mesh.context cimport VenueReply

cdef Verdict _ACCEPTED
cdef object _ANSWERED


cdef class BinanceAccount(TradingAccount):
    cdef object _market
    cdef str _order_path
    cdef bint _reduces
    cdef object _timeout_ms
    cdef dict _by_symbol
    cdef dict _by_id
    cdef AnswerReader _answers

    @cython.locals(traded=Traded)
    cpdef create(
        self, InstrumentInfo info, str client_order_id, int side, qty_lots, price_ticks, int time_in_force,
        bint reduce_only=*
    )
    cdef _signed(self, str method, str path, dict params)
    @cython.locals(proof=Verdict, verdict=Verdict)
    cpdef Verdict order_verdict(self, VenueReply reply)
    cpdef Verdict decoded(self, bytes body)
    cpdef Verdict proof(self, VenueReply reply)
    @cython.locals(traded=Traded)
    cpdef ExecutionEvent _execution(self, data)
    cdef FillReport _last_fill(self, Traded traded, OrderReport order, data)
    @cython.locals(traded=Traded)
    cdef OrderReport _order(self, data)
    @cython.locals(traded=Traded)
    cdef FillReport _create_fill(self, OrderReport order, data)
