"""Fields and C signatures of `core.book`."""

from libc.stdint cimport int64_t, uint8_t

from core.ladder cimport ladder_t

cdef enum:
    LEVEL_REFUSED = -1  # a price or quantity out of range
    NO_MEMORY = -2


cdef class OrderBook:
    cdef readonly int64_t best_bid
    cdef readonly int64_t best_ask
    cdef readonly int64_t best_bid_qty
    cdef readonly int64_t best_ask_qty
    cdef ladder_t bids
    cdef ladder_t asks

    # Apply `nbids` and `nasks` packed levels and return how many, or a negative code with nothing applied.
    cdef int apply_c(self, const uint8_t* bids, size_t nbids, const uint8_t* asks, size_t nasks) noexcept nogil

    # The same after emptying the book.
    cdef int replace_c(self, const uint8_t* bids, size_t nbids, const uint8_t* asks, size_t nasks) noexcept nogil
    cdef void clear_c(self) noexcept nogil
    cdef void refresh(self) noexcept nogil
    cdef ladder_t* side(self, int side) except NULL
