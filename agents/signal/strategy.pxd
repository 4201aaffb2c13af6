import cython

from agents.state.market_view cimport MarketView
from agents.state.positions cimport Ledger
from agents.signal.signal_client cimport TradedInstrument, SignalClient
from agents.state.working_orders cimport WorkingOrders
from libc.stdint cimport int64_t
from mesh.context cimport Context


cdef class StrategyContext:
    cdef readonly str name
    cdef readonly dict ledgers
    cdef public int64_t signals
    cdef Context _clock
    cdef dict _traded
    cdef TradedInstrument _traded_before
    cdef object _indicators
    cdef SignalClient _client
    cdef WorkingOrders _orders

    @cython.locals(traded=TradedInstrument)
    cpdef set_steps(self, instrument_id, qty_step_lots, price_step_ticks)
    @cython.locals(traded=TradedInstrument, signal_id=int64_t)
    cpdef int64_t signal(
        self, instrument, side, qty_lots, price_ticks, time_in_force, confidence, reason
    ) except -1
    @cython.locals(ledger=Ledger)
    cpdef position(self, instrument)
    cpdef pending(self, instrument)
    cpdef bint idle(self, instrument) except -1
    @cython.locals(feed=MarketView)
    cpdef tuple top(self, instrument)
    @cython.locals(traded=TradedInstrument)
    cdef TradedInstrument _traded_in(self, instrument)
