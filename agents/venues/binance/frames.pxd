"""Fields and C signatures of `agents.venues.binance.frames`."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from agents.venues.market_port cimport FrameReader
from core.decimals cimport Scale
from core.json_levels cimport level_layouts
from core.levels cimport level_t

cdef enum:
    KEYS = 64  # a letter's low six bits; 0, which is no letter's, is the place of `pu`


cdef enum field_type:
    INTEGER
    TEXT
    TRUE
    FALSE
    LEVELS


cdef struct field_t:
    field_type type
    int64_t number        # INTEGER: its value; LEVELS: how many
    const uint8_t* text   # TEXT: its characters; INTEGER: its digits
    size_t size           # TEXT, INTEGER: how many; LEVELS: where they begin in the reader's levels


cpdef bytes stream_name(bytes frame)


cdef class BinanceFrameReader(FrameReader):
    cdef bytes head
    cdef int kind
    cdef Scale price
    cdef Scale qty
    cdef const uint8_t* end    # of the frame that is being read
    cdef uint64_t seen         # bit K: the frame has the field K
    cdef field_t[KEYS] fields
    cdef level_layouts layouts  # of the levels of the frames before
    cdef level_t* levels       # both sides of the frame that is being read
    cdef size_t levels_count
    cdef size_t levels_max

    cpdef object read(self, bytes frame, int64_t ts_recv_ns)
    cpdef bytes channel_name(self, bytes frame)
    cdef int reserve(self, size_t count) except -1
    cdef bint scan(self, const uint8_t* at, const uint8_t* end) noexcept
    cdef const uint8_t* value_end(self, const uint8_t* at, field_t* out) noexcept
    cdef const uint8_t* side_end(self, const uint8_t* at, field_t* out) noexcept
    cdef bint has(self, int key, field_type type) noexcept
    cdef str digits(self, int key)
    cdef bint integer(self, int key, int64_t* out) noexcept
    cdef bint time(self, int key, int64_t* out, bint required) noexcept
    cdef bint count(self, int key, Scale scale, int64_t* out) noexcept
    cdef bint count_e8(self, int key, int64_t* out) noexcept
    cdef bytes side(self, int key)
    cdef object condition(self)
    cdef object trade(self, int trade_id_key, int64_t ts_recv_ns)
    cdef object depth(self, int64_t ts_recv_ns)
    cdef object ticker(self, int64_t ts_recv_ns)
    cdef object mark(self, int64_t ts_recv_ns)
