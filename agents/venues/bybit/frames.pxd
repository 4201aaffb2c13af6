"""Fields and C signatures of `agents.venues.bybit.frames`."""

from libc.stdint cimport int64_t, uint8_t

from agents.venues.bybit.frame_text cimport text_t
from agents.venues.bybit.marks cimport TickerMarks
from agents.venues.market_port cimport FrameReader
from core.decimals cimport Scale
from core.json_levels cimport level_layouts
from core.levels cimport level_t

cdef enum frame_type:
    OTHER_TYPE
    SNAPSHOT
    DELTA


cdef struct public_trade_t:
    int64_t ts_event_ns
    int64_t price_ticks
    int64_t qty_lots
    text_t trade_id
    bint sells
    bint block


cpdef bytes topic_at_head(bytes frame)


cdef class BybitFrameReader(FrameReader):
    cdef bytes head
    cdef int kind
    cdef Scale price
    cdef Scale qty
    cdef const uint8_t* end             # of the frame that is being read
    # What the frame says, as far as it was read.
    cdef frame_type type
    cdef int64_t ts_ns
    cdef int64_t cts_ns
    cdef int64_t update_id
    cdef int64_t seq
    cdef level_layouts layouts          # of the levels of the frames before
    cdef level_t* levels                # both sides of a book
    cdef size_t levels_count
    cdef size_t levels_max
    cdef size_t[2] side_at              # where bids and asks begin in the levels
    cdef size_t[2] side_count
    cdef public_trade_t* trades
    cdef size_t trades_count
    cdef size_t trades_max
    cdef readonly TickerMarks marks     # of a ticker

    cpdef object read(self, bytes frame, int64_t ts_recv_ns)
    cpdef bytes channel_name(self, bytes frame)
    cdef int reserve(self, size_t size) except -1
    cdef bint scan(self, const uint8_t* at) noexcept
    cdef const uint8_t* data_end(self, const uint8_t* at) noexcept
    cdef const uint8_t* time_end(self, const uint8_t* at, int64_t* out) noexcept
    cdef const uint8_t* book_end(self, const uint8_t* at) noexcept
    cdef const uint8_t* side_end(self, const uint8_t* at, int side) noexcept
    cdef const uint8_t* trades_end(self, const uint8_t* at) noexcept
    cdef const uint8_t* trade_end(self, const uint8_t* at, public_trade_t* out) noexcept
    cdef const uint8_t* trade_value_end(
        self, const uint8_t* key, size_t size, const uint8_t* at, public_trade_t* out, unsigned int* field
    ) noexcept
    cdef const uint8_t* quoted_count_end(self, Scale scale, const uint8_t* at, int64_t* out) noexcept
    cdef bytes side(self, int side)
    cdef object book(self, int64_t ts_recv_ns)
    cdef object quote(self, int64_t ts_recv_ns)
    cdef object trade_list(self, int64_t ts_recv_ns)
