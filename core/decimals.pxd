"""Fields and C signatures of `core.decimals`."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef enum:
    NOT_PLAIN = -1     # something else than digits with at most one point between them
    NOT_MULTIPLE = -2  # not a whole number of units
    TOO_LARGE = -3     # more than COUNT_MAX units


cdef class Scale:
    cdef readonly str unit
    cdef readonly int decimals
    cdef uint64_t mantissa  # the unit is mantissa / 10**decimals

    # Store the count of units in `out` and return 0, or one of the negative codes above and leave `out` alone.
    cdef int parse_c(self, const uint8_t* text, size_t size, int64_t* out) noexcept nogil
