"""Binance's market-data frames, read from their bytes in one pass, in the layout in which the venue writes them.

A frame is `{"stream":NAME,"data":{...}}` without blanks or escapes, and `data` is flat but for the levels of a book. The
fields are noted where they stand, whatever their order and whatever else there is; prices and quantities go from their
digits into ticks and lots, levels into the packed form, and nothing is made but the message.

This is a part of what the venue may send, and no judge of the rest: whatever stands there otherwise (blanks, escapes, a
key twice, a number that does not fit, a field that is missing, text behind the frame) is not taken, and the typed decoder
in `agents.venues.binance.frame_data` says what it means or what is wrong with it. Both give the same message where both
give one.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp

from core.decimals cimport Scale
from core.json_levels cimport count_end, layouts_clear, levels_end
from core.json_scan cimport integer_end, literal_end, text_end
from core.levels cimport level_t
from agents.venues.depth_update cimport DepthUpdate

from schemas.units import MS as _MS, US as _US
from agents.venues.binance.history import MILLIS_MAX as _MILLIS_MAX, STAMP_MAX as _STAMP_MAX
from agents.instruments import SCALE_E8 as _SCALE_E8
from agents.venues.base import FeedKind
from schemas.messages import BookDelta, MarkPrice, Quote, Trade, TradeCondition
from schemas.orders import Side

cdef extern from "Python.h":
    str PyUnicode_DecodeASCII(const char* text, Py_ssize_t size, const char* errors)

cdef bytes HEAD = b'{"stream":"'
cdef bytes BETWEEN = b'","data":'
cdef int64_t MS = _MS
cdef int64_t US = _US
cdef int64_t MILLIS_MAX = _MILLIS_MAX
cdef int64_t STAMP_MAX = _STAMP_MAX
cdef Scale E8 = _SCALE_E8
cdef size_t LEVEL_BYTES_MIN = 9  # ["0","0"]
cdef size_t LEVELS_FIRST = 256

cdef enum:
    TRADE = 1
    AGGREGATE_TRADE = 2
    DEPTH = 3
    TICKER = 4
    MARK = 5

assert (TRADE, AGGREGATE_TRADE, DEPTH, TICKER, MARK) == (
    FeedKind.TRADE, FeedKind.AGGREGATE_TRADE, FeedKind.DEPTH, FeedKind.TICKER, FeedKind.MARK
)

# What the enumerations say, as the plain integers that they are on the wire.
cdef object BUY = int(Side.BUY)
cdef object SELL = int(Side.SELL)
cdef object ON_MARKET = int(TradeCondition.MARKET)
cdef object BY_INSURANCE_FUND = int(TradeCondition.INSURANCE_FUND)
cdef object AGGREGATED = int(TradeCondition.AGGREGATED)
cdef object OTHERWISE = int(TradeCondition.OTHER)


cpdef bytes stream_name(bytes frame):
    """Return the name of the stream that stands at the head of a frame, None if none stands there."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(frame)
    cdef Py_ssize_t start = PyBytes_GET_SIZE(HEAD)
    cdef const char* data = PyBytes_AS_STRING(frame)
    if size <= start or memcmp(data, PyBytes_AS_STRING(HEAD), start) != 0:
        return None
    cdef const char* end = <const char*>memchr(data + start, c'"', size - start)
    if end is NULL:
        return None
    return PyBytes_FromStringAndSize(data + start, end - data - start)


