"""Fields and C signatures of `core.book`."""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t

from core.ladder cimport ladder_t

cdef enum:
    LEVEL_REFUSED = -1  # a price or quantity out of range
    NO_MEMORY = -2
    TOP_COUNT = 4


cdef class OrderBook:
    cdef ladder_t bids
    cdef ladder_t asks
    cdef PyObject* cells[TOP_COUNT]     # what Python reads: best bid and ask, and their quantities
    cdef int64_t shown[TOP_COUNT]       # the same, to see what changed
    cdef readonly bint crossed

    cpdef int apply(self, bytes bids, bytes asks) except -1
    cpdef int64_t qty_at(self, int side, int64_t price_ticks) except -1

    # Apply `nbids` and `nasks` packed levels and return how many, or a negative code with nothing applied.
    cdef int apply_c(self, const uint8_t* bids, size_t nbids, const uint8_t* asks, size_t nasks) noexcept nogil

    # The same after emptying the book.
    cdef int replace_c(self, const uint8_t* bids, size_t nbids, const uint8_t* asks, size_t nasks) noexcept nogil
    cdef void clear_c(self) noexcept nogil
    cdef int show_both(self) except -1
    cdef int show(self, const ladder_t* ladder) except -1
    cdef int show_one(self, size_t i, int64_t value) except -1
    cdef ladder_t* side(self, int side) except NULL
