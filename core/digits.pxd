# Decimal digits, eight characters at a time, for inclusion in compiled modules only. A word holds eight characters, the
# first one lowest (the only byte order that Tickmesh is built for): a digit as what it says, 0 to 9, anything else as more.

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    int ctz "__builtin_ctzll"(unsigned long long bits) noexcept nogil

cdef enum:
    WORD_DIGITS = 8
    NO_DIGITS = 0x80


cdef inline uint64_t digits_at(const uint8_t* at) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, at, WORD_DIGITS)
    return word ^ 0x3030303030303030ULL


# Whether all eight are digits.
cdef inline bint is_digits(uint64_t word) noexcept nogil:
    return not has_others(others_in(word))


# Marks what is no digit. The marks of several words may be joined before they are looked at.
cdef inline uint64_t others_in(uint64_t word) noexcept nogil:
    return (word + 0x7676767676767676ULL) | word


cdef inline bint has_others(uint64_t marks) noexcept nogil:
    return marks & 0x8080808080808080ULL != 0


# Marks what ends the digits in a word: points, commas, quotes and whatever else lacks a digit's bit 4.
cdef inline uint64_t ends_in(uint64_t word) noexcept nogil:
    return word & 0x1010101010101010ULL


# How many characters are before the first that is marked; one is.
cdef inline int count_before(uint64_t marks) noexcept nogil:
    return ctz(marks) >> 3


# What eight digits say: pairs, then fours, then all are joined by one multiplication each (Lemire, "Quickly parsing eight
# digits", 2018).
cdef inline uint64_t word_value(uint64_t digits) noexcept nogil:
    digits = digits * (1 + (10ULL << 8)) >> 8
    digits = (digits & 0x00FF00FF00FF00FFULL) * (1 + (100ULL << 16)) >> 16
    return (digits & 0x0000FFFF0000FFFFULL) * (1 + (10000ULL << 32)) >> 32
