"""Fields and C signatures of `agents.market_data.book_check`."""

from libc.stdint cimport int64_t

from core.book cimport OrderBook

cdef enum check_side:
    BOOK
    TICKER


cdef struct top_t:
    int64_t update_id
    int64_t bid_ticks
    int64_t bid_lots
    int64_t ask_ticks
    int64_t ask_lots


cdef class BookCheck:
    cdef readonly int64_t compared
    cdef readonly int64_t equal
    cdef readonly int64_t unequal_in_row
    cdef readonly list unequal
    cdef top_t* waiting        # a ring: `count` tops from `first`, their ids rising, all of the side that is ahead
    cdef unsigned int first
    cdef unsigned int count
    cdef check_side ahead

    cpdef on_book(
        self, int64_t update_id, int64_t bid_ticks, int64_t bid_lots, int64_t ask_ticks, int64_t ask_lots
    )
    cpdef on_levels(self, int64_t update_id, OrderBook levels)
    cpdef on_ticker(
        self, int64_t update_id, int64_t bid_ticks, int64_t bid_lots, int64_t ask_ticks, int64_t ask_lots
    )
    cpdef begin_row(self)

    cdef int take(self, check_side side, top_t top) except -1
    cdef int compare(self, const top_t* one, const top_t* other) except -1
    cdef top_t* at(self, unsigned int place) noexcept
    cdef void append(self, const top_t* top) noexcept
    cdef void drop_first(self) noexcept
