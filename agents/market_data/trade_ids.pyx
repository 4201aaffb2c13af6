"""Is a trade missing? Where a venue numbers the trades of an instrument one after another, their ids tell.

A websocket that closes (Binance closes each within a day) costs the trades until the next one is up, and nothing else shows
that: unlike updates of a book, trades carry no name of their predecessor.

Where a message may stand for several trades (`agents.venues.trade_spans`), it has the id of the last of them. A process that
begins again goes on from the id that its log ends with (`resume`); a venue that is behind that then numbers anew, or is a
recording that is played once more.
"""

cimport cython
from libc.stdint cimport int64_t

from agents.venues.trade_spans cimport TradeSpans

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL

cdef enum:
    DIGITS_MAX = 18

REPEATED = -1
RESTARTED = -2
BACK_MAX = 1_000
GAP_MAX = 1_000_000
RESUMED_GAP_MAX = 100_000_000

cdef int64_t _BACK_MAX = BACK_MAX
cdef int64_t _GAP_MAX = GAP_MAX
cdef int64_t _RESUMED_GAP_MAX = RESUMED_GAP_MAX


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
            return self.begin(number)
        if passed > _GAP_MAX or passed < -_BACK_MAX - 1:
            self.first = self.last = number
            return -2
        if passed < 0:
            return -1
        return self.step(number)

    cpdef bint follows(self, str trade_id) except? -1:
        """Return whether a trade is the next one; it is not taken."""
        cdef int64_t number = digits(trade_id)
        return self.last >= 0 and number > self.last >= number - self.span(number)

    cpdef int resume(self, str trade_id) except? -1:
        """Go on behind a trade of an earlier life, which may be long ago."""
        cdef int64_t number = digits(trade_id)
        if number >= 0:
            self.last = -2 - number

    # Takes the first trade of this life.
    cdef int64_t begin(self, int64_t number):
        cdef int64_t before = -2 - self.last
        if before < 0:
            self.last = number
            return 0
        if not before < number <= before + _RESUMED_GAP_MAX:
            self.first = self.last = number
            return -2
        self.last = before
        return self.step(number)

    # Takes a trade that is behind the last one; returns how many are missing between.
    cdef int64_t step(self, int64_t number):
        cdef int64_t before = self.last
        self.first = max(number - self.span(number) + 1, before + 1)
        self.last = number
        return self.first - before - 1

    cdef int64_t span(self, int64_t number):
        return 1 if self.spans is None else self.spans.of(number)

    def __cinit__(self, TradeSpans spans=None) -> None:
        self.last = -1
        self.spans = spans


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
