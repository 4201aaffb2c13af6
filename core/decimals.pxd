"""Fields and C signatures of `core.decimals`."""

from core.digits cimport NO_DIGITS, WORD_DIGITS, digits_at, is_digits, word_value
from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef enum:
    WHOLE_DIGITS_MAX = 9  # so many before the point and so many behind it always fit

cdef enum:
    NOT_PLAIN = -1     # something else than digits with at most one point between them
    NOT_MULTIPLE = -2  # not a whole number of units
    TOO_LARGE = -3     # more than COUNT_MAX units


cdef class Scale:
    cdef readonly str unit
    cdef readonly int decimals
    cdef uint64_t mantissa  # the unit is mantissa / 10**decimals
    cdef uint64_t power     # 10**decimals

    cpdef object parse(self, text)
    cpdef str format(self, ticks)
    # Store the count of units in `out` and return 0, or one of the negative codes above and leave `out` alone.
    cdef int parse_c(self, const uint8_t* text, size_t size, int64_t* out) noexcept nogil


# Passes over a decimal of usual length that a quote ends, as venues write it in JSON, and stores the count of units. NULL
# leaves it to `parse_c`, which also says what is wrong; where both give a count it is the same. Nothing is read at `end` or
# behind it but the character at `end`, which must be no digit.
cdef inline const uint8_t* units_end(Scale scale, const uint8_t* at, const uint8_t* end, int64_t* out) noexcept:
    cdef const uint8_t* start = at
    cdef uint64_t value = 0
    cdef uint64_t word
    cdef uint8_t digit
    cdef int missing = scale.decimals
    if missing > WORD_DIGITS:
        return NULL
    digit = at[0] - c"0"
    while digit <= 9:
        value = value * 10 + digit
        at += 1
        digit = at[0] - c"0"
    if at == start or at - start > WHOLE_DIGITS_MAX:
        return NULL
    if at[0] == c".":
        at += 1
        start = at
        word = digits_at(at) if end - at > WORD_DIGITS and at[WORD_DIGITS] == c'"' else NO_DIGITS
        if is_digits(word):
            if missing < WORD_DIGITS:
                if word >> 8 * missing:
                    return NULL
                word = word << 8 * (WORD_DIGITS - missing) if missing else 0
            value = value * scale.power + word_value(word)
            at += WORD_DIGITS
            missing = 0
        else:
            digit = at[0] - c"0"
            while digit <= 9:
                if missing:
                    value = value * 10 + digit
                    missing -= 1
                elif digit:
                    return NULL
                at += 1
                digit = at[0] - c"0"
            if at == start:
                return NULL
    while missing:
        value *= 10
        missing -= 1
    if at[0] != c'"':
        return NULL
    if scale.mantissa != 1:
        if value % scale.mantissa:
            return NULL
        value //= scale.mantissa
    out[0] = <int64_t>value
    return at
