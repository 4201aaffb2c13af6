"""Is a trade missing? Where a venue numbers the trades of an instrument one after another, their ids tell.

A websocket that closes (Binance closes each within a day) costs the trades until the next one is up, and nothing else shows
that: unlike updates of a book, trades carry no name of their predecessor.
"""

cimport cython
from libc.stdint cimport int64_t

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef enum:
    DIGITS_MAX = 18

REPEATED = -1
RESTARTED = -2
BACK_MAX = 1_000
GAP_MAX = 1_000_000

cdef int64_t _BACK_MAX = BACK_MAX
cdef int64_t _GAP_MAX = GAP_MAX


@cython.final
cdef class TradeIds:
    """The ids of one stream of trades, which are digits; others are not followed."""

    cpdef int64_t observe(self, str trade_id) except? -9:
        """Take the id of the next trade; return how many were missed before it.

        Returns:
            0 in order, n > 0 after a gap of n, `REPEATED` if it or a later one was seen already, `RESTARTED` if it is so far
            from the one before (`BACK_MAX` back, `GAP_MAX` on) that the venue must have begun to number anew.
        """
        cdef int64_t number = digits(trade_id)
        cdef int64_t passed = number - self.last - 1
        if passed == 0:
            self.last = number
            return 0
        if number < 0:
            return 0
        if self.last < 0:
            self.last = number
            return 0
        if passed > _GAP_MAX or passed < -_BACK_MAX - 1:
            self.last = number
            return -2
        if passed < 0:
            return -1
        self.last = number
        return passed

    def __cinit__(self) -> None:
        self.last = -1


# The number that a text of digits is, -1 if it is none of at most 18.
cdef int64_t digits(str text) except? -9:
    cdef Py_ssize_t size, at
    cdef int64_t number = 0
    cdef const char* data = PyUnicode_AsUTF8AndSize(text, &size)
    if size == 0 or size > DIGITS_MAX:
        return -1
    for at in range(size):
        if not c"0" <= data[at] <= c"9":
            return -1
        number = 10 * number + (data[at] - c"0")
    return number