@cython.final
cdef class BinanceFrameReader(FrameReader):
    """Reads the frames of one channel; from one to the next it keeps only how levels were written, to try that first."""

    def __cinit__(self, channel: Channel) -> None:
        self.head = HEAD + channel.name.encode() + BETWEEN
        self.kind = channel.kind
        self.price = channel.info.price
        self.qty = channel.info.qty
        layouts_clear(&self.layouts)

    def __dealloc__(self):
        free(self.levels)

    cpdef object read(self, bytes frame, int64_t ts_recv_ns):
        """Return what a frame of the channel says, a `DepthUpdate` if it is one of a book.

        None leaves it to the typed decoder: it is in another layout, or of another channel.
        """
        if frame is None:
            raise TypeError("a frame is bytes")
        cdef size_t size = PyBytes_GET_SIZE(frame)
        cdef size_t start = PyBytes_GET_SIZE(self.head)
        cdef const uint8_t* data = <const uint8_t*>PyBytes_AS_STRING(frame)
        if size <= start or memcmp(data, PyBytes_AS_STRING(self.head), start) != 0:
            return None
        if self.kind == DEPTH:
            self.reserve(size // LEVEL_BYTES_MIN)
        if not self.scan(data + start, data + size):
            return None
        if self.kind == TRADE:
            return self.trade(place(c"t"), ts_recv_ns)
        if self.kind == AGGREGATE_TRADE:
            return self.trade(place(c"a"), ts_recv_ns)
        if self.kind == DEPTH:
            return self.depth(ts_recv_ns)
        if self.kind == TICKER:
            return self.ticker(ts_recv_ns)
        if self.kind == MARK:
            return self.mark(ts_recv_ns)
        return None

    cpdef bytes channel_name(self, bytes frame):
        """Return the name of the channel that stands at the head of a frame, None if none stands there."""
        return stream_name(frame)

    cdef object trade(self, int trade_id_key, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns, price_ticks, qty_lots
        cdef field_type maker = self.fields[place(c"m")].type
        if not (
            self.time(place(c"T"), &ts_event_ns, True)
            and self.count(place(c"p"), self.price, &price_ticks)
            and self.count(place(c"q"), self.qty, &qty_lots)
            and self.has(trade_id_key, INTEGER)
            and (self.has(place(c"m"), TRUE) or self.has(place(c"m"), FALSE))
        ):
            return None
        condition = AGGREGATED if self.kind == AGGREGATE_TRADE else self.condition()
        if condition is None:
            return None
        side = SELL if maker == TRUE else BUY
        return Trade(ts_event_ns, ts_recv_ns, price_ticks, qty_lots, side, self.digits(trade_id_key), condition)

    # What kind of trade `X` says, None if it is no text.
    cdef object condition(self):
        cdef field_t* field = &self.fields[place(c"X")]
        if not self.seen >> place(c"X") & 1:
            return ON_MARKET
        if field.type != TEXT:
            return None
        if field.size == 6 and memcmp(field.text, b"MARKET", 6) == 0:
            return ON_MARKET
        if field.size == 14 and memcmp(field.text, b"INSURANCE_FUND", 14) == 0:
            return BY_INSURANCE_FUND
        return OTHERWISE

    cdef object depth(self, int64_t ts_recv_ns):
        cdef int64_t event_ns, transaction_ns, first_update_id, last_update_id
        cdef int64_t previous_update_id = -1
        cdef DepthUpdate update = DepthUpdate.__new__(DepthUpdate)
        if not (
            self.time(place(c"E"), &event_ns, True)
            and self.time(place(c"T"), &transaction_ns, False)
            and self.integer(place(c"U"), &first_update_id)
            and self.integer(place(c"u"), &last_update_id)
            and self.has(place(c"b"), LEVELS)
            and self.has(place(c"a"), LEVELS)
        ):
            return None
        if self.seen & 1 and not self.integer(0, &previous_update_id):
            return None
        update.first_update_id, update.last_update_id = first_update_id, last_update_id
        update.previous_update_id = previous_update_id
        update.bids, update.asks = self.side(place(c"b")), self.side(place(c"a"))
        update.delta = BookDelta(
            transaction_ns or event_ns, ts_recv_ns, first_update_id, last_update_id, update.bids, update.asks
        )
        return update

    cdef object ticker(self, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns, update_id, bid_ticks, bid_lots, ask_ticks, ask_lots
        if not (
            self.time(place(c"T"), &ts_event_ns, False)
            and self.integer(place(c"u"), &update_id)
            and self.count(place(c"b"), self.price, &bid_ticks)
            and self.count(place(c"B"), self.qty, &bid_lots)
            and self.count(place(c"a"), self.price, &ask_ticks)
            and self.count(place(c"A"), self.qty, &ask_lots)
        ):
            return None
        return Quote(ts_event_ns, ts_recv_ns, update_id, bid_ticks, bid_lots, ask_ticks, ask_lots)

    cdef object mark(self, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns, mark_e8, index_e8, funding_rate_e8, next_funding_ns
        if not (
            self.time(place(c"E"), &ts_event_ns, True)
            and self.has(place(c"p"), TEXT)
            and self.count_e8(place(c"p"), &mark_e8)
            and self.count_e8(place(c"i"), &index_e8)
            and self.count_e8(place(c"r"), &funding_rate_e8)
            and self.time(place(c"T"), &next_funding_ns, False)
        ):
            return None
        return MarkPrice(ts_event_ns, ts_recv_ns, mark_e8, index_e8, funding_rate_e8, next_funding_ns)

    cdef bint has(self, int key, field_type type) noexcept:
        return self.seen >> key & 1 and self.fields[key].type == type

    cdef bint integer(self, int key, int64_t* out) noexcept:
        out[0] = self.fields[key].number
        return self.has(key, INTEGER)

    # An integer as it is written.
    cdef str digits(self, int key):
        cdef field_t* field = &self.fields[key]
        return PyUnicode_DecodeASCII(<const char*>field.text, field.size, NULL)

    # Stores a time as nanoseconds, by its unit (`history.stamp_ns`); 0 where it is neither there nor required.
    cdef bint time(self, int key, int64_t* out, bint required) noexcept:
        out[0] = 0
        if not required and not self.seen >> key & 1:
            return True
        if not self.has(key, INTEGER) or self.fields[key].number > STAMP_MAX:
            return False
        out[0] = self.fields[key].number * (MS if self.fields[key].number <= MILLIS_MAX else US)
        return True

    # Stores how many units of `scale` a decimal is.
    cdef bint count(self, int key, Scale scale, int64_t* out) noexcept:
        cdef field_t* field = &self.fields[key]
        return self.has(key, TEXT) and count_end(scale, field.text, self.end, out) == field.text + field.size

    # Stores a decimal, with or without a sign, times 10**8; 0 where it is empty or not there.
    cdef bint count_e8(self, int key, int64_t* out) noexcept:
        cdef field_t* field = &self.fields[key]
        cdef bint negative
        out[0] = 0
        if not self.seen >> key & 1:
            return True
        if field.type != TEXT:
            return False
        if field.size == 0:
            return True
        negative = field.text[0] == c"-"
        if count_end(E8, field.text + negative, self.end, out) != field.text + field.size:
            return False
        if negative:
            out[0] = -out[0]
        return True

    cdef bytes side(self, int key):
        cdef const level_t* first = self.levels + self.fields[key].size
        return PyBytes_FromStringAndSize(<const char*>first, self.fields[key].number * sizeof(level_t))

    # Notes the fields of the object at `at`; False if that and the end of the frame are not all that there is until `end`.
    cdef bint scan(self, const uint8_t* at, const uint8_t* end) noexcept:
        cdef field_t other
        cdef uint64_t seen = 0
        cdef int key
        self.levels_count = 0
        self.end = end
        if at[0] != c"{":
            return False
        while True:
            at = key_end(at + 1, &key)
            if at is NULL or at[0] != c":":
                return False
            if key < 0:
                at = self.value_end(at + 1, &other)
            elif seen >> key & 1:
                return False
            else:
                seen |= <uint64_t>1 << key
                at = self.value_end(at + 1, &self.fields[key])
            if at is NULL:
                return False
            if at[0] != c",":
                self.seen = seen
                return at[0] == c"}" and at[1] == c"}" and at + 2 == end

    # Passes over a value and notes it; NULL if it is of no type that a field has.
    cdef const uint8_t* value_end(self, const uint8_t* at, field_t* out) noexcept:
        if at[0] == c'"':
            out.type = TEXT
            out.text = at + 1
            at = text_end(at + 1)
            if at is NULL:
                return NULL
            out.size = at - out.text
            return at + 1
        if at[0] == c"[":
            out.type = LEVELS
            if self.kind != DEPTH:
                return NULL
            return self.side_end(at, out)
        if at[0] == c"t":
            out.type = TRUE
            return literal_end(at, b"true")
        if at[0] == c"f":
            out.type = FALSE
            return literal_end(at, b"false")
        out.type = INTEGER
        out.text = at
        at = integer_end(at, self.end, &out.number)
        out.size = at - out.text
        return at

    # Passes over the levels of a side and packs them behind those that are there; `reserve` made the room.
    cdef const uint8_t* side_end(self, const uint8_t* at, field_t* out) noexcept:
        cdef level_t* level = self.levels + self.levels_count
        at = levels_end(self.price, self.qty, at, self.end, &self.layouts, &level)
        out.size = self.levels_count
        self.levels_count = level - self.levels
        out.number = self.levels_count - out.size
        return at

    # Makes room for `count` levels, so that reading them needs no check.
    cdef int reserve(self, size_t count) except -1:
        cdef level_t* more
        if count > self.levels_max:
            count = max(count, LEVELS_FIRST, 2 * self.levels_max)
            more = <level_t*>realloc(self.levels, count * sizeof(level_t))
            if more is NULL:
                raise MemoryError
            self.levels = more
            self.levels_max = count
        return 0


# Where the field of a letter is noted.
cdef inline int place(uint8_t letter) noexcept nogil:
    return letter & (KEYS - 1)


# Passes over a key, and stores its place, -1 for one that no field has.
cdef inline const uint8_t* key_end(const uint8_t* at, int* out) noexcept nogil:
    if at[0] != c'"':
        return NULL
    if is_letter(at[1]) and at[2] == c'"':
        out[0] = place(at[1])
        return at + 3
    if at[1] == c"p" and at[2] == c"u" and at[3] == c'"':
        out[0] = 0
        return at + 4
    out[0] = -1
    at = text_end(at + 1)
    if at is NULL:
        return NULL
    return at + 1


cdef inline bint is_letter(uint8_t character) noexcept nogil:
    return c"A" <= character <= c"Z" or c"a" <= character <= c"z"
