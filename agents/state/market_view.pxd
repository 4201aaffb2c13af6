import cython

from agents.instruments cimport InstrumentInfo
from agents.state.causes cimport add_cause
from agents.state.message_fields cimport BookDeltaFields, QuoteFields, TradeFields
from core.book cimport OrderBook
from core.frame cimport Header
from core.levels cimport int128_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from mesh.context cimport Context

cdef uint8_t FLAG_STALE
cdef int64_t NEVER_NS
cdef BookDeltaFields BOOK_DELTA
cdef QuoteFields QUOTE
cdef TradeFields TRADE


cdef class Source:
    cdef readonly uint32_t stream
    cdef readonly uint32_t epoch
    cdef readonly uint64_t seq
    cdef readonly int64_t seen_ns
    cdef readonly int64_t lag_ns
    cdef public bint healthy

    cdef add_cause(self, list found)


cdef class MarketView:
    cdef readonly str publisher
    cdef readonly InstrumentInfo info
    cdef readonly int64_t tick_e8
    cdef readonly int64_t lot_e8
    cdef readonly OrderBook book
    cdef readonly bint book_valid
    cdef readonly int64_t last_px_ticks
    cdef readonly int64_t quote_bid_ticks
    cdef readonly int64_t quote_ask_ticks
    cdef readonly object damaged
    cdef readonly Source trades
    cdef readonly Source books
    cdef readonly Source quotes
    cdef readonly uint32_t clock_stream
    cdef readonly int64_t clock_offset_ns
    cdef readonly int64_t clock_error_ns
    cdef bint _clock_known
    cdef int64_t _lag_ns                # of the last message that the venue stamped

    @cython.locals(source=Source, event_ns=int64_t, recv_ns=int64_t, age_ns=int64_t, lag_ns=int64_t)
    cpdef bint apply(self, Header header, message, int64_t now_ns, int64_t wall_ns) except -1
    cpdef int64_t bid_ticks(self) except? -1
    cpdef int64_t ask_ticks(self) except? -1
    @cython.locals(bid=int128_t, ask=int128_t, last=int128_t)
    cpdef int128_t mid_e8(self) except? -1
    cpdef add_causes(self, list found)
    cpdef take_clock(self, str publisher, uint32_t stream, clock)
    @cython.locals(source=Source, lag_ns=int64_t)
    cdef _judge_again(self, int64_t more_ns)
    @cython.locals(
        books=Source, quotes=Source, books_ns=int64_t, quotes_ns=int64_t, seen_ns=int64_t, bid=int64_t, ask=int64_t
    )
    cpdef fault(self, Context ctx, int64_t age_ns_max)
    @cython.locals(books=Source, quotes=Source)
    cdef bint _book_leads(self) except -1
    cdef _old(self, Source source, int64_t age_ns, int64_t age_ns_max)
    cdef _late(self, Context ctx, Source source)
    cdef Source _source(self, uint32_t stream)
    cdef _reported(self, Source source, message)
    cdef bint _take(self, message) except -1
    cdef bint _change_book(self, message) except -1
