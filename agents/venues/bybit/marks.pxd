"""Fields and C signatures of `agents.venues.bybit.marks`."""

from libc.stdint cimport int64_t, uint8_t

from agents.venues.bybit.frame_text cimport text_t

cdef enum:
    MARK_FIELDS = 4


cdef class TickerMarks:
    cdef bint told                      # a mark price was said once
    cdef int64_t[MARK_FIELDS] said      # what was said last of each field
    # Of the ticker that is being read:
    cdef unsigned int seen
    cdef text_t[MARK_FIELDS] texts
    cdef const uint8_t* end

    cdef const uint8_t* fields_end(self, const uint8_t* at, const uint8_t* end) noexcept
    cdef object message(self, bint whole, int64_t ts_event_ns, int64_t ts_recv_ns)
    cdef object marked(
        self, bint whole, unsigned int seen, const int64_t* values, int64_t ts_event_ns, int64_t ts_recv_ns
    )
