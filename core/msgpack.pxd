# Heads and numbers of msgpack (its specification, 2013), each in its shortest form when written and in any form when
# read. For inclusion in `core` modules only; all functions are plain C and need no GIL.

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    uint16_t swap16 "__builtin_bswap16" (uint16_t value) noexcept nogil
    uint32_t swap32 "__builtin_bswap32" (uint32_t value) noexcept nogil
    uint64_t swap64 "__builtin_bswap64" (uint64_t value) noexcept nogil


cdef enum:
    NUMBER_BYTES_MAX = 9        # what a number takes at most
    HEAD_BYTES_MAX = 5          # what stands before the content of anything else

# First bytes of msgpack's forms.
cdef enum:
    FIX_ARRAY = 0x90
    FIX_STR = 0xA0
    FALSE = 0xC2
    TRUE = 0xC3
    BIN8 = 0xC4
    FLOAT64 = 0xCB
    UINT8 = 0xCC
    UINT16 = 0xCD
    UINT32 = 0xCE
    UINT64 = 0xCF
    INT8 = 0xD0
    INT16 = 0xD1
    INT32 = 0xD2
    INT64 = 0xD3
    STR8 = 0xD9
    ARRAY16 = 0xDC
    ARRAY32 = 0xDD


# A place in bytes that are read.
cdef struct cursor:
    const uint8_t* at
    const uint8_t* end


cdef inline uint16_t load16(const uint8_t* at) noexcept nogil:
    cdef uint16_t value
    memcpy(&value, at, 2)
    return swap16(value)


cdef inline uint32_t load32(const uint8_t* at) noexcept nogil:
    cdef uint32_t value
    memcpy(&value, at, 4)
    return swap32(value)


cdef inline uint64_t load64(const uint8_t* at) noexcept nogil:
    cdef uint64_t value
    memcpy(&value, at, 8)
    return swap64(value)


cdef inline uint8_t* put16(uint8_t* at, uint8_t form, uint16_t value) noexcept nogil:
    at[0] = form
    value = swap16(value)
    memcpy(at + 1, &value, 2)
    return at + 3


cdef inline uint8_t* put32(uint8_t* at, uint8_t form, uint32_t value) noexcept nogil:
    at[0] = form
    value = swap32(value)
    memcpy(at + 1, &value, 4)
    return at + 5


cdef inline uint8_t* put64(uint8_t* at, uint8_t form, uint64_t value) noexcept nogil:
    at[0] = form
    value = swap64(value)
    memcpy(at + 1, &value, 8)
    return at + 9


cdef inline uint8_t* put_number(uint8_t* at, int64_t number) noexcept nogil:
    if -32 <= number < 128:
        at[0] = <uint8_t>number
        return at + 1
    if number >= 0:
        if number < 1 << 8:
            at[0], at[1] = UINT8, <uint8_t>number
            return at + 2
        if number < 1 << 16:
            return put16(at, UINT16, <uint16_t>number)
        if number < <int64_t>1 << 32:
            return put32(at, UINT32, <uint32_t>number)
        return put64(at, UINT64, <uint64_t>number)
    if number >= -(1 << 7):
        at[0], at[1] = INT8, <uint8_t>number
        return at + 2
    if number >= -(1 << 15):
        return put16(at, INT16, <uint16_t>number)
    if number >= -(<int64_t>1 << 31):
        return put32(at, INT32, <uint32_t>number)
    return put64(at, INT64, <uint64_t>number)


# Writes a length of 1, 2 or 4 bytes, of which `form` is the first byte of the shortest.
cdef inline uint8_t* put_size(uint8_t* at, uint8_t form, Py_ssize_t size) noexcept nogil:
    if size < 1 << 8:
        at[0], at[1] = form, <uint8_t>size
        return at + 2
    if size < 1 << 16:
        return put16(at, form + 1, <uint16_t>size)
    return put32(at, form + 2, <uint32_t>size)


cdef inline uint8_t* put_array(uint8_t* at, Py_ssize_t count) noexcept nogil:
    if count < 16:
        at[0] = FIX_ARRAY | <uint8_t>count
        return at + 1
    if count < 1 << 16:
        return put16(at, ARRAY16, <uint16_t>count)
    return put32(at, ARRAY32, <uint32_t>count)


cdef inline bint get_number(cursor* source, int64_t* out) noexcept nogil:
    cdef Py_ssize_t left = source.end - source.at
    cdef const uint8_t* at = source.at
    cdef uint8_t form
    if left < 1:
        return False
    form = at[0]
    if form < 0x80 or form >= 0xE0:
        out[0] = <int8_t>form
        source.at += 1
        return True
    if not UINT8 <= form <= INT64:
        return False
    if left < 1 + (1 << ((form - UINT8) & 3)):
        return False
    source.at += 1 + (1 << ((form - UINT8) & 3))
    if form == UINT8:
        out[0] = at[1]
    elif form == UINT16:
        out[0] = load16(at + 1)
    elif form == UINT32:
        out[0] = load32(at + 1)
    elif form == INT8:
        out[0] = <int8_t>at[1]
    elif form == INT16:
        out[0] = <int16_t>load16(at + 1)
    elif form == INT32:
        out[0] = <int32_t>load32(at + 1)
    else:
        out[0] = <int64_t>load64(at + 1)
        return form == INT64 or out[0] >= 0
    return True


# Reads a length of 1, 2 or 4 bytes, of which `form` is the first byte of the shortest; -1 if there is none.
cdef inline Py_ssize_t get_size(cursor* source, uint8_t form) noexcept nogil:
    cdef Py_ssize_t left = source.end - source.at
    cdef const uint8_t* at = source.at
    if left >= 2 and at[0] == form:
        source.at += 2
        return at[1]
    if left >= 3 and at[0] == form + 1:
        source.at += 3
        return load16(at + 1)
    if left >= 5 and at[0] == form + 2:
        source.at += 5
        return load32(at + 1)
    return -1


# Reads the head of an array and returns its size, -1 if there is none.
cdef inline Py_ssize_t array_size(cursor* source) noexcept nogil:
    cdef Py_ssize_t left = source.end - source.at
    cdef const uint8_t* at = source.at
    if left >= 1 and at[0] & 0xF0 == FIX_ARRAY:
        source.at += 1
        return at[0] & 0x0F
    if left >= 3 and at[0] == ARRAY16:
        source.at += 3
        return load16(at + 1)
    if left >= 5 and at[0] == ARRAY32:
        source.at += 5
        return load32(at + 1)
    return -1
