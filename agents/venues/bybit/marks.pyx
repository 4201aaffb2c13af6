"""What the ticker of a contract says of mark price and funding.

A ticker tells all there is once and then only what changed, so what it said last is kept here, whichever way a frame is
read: from its bytes, in the layout in which the venue writes it, or by the typed decoder.
"""

cimport cython
from libc.stdint cimport int64_t, uint8_t

from core.decimals cimport Scale
from core.json_levels cimport count_end
from core.json_scan cimport integer_end
from agents.venues.bybit.frame_text cimport is_key, key_end, other_end, quoted_end, text_t

from agents.instruments import SCALE_E8 as _SCALE_E8
from agents.venues.base import parse_e8
from schemas.errors import VenueError
from schemas.messages import MarkPrice
from schemas.units import MS as _MS

cdef int64_t MS = _MS
cdef int64_t MILLIS_MAX = 2**63 // _MS - 1
cdef Scale E8 = _SCALE_E8

cdef enum:
    MARK
    INDEX
    FUNDING_RATE
    NEXT_FUNDING


@cython.final
cdef class TickerMarks:
    """Mark price, index price, funding rate and time of funding of one contract."""

    def after(self, whole: bool, values: Sequence[str | None], ts_ms: int, ts_recv_ns: int) -> MarkPrice | list[MarkPrice]:
        """Return the mark price as it is after a ticker that says `values` (mark, index, funding rate, time of funding).

        Of changes of a ticker that was not told, as where a recording begins in the middle, it is what they have told by
        then with 0 for the rest, and nothing, which is an empty list, before one told a mark price.

        Raises:
            VenueError: If it is a whole one without a mark price.
            DecimalError: If one is no decimal.
        """
        cdef int64_t[MARK_FIELDS] numbers
        cdef unsigned int seen = 0
        for place, text in enumerate(values):
            if text is not None:
                numbers[place] = millis_of(text) * _MS if place == NEXT_FUNDING else parse_e8(text)
                seen |= 1 << place
        message = self.marked(whole, seen, numbers, ts_ms * MS, ts_recv_ns)
        if message is None and whole:
            raise VenueError("a ticker without a mark price")
        return [] if message is None else message

    # Returns the mark price as it is after the ticker whose fields were passed over; None if the typed decoder must judge it.
    cdef object message(self, bint whole, int64_t ts_event_ns, int64_t ts_recv_ns):
        cdef int64_t[MARK_FIELDS] values
        cdef text_t text
        cdef const uint8_t* digits
        cdef const uint8_t* stop
        cdef bint negative
        cdef int place
        for place in range(MARK_FIELDS):
            values[place] = 0
            text = self.texts[place]
            if not self.seen >> place & 1 or text.size == 0:
                continue
            stop = text.at + text.size
            if place == NEXT_FUNDING:
                if integer_end(text.at, self.end, &values[place]) != stop or values[place] > MILLIS_MAX:
                    return None
                values[place] *= MS
                continue
            negative = text.at[0] == c"-"
            digits = text.at + 1 if negative else text.at
            if digits == stop or count_end(E8, digits, self.end, &values[place]) != stop:
                return None
            if negative:
                values[place] = -values[place]
        return self.marked(whole, self.seen, values, ts_event_ns, ts_recv_ns)

    # Keeps what a ticker says, and returns it together with what it does not say; None if that is not known.
    cdef object marked(
        self, bint whole, unsigned int seen, const int64_t* values, int64_t ts_event_ns, int64_t ts_recv_ns
    ):
        cdef int place
        if whole and not seen >> MARK & 1:
            return None
        self.told = self.told or seen >> MARK & 1
        for place in range(MARK_FIELDS):
            if seen >> place & 1:
                self.said[place] = values[place]
            elif whole:
                self.said[place] = 0
        if not self.told:
            return None
        return MarkPrice(
            ts_event_ns,
            ts_recv_ns,
            self.said[MARK],
            self.said[INDEX],
            self.said[FUNDING_RATE],
            self.said[NEXT_FUNDING],
        )

    # Passes over the fields of a ticker and notes those that are used.
    cdef const uint8_t* fields_end(self, const uint8_t* at, const uint8_t* end) noexcept:
        cdef text_t key
        cdef int place
        self.seen = 0
        self.end = end
        if at[0] != c"{":
            return NULL
        while True:
            at = key_end(at + 1, &key)
            if at is NULL:
                return NULL
            place = mark_place(&key)
            if place < 0:
                at = other_end(at, end)
            elif self.seen >> place & 1:
                return NULL
            else:
                self.seen |= <unsigned int>1 << place
                at = quoted_end(at, &self.texts[place])
            if at is NULL:
                return NULL
            if at[0] != c",":
                return at + 1 if at[0] == c"}" else NULL


# Where a field of a ticker is noted, -1 for one that is not used.
cdef inline int mark_place(const text_t* key) noexcept nogil:
    if is_key(key, b"markPrice", 9):
        return MARK
    if is_key(key, b"indexPrice", 10):
        return INDEX
    if is_key(key, b"fundingRate", 11):
        return FUNDING_RATE
    if is_key(key, b"nextFundingTime", 15):
        return NEXT_FUNDING
    return -1


cdef millis_of(str text):
    """Return a time in milliseconds that is written as text; 0 where it is empty."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MILLIS_MAX):
        raise VenueError(f"{text[:40]!r} is no time in milliseconds")
    return int(text)
