"""Client order ids: how risk names the orders that it approves, each name once."""

from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    DIGITS_MAX = 11  # of a number of 64 bits
    ID_MAX = 1 + 4 * DIGITS_MAX

cdef const char* DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


cpdef str client_order_id(uint32_t sender, uint32_t epoch, uint64_t n, uint64_t started_ms):
    """Return the id of the `n`-th order that risk `sender` approves in `epoch`: alphanumeric, at most 16 characters.

    The last two tell the start of the epoch apart from others of the same number: epochs begin again with a new state
    folder, and the venue remembers ids.
    """
    cdef char text[ID_MAX]
    cdef char* end = text
    end[0] = c"T"
    end = _put(end + 1, sender, 1)
    end = _put(end, epoch, 4)
    end = _put(end, n, 6)
    end = _put(end, started_ms % (62 * 62), 2)
    return PyUnicode_DecodeASCII(text, end - text, NULL)


cpdef str base62(uint64_t number, int width=1):
    """Return a number in base 62, digits before capitals before small letters, padded with zeros to `width`.

    Raises:
        ValueError: If `width` is more than 11, the digits of the largest number.
    """
    cdef char text[DIGITS_MAX]
    if width > DIGITS_MAX:
        raise ValueError(f"width: at most {DIGITS_MAX} (found: {width})")
    return PyUnicode_DecodeASCII(text, _put(text, number, width) - text, NULL)


cdef char* _put(char* start, uint64_t number, int width) noexcept:
    """Write a number and return the end of it."""
    cdef uint64_t rest = number
    cdef int digits = 0
    while rest or digits < width:
        rest //= 62
        digits += 1
    for place in range(digits - 1, -1, -1):
        start[place] = DIGITS[number % 62]
        number //= 62
    return start + digits
