import cython

from agents.signal.bars cimport BarBuilder
from agents.state.market_view cimport MarketView
from core.frame cimport Header
from core.stream_table cimport StreamTable
from libc.stdint cimport int64_t, uint8_t, uint32_t
from agents.signal.runner cimport Runner, Takers
from agents.signal.signal_client cimport SignalClient
from agents.signal.strategy_context cimport LastQuote
from mesh.context cimport Context
from mesh.message_handler cimport MessageHandler

cdef uint8_t FLAG_REPLAY
cdef uint8_t FLAG_STALE


cdef class InstrumentRoute:
    cdef readonly MarketView feed
    cdef readonly object info
    cdef readonly list runners
    cdef readonly Takers on_trade
    cdef readonly Takers on_trades
    cdef readonly Takers on_book
    cdef readonly Takers on_quote
    cdef readonly list builders
    cdef readonly dict series
    cdef readonly object venue_bars
    cdef readonly uint32_t book_stream
    cdef readonly LastQuote last_quote

    @cython.locals(builder=BarBuilder)
    cpdef interrupt(self)
    cpdef refresh(self)


cdef class Shard(MessageHandler):
    cdef readonly list feeds
    cdef SignalClient _client
    cdef Context _ctx
    cdef object _take_fill
    cdef object _take_other
    cdef list _routes
    cdef StreamTable _by_stream
    cdef dict _bars_by_stream
    cdef uint32_t _stream_before
    cdef InstrumentRoute _route_before
    cdef int64_t _bars_due_ns
    cdef object _watch

    @cython.locals(route=InstrumentRoute)
    cpdef refresh(self)
    cpdef begin(self, Header trigger)
    @cython.locals(route=InstrumentRoute)
    cpdef on_message(self, str publisher, Header header, message)
    @cython.locals(route=InstrumentRoute, header=Header, trades=list)
    cpdef on_messages(self, str publisher, list headers, list messages)
    @cython.locals(now_ns=int64_t, seen_ns=int64_t, route=InstrumentRoute, builder=BarBuilder, feed=MarketView)
    cpdef close_bars(self)
    @cython.locals(route=InstrumentRoute)
    cpdef interrupt(self, str publisher, uint32_t stream)
    @cython.locals(feed=MarketView)
    cdef _take_another(self, str publisher, Header header, message)
    @cython.locals(route=InstrumentRoute)
    cdef _take_venue_bar(self, Header header, bar)
    @cython.locals(now_ns=int64_t, wall_ns=int64_t, usable=bint)
    cdef _apply(self, InstrumentRoute route, Header header, message)
    cdef _hand_trade(self, InstrumentRoute route, trade, int64_t now_ns, int stale)
    @cython.locals(due_ns=int64_t, builder=BarBuilder, bars=list)
    cdef _build_bars(self, InstrumentRoute route, trade, int64_t now_ns)
    cdef _hand_batch(self, InstrumentRoute route, list trades)
    cdef _hand_bars(self, InstrumentRoute route, BarBuilder builder, list bars)
    cdef _set_bar_timer(self)
