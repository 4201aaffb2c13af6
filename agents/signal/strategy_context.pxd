import cython

from agents.state.market_view cimport MarketView
from agents.state.positions cimport Ledger
from agents.signal.signal_client cimport TradedInstrument, SignalClient
from agents.state.working_orders cimport WorkingOrder, WorkingOrders
from libc.stdint cimport int64_t
from mesh.context cimport Context

cdef int GTC
cdef int IOC
cdef int GTX
cdef int REDUCE_ONLY


cdef class LastQuote:
    cdef public object quote


cdef class StrategyContext:
    cdef readonly str name
    cdef readonly dict ledgers
    cdef public int64_t signals
    cdef public bytes saved
    cdef public bint started
    cdef Context _clock
    cdef dict _traded
    cdef TradedInstrument _traded_before
    cdef object _indicators
    cdef SignalClient _client
    cdef object _bar_ns
    cdef object _quotes

    @cython.locals(traded=TradedInstrument)
    cpdef set_steps(self, instrument_id, qty_step_lots, price_step_ticks)
    cpdef cancel(self, client_order_id)
    cpdef position(self, instrument)
    cpdef account_position(self, instrument)
    @cython.locals(ledger=Ledger, feed=MarketView)
    cpdef pnl(self, instrument)
    cpdef pending(self, instrument)
    @cython.locals(orders=WorkingOrders)
    cpdef bint idle(self, instrument) except -1
    @cython.locals(feed=MarketView)
    cpdef tuple top(self, instrument)
    @cython.locals(last=LastQuote)
    cpdef quote(self, instrument)
    @cython.locals(traded=TradedInstrument, signal_id=int64_t, how=int)
    cdef int64_t _ask(
        self,
        instrument,
        int side,
        qty,
        price,
        time_in_force,
        double confidence,
        str reason,
        int64_t lifetime_ms,
        bint reduce_only,
        bint post_only,
        take_profit,
        stop,
        notional,
        str replaces,
    ) except -1
    cdef tuple _exits(self, TradedInstrument traded, int side, price_ticks, take_profit, stop)
    cdef TradedInstrument _traded_in(self, instrument)


cdef _to_step(price_ticks, step_ticks, int side)
cdef _whole_lots(Ledger ledger, lot_e8)
