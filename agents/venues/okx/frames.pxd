"""Fields and C signatures of `agents.venues.okx.frames`."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from agents.venues.market_port cimport FrameReader
from agents.venues.trade_spans cimport TradeSpans
from core.decimals cimport Scale
from core.levels cimport level_t

cdef enum:
    KEYS = 11


cdef enum field_type:
    INTEGER
    TEXT
    LEVELS


cdef struct field_t:
    field_type type
    int64_t number        # INTEGER: its value; LEVELS: how many
    const uint8_t* text   # TEXT: its characters
    size_t size           # TEXT: how many; LEVELS: where they begin in the reader's levels


cpdef bytes channel_name(bytes frame)


cdef class OkxFrameReader(FrameReader):
    cdef bytes head
    cdef int kind
    cdef Scale price
    cdef Scale qty
    cdef object marks
    cdef readonly TradeSpans spans
    cdef const uint8_t* end    # of the frame that is being read
    cdef uint32_t seen         # bit K: the object has the field K
    cdef field_t[KEYS] fields
    cdef level_t* levels       # both sides of the frame that is being read
    cdef size_t levels_count
    cdef size_t levels_max

    cpdef object read(self, bytes frame, int64_t ts_recv_ns)
    cpdef bytes channel_name(self, bytes frame)
    cdef int reserve(self, size_t count) except -1
    cdef object message(self, int action, int64_t ts_recv_ns)
    cdef const uint8_t* object_end(self, const uint8_t* at) noexcept
    cdef const uint8_t* value_end(self, const uint8_t* at, field_t* out) noexcept
    cdef const uint8_t* side_end(self, const uint8_t* at, field_t* out) noexcept
    cdef bint has(self, int key, field_type type) noexcept
    cdef bint is_text(self, int key, const char* text, size_t size) noexcept
    cdef bint integer(self, int key, int64_t* out) noexcept
    cdef bint time(self, int64_t* out) noexcept
    cdef bint digits(self, int key, int64_t* out) noexcept
    cdef bint count(self, int key, Scale scale, int64_t* out) noexcept
    cdef bytes side(self, int key)
    cdef list trades(self, const uint8_t* at, int64_t ts_recv_ns)
    cdef object trade(self, int64_t ts_recv_ns)
    cdef object book(self, int action, int64_t ts_recv_ns)
    cdef object quote(self, int64_t ts_recv_ns)
    cdef object mark(self, int64_t ts_recv_ns)
