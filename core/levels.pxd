"""The packed price level that `core.decimals` writes and `core.book` applies, and the range of its numbers."""

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

cdef extern from *:
    """
    #define TICKMESH_COUNT_MAX (INT64_C(1) << 62)
    """
    # The largest count of ticks or lots: two of them still add and subtract in 64 bits.
    const int64_t COUNT_MAX "TICKMESH_COUNT_MAX"

    # Holds any sum of counts; Cython only needs to know that it is an integer.
    ctypedef unsigned long long uint128_t "unsigned __int128"

    # Holds any product of two counts with its sign.
    ctypedef long long int128_t "__int128"


cdef struct level_t:
    # 16 bytes, little-endian (the only byte order that Tickmesh is built for), at any alignment.
    int64_t price_ticks
    int64_t qty_lots


cdef inline level_t level_at(const uint8_t* levels, size_t index) noexcept nogil:
    cdef level_t level
    memcpy(&level, levels + index * sizeof(level_t), sizeof(level_t))
    return level
