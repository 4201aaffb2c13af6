"""OKX's checksum of a book: CRC-32 over the best 25 levels of both sides as text.

The text is `BID:QTY:ASK:QTY:BID:QTY:...` from the best level on; where a side has no more levels, the other goes on alone.
The venue writes no zeros that do not count, neither in a book nor in this text, so ticks and lots say what it wrote. It
sends 0 where it makes no checksum any more (since 2026).

Source: OKX v5 docs, order book channel, checksum.
"""

import zlib

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint64_t

from core.decimals cimport Scale
from core.levels cimport level_at, level_t, uint128_t

cdef enum:
    SIDE_MAX = 25
    NUMBER_BYTES_MAX = 48  # 20 digits and 20 decimals, and what separates them

LEVELS_MAX = SIDE_MAX

cdef object crc32 = zlib.crc32


cpdef int64_t levels_checksum(bytes bids, bytes asks, Scale price, Scale qty) except? -1:
    """Return the checksum of packed levels, best first; those behind the 25th of a side do not count."""
    cdef char[4 * SIDE_MAX * NUMBER_BYTES_MAX] text
    cdef size_t bid_count = min(PyBytes_GET_SIZE(bids) // <Py_ssize_t>sizeof(level_t), SIDE_MAX)
    cdef size_t ask_count = min(PyBytes_GET_SIZE(asks) // <Py_ssize_t>sizeof(level_t), SIDE_MAX)
    cdef char* at = text
    cdef size_t i
    cdef uint64_t crc
    for i in range(max(bid_count, ask_count)):
        if i < bid_count:
            at = write_level(at, level_at(<const uint8_t*>PyBytes_AS_STRING(bids), i), price, qty)
        if i < ask_count:
            at = write_level(at, level_at(<const uint8_t*>PyBytes_AS_STRING(asks), i), price, qty)
    if at > text:
        at -= 1
    crc = crc32(PyBytes_FromStringAndSize(text, at - text))
    return <int64_t>crc - (<int64_t>1 << 32) if crc >> 31 else <int64_t>crc


cdef char* write_level(char* at, level_t level, Scale price, Scale qty) noexcept:
    return write_number(write_number(at, level.price_ticks, price), level.qty_lots, qty)


# Writes a count of units as the shortest decimal, and a colon behind it.
cdef char* write_number(char* at, int64_t count, Scale scale) noexcept:
    cdef uint128_t value = <uint128_t>count * scale.mantissa
    cdef uint64_t whole, fraction
    cdef int missing = scale.decimals
    if value >> 64:
        whole, fraction = <uint64_t>(value // scale.power), <uint64_t>(value % scale.power)
    else:
        whole, fraction = <uint64_t>value // scale.power, <uint64_t>value % scale.power
    at = write_digits(at, whole, 1)
    if fraction:
        while fraction % 10 == 0:
            fraction //= 10
            missing -= 1
        at[0] = c"."
        at = write_digits(at + 1, fraction, missing)
    at[0] = c":"
    return at + 1


# Writes at least `least` digits.
cdef char* write_digits(char* at, uint64_t value, int least) noexcept:
    cdef char[20] digits
    cdef int count = 0
    while value or count < least:
        digits[count] = c"0" + <char>(value % 10)
        value //= 10
        count += 1
    while count:
        count -= 1
        at[0] = digits[count]
        at += 1
    return at
