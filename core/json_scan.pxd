# Steps over JSON text as machines write it: no blanks, no escapes, ASCII, whole numbers of at most 18 digits. What a step
# takes means the same to a full decoder; what it does not take may still be good JSON, and is one's to judge. For
# inclusion in compiled modules only; all functions are plain C and need no GIL.
#
# Each step takes where it begins and returns where it ends, or NULL. The text must end with a NUL, as that of a `bytes`
# object does: no step passes over one, so none reads behind the text. A step that reads eight characters at once takes where
# the text ends, too.

from core.digits cimport WORD_DIGITS, digits_at, is_digits, word_value
from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef enum:
    INTEGER_DIGITS_MAX = 18  # any number of so many digits fits 64 bits


# Passes over a string from behind its opening quote, and returns where its closing quote is.
cdef inline const uint8_t* text_end(const uint8_t* at) noexcept nogil:
    while at[0] != c'"':
        if at[0] < c" " or at[0] > c"~" or at[0] == c"\\":
            return NULL
        at += 1
    return at


# Passes over exactly the characters of `literal`.
cdef inline const uint8_t* literal_end(const uint8_t* at, const char* literal) noexcept nogil:
    while literal[0]:
        if at[0] != <uint8_t>literal[0]:
            return NULL
        at += 1
        literal += 1
    return at


# Passes over a number that is not negative, and stores it.
cdef inline const uint8_t* integer_end(const uint8_t* at, const uint8_t* end, int64_t* out) noexcept nogil:
    cdef const uint8_t* start = at
    cdef uint64_t value = 0
    cdef unsigned int digit
    cdef uint64_t word
    if end - at >= WORD_DIGITS:
        word = digits_at(at)
        if is_digits(word):
            value = word_value(word)
            at += WORD_DIGITS
    while at - start <= INTEGER_DIGITS_MAX:
        digit = <unsigned int>at[0] - c"0"
        if digit > 9:
            break
        value = value * 10 + digit
        at += 1
    if at == start or at - start > INTEGER_DIGITS_MAX or (start[0] == c"0" and at - start > 1):
        return NULL
    out[0] = <int64_t>value
    return at


# Passes over what a decimal is written with, and more: what stands before the end is yet to be parsed.
cdef inline const uint8_t* decimal_end(const uint8_t* at) noexcept nogil:
    while c"." <= at[0] <= c"9":
        at += 1
    return at
