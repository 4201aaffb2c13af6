"""OKX's market-data frames, read from their bytes in one pass, in the layout in which the venue writes them.

A frame is `{"arg":{"channel":C,"instId":I},"data":[{...}]}`, in one of a book with `"action":A` before the data, without
blanks or escapes. An object of the data is flat but for the levels of a book, which are `[PRICE,QUANTITY,"0",ORDERS]`. Its
fields are noted where they stand, whatever their order and whatever else there is; prices and quantities go from their
digits into ticks and lots, levels into the packed form, and nothing is made but the message.

This is a part of what the venue may send, and no judge of the rest: whatever stands there otherwise (blanks, escapes, a
key twice, a number that does not fit, a field that is missing, text behind the frame) is not taken, and the typed decoder
in `agents.venues.okx.frame_data` says what it means or what is wrong with it. Both give the same where both give one.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp, memcpy

from agents.venues.depth_update cimport DepthUpdate
from agents.venues.trade_spans cimport TradeSpans
from agents.venues.okx.checksum cimport levels_checksum
from agents.venues.okx.frame_fields cimport (
    ASKS, BIDS, CHECKSUM, COUNT, DEPTH, MARK, MARK_PX, NONE, PREV_SEQ_ID, PX, SEQ_ID, SIDE, SNAPSHOT, SZ, TICKER,
    TRADE, TRADE_ID, TS, action_end, is_behind, is_last, key_of, level_end,
)
from core.decimals cimport Scale
from core.json_levels cimport count_end
from core.json_scan cimport integer_end, literal_end, text_end
from core.levels cimport level_t

from agents.instruments import SCALE_E8 as _SCALE_E8
from schemas.units import MS as _MS
from agents.venues.base import FeedKind
from schemas.messages import BookDelta, BookSnapshot, Quote, Trade, TradeCondition
from schemas.orders import Side

cdef extern from "Python.h":
    str PyUnicode_DecodeASCII(const char* text, Py_ssize_t size, const char* errors)

cdef bytes HEAD = b'{"arg":{"channel":"'
cdef bytes BETWEEN = b'","instId":"'
cdef bytes BEHIND = b'"},'
cdef int64_t MS = _MS
cdef int64_t MILLIS_MAX = 2**63 // _MS - 1
cdef size_t LEVEL_BYTES_MIN = 15  # ["0","0","",""]
cdef size_t LEVELS_FIRST = 1024
cdef size_t TRADE_ID_MAX = 36
cdef Scale SCALE_E8 = _SCALE_E8

assert (TRADE, DEPTH, TICKER, MARK) == (FeedKind.TRADE, FeedKind.DEPTH, FeedKind.TICKER, FeedKind.MARK)

# What the enumerations say, as the plain integers that they are on the wire.
cdef object BUY = int(Side.BUY)
cdef object SELL = int(Side.SELL)
cdef object ON_MARKET = int(TradeCondition.MARKET)
cdef object AGGREGATED = int(TradeCondition.AGGREGATED)


cpdef bytes channel_name(bytes frame):
    """Return `CHANNEL:INSTRUMENT` as they stand at the head of a frame with data, None if none stand there."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(frame)
    cdef Py_ssize_t start = PyBytes_GET_SIZE(HEAD)
    cdef const char* data = PyBytes_AS_STRING(frame)
    cdef const char* end = data + size
    cdef const char* at
    cdef const char* instrument
    cdef const char* stop
    cdef bytes name
    if size <= start or memcmp(data, PyBytes_AS_STRING(HEAD), start) != 0:
        return None
    data += start
    at = <const char*>memchr(data, c'"', end - data)
    if at is NULL or end - at <= PyBytes_GET_SIZE(BETWEEN):
        return None
    if memcmp(at, PyBytes_AS_STRING(BETWEEN), PyBytes_GET_SIZE(BETWEEN)) != 0:
        return None
    instrument = at + PyBytes_GET_SIZE(BETWEEN)
    stop = <const char*>memchr(instrument, c'"', end - instrument)
    if stop is NULL or not is_behind(<const uint8_t*>stop):
        return None
    name = PyBytes_FromStringAndSize(data, at - data + 1 + (stop - instrument))
    PyBytes_AS_STRING(name)[at - data] = c":"
    memcpy(PyBytes_AS_STRING(name) + (at - data) + 1, instrument, stop - instrument)
    return name


@cython.final
cdef class OkxFrameReader(FrameReader):
    """Reads the frames of one channel; of one of mark prices it puts what it reads into the instrument's `marks`."""

    def __cinit__(self, channel, marks) -> None:
        if channel.kind == FeedKind.TRADE:
            self.spans = TradeSpans()
        name, _, symbol = channel.name.partition(":")
        self.head = HEAD + name.encode() + BETWEEN + symbol.encode() + BEHIND
        self.kind = channel.kind
        self.price = channel.info.price
        self.qty = channel.info.qty
        self.marks = marks

    def __dealloc__(self):
        free(self.levels)

    cpdef object read(self, bytes frame, int64_t ts_recv_ns):
        """Return what a frame of the channel says, a list of trades if there are several.

        None leaves it to the typed decoder: it is in another layout, or of another channel.
        """
        if frame is None:
            raise TypeError("a frame is bytes")
        cdef size_t size = PyBytes_GET_SIZE(frame)
        cdef size_t start = PyBytes_GET_SIZE(self.head)
        cdef const uint8_t* data = <const uint8_t*>PyBytes_AS_STRING(frame)
        cdef const uint8_t* at = data + start
        cdef int action = NONE
        if size <= start or memcmp(data, PyBytes_AS_STRING(self.head), start) != 0:
            return None
        self.end = data + size
        if self.kind == DEPTH or self.kind == TICKER:
            self.reserve(size // LEVEL_BYTES_MIN)
        if self.kind == DEPTH:
            at = action_end(at, &action)
            if at is NULL:
                return None
        at = literal_end(at, b'"data":[')
        if at is NULL:
            return None
        at = self.object_end(at)
        if at is NULL:
            return None
        if at[0] == c"," and self.kind == TRADE:
            return self.trades(at, ts_recv_ns)
        if not is_last(at, self.end):
            return None
        return self.message(action, ts_recv_ns)

    cpdef bytes channel_name(self, bytes frame):
        """Return the name of the channel that stands at the head of a frame, None if none stands there."""
        return channel_name(frame)

    # What the object says that was noted last.
    cdef object message(self, int action, int64_t ts_recv_ns):
        if self.kind == TRADE:
            return self.trade(ts_recv_ns)
        if self.kind == DEPTH:
            return self.book(action, ts_recv_ns)
        if self.kind == TICKER:
            return self.quote(ts_recv_ns)
        if self.kind == MARK:
            return self.mark(ts_recv_ns)
        return None

    # The trade that was noted last, and those from the comma at `at` on; None if one of them cannot be taken.
    cdef list trades(self, const uint8_t* at, int64_t ts_recv_ns):
        cdef list found = []
        while True:
            trade = self.trade(ts_recv_ns)
            if trade is None:
                return None
            found.append(trade)
            if at[0] != c",":
                return found if is_last(at, self.end) else None
            at = self.object_end(at + 1)
            if at is NULL:
                return None

    cdef object trade(self, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns, price_ticks, qty_lots
        cdef int64_t number
        cdef int64_t count = 1
        cdef field_t* trade_id = &self.fields[TRADE_ID]
        cdef bint buys = self.is_text(SIDE, b"buy", 3)
        if not (
            self.time(&ts_event_ns)
            and self.count(PX, self.price, &price_ticks)
            and self.count(SZ, self.qty, &qty_lots)
            and self.has(TRADE_ID, TEXT)
            and trade_id.size <= TRADE_ID_MAX
            and (buys or self.is_text(SIDE, b"sell", 4))
        ):
            return None
        if self.seen >> COUNT & 1 and not self.digits(COUNT, &count):
            return None
        if count > 1 and self.digits(TRADE_ID, &number):
            self.spans.note(number, count)
        return Trade(
            ts_event_ns, ts_recv_ns, price_ticks, qty_lots, BUY if buys else SELL,
            PyUnicode_DecodeASCII(<const char*>trade_id.text, trade_id.size, NULL),
            AGGREGATED if count > 1 else ON_MARKET,
        )

    cdef object book(self, int action, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns
        cdef int64_t seq_id = 0
        cdef int64_t previous = -1
        cdef int64_t checksum = 0
        cdef bint numbered = self.seen >> SEQ_ID & 1
        cdef DepthUpdate update
        cdef bytes bids, asks
        if not (self.time(&ts_event_ns) and self.has(BIDS, LEVELS) and self.has(ASKS, LEVELS)):
            return None
        if self.seen >> CHECKSUM & 1 and not self.integer(CHECKSUM, &checksum):
            return None
        if numbered:
            if not self.integer(SEQ_ID, &seq_id) or seq_id < 0:
                return None
        elif checksum == 0:
            return None
        else:
            seq_id = ts_event_ns // MS
        if action == SNAPSHOT:
            bids, asks = self.side(BIDS), self.side(ASKS)
            if checksum != 0 and levels_checksum(bids, asks, self.price, self.qty) != checksum:
                return None
            return BookSnapshot(ts_event_ns, ts_recv_ns, seq_id, bids, asks)
        if numbered and not self.integer(PREV_SEQ_ID, &previous) or previous < 0 and numbered:
            return None
        if not numbered and self.seen >> PREV_SEQ_ID & 1:
            return None
        update = DepthUpdate.__new__(DepthUpdate)
        update.first_update_id, update.last_update_id = seq_id, seq_id
        update.previous_update_id = previous
        update.checksum = checksum
        update.bids, update.asks = self.side(BIDS), self.side(ASKS)
        update.delta = BookDelta(ts_event_ns, ts_recv_ns, seq_id, seq_id, update.bids, update.asks)
        return update

    cdef object quote(self, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns
        cdef int64_t seq_id = 0
        cdef level_t bid, ask
        if not (self.time(&ts_event_ns) and self.has(BIDS, LEVELS) and self.has(ASKS, LEVELS)):
            return None
        if self.seen >> SEQ_ID & 1 and (not self.integer(SEQ_ID, &seq_id) or seq_id < 0):
            return None
        bid.price_ticks = bid.qty_lots = ask.price_ticks = ask.qty_lots = 0
        if self.fields[BIDS].number:
            bid = self.levels[self.fields[BIDS].size]
        if self.fields[ASKS].number:
            ask = self.levels[self.fields[ASKS].size]
        return Quote(
            ts_event_ns, ts_recv_ns, seq_id, bid.price_ticks, bid.qty_lots, ask.price_ticks, ask.qty_lots
        )

    cdef object mark(self, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns, mark_e8
        if not (self.time(&ts_event_ns) and self.count(MARK_PX, SCALE_E8, &mark_e8)):
            return None
        self.marks.mark_e8 = mark_e8
        return self.marks.message(ts_event_ns, ts_recv_ns)

    cdef bint has(self, int key, field_type type) noexcept:
        return self.seen >> key & 1 and self.fields[key].type == type

    cdef bint is_text(self, int key, const char* text, size_t size) noexcept:
        return (
            self.has(key, TEXT) and self.fields[key].size == size and memcmp(self.fields[key].text, text, size) == 0
        )

    cdef bint integer(self, int key, int64_t* out) noexcept:
        out[0] = self.fields[key].number
        return self.has(key, INTEGER)

    # Stores a number that is written as text.
    cdef bint digits(self, int key, int64_t* out) noexcept:
        cdef field_t* field = &self.fields[key]
        return self.has(key, TEXT) and integer_end(field.text, self.end, out) == field.text + field.size

    # Stores the time, which is written in milliseconds, as nanoseconds.
    cdef bint time(self, int64_t* out) noexcept:
        if not self.digits(TS, out) or out[0] > MILLIS_MAX:
            return False
        out[0] = out[0] * MS
        return True

    # Stores how many units of `scale` a decimal is.
    cdef bint count(self, int key, Scale scale, int64_t* out) noexcept:
        cdef field_t* field = &self.fields[key]
        return self.has(key, TEXT) and count_end(scale, field.text, self.end, out) == field.text + field.size

    cdef bytes side(self, int key):
        cdef const level_t* first = self.levels + self.fields[key].size
        return PyBytes_FromStringAndSize(<const char*>first, self.fields[key].number * sizeof(level_t))

    # Notes the fields of the object at `at` and returns where it ends; NULL if it is none that is taken.
    cdef const uint8_t* object_end(self, const uint8_t* at) noexcept:
        cdef field_t other
        cdef uint32_t seen = 0
        cdef const uint8_t* start
        cdef int key
        self.levels_count = 0
        if at[0] != c"{":
            return NULL
        while True:
            if at[1] != c'"':
                return NULL
            start = at + 2
            at = text_end(start)
            if at is NULL or at[1] != c":":
                return NULL
            key = key_of(start, at - start, self.kind)
            if key < 0:
                at = self.value_end(at + 2, &other)
            elif seen >> key & 1:
                return NULL
            else:
                seen |= <uint32_t>1 << key
                at = self.value_end(at + 2, &self.fields[key])
            if at is NULL:
                return NULL
            if at[0] != c",":
                self.seen = seen
                return at + 1 if at[0] == c"}" else NULL

    # Passes over a value and notes it; NULL if it is of no type that a field has.
    cdef const uint8_t* value_end(self, const uint8_t* at, field_t* out) noexcept:
        cdef bint negative
        if at[0] == c'"':
            out.type = TEXT
            out.text = at + 1
            at = text_end(at + 1)
            if at is NULL:
                return NULL
            out.size = at - out.text
            return at + 1
        if at[0] == c"[":
            if self.kind != DEPTH and self.kind != TICKER:
                return NULL
            out.type = LEVELS
            return self.side_end(at, out)
        out.type = INTEGER
        negative = at[0] == c"-"
        at = integer_end(at + negative, self.end, &out.number)
        if negative:
            out.number = -out.number
        return at

    # Passes over the levels of a side and packs them behind those that are there; `reserve` made the room.
    cdef const uint8_t* side_end(self, const uint8_t* at, field_t* out) noexcept:
        cdef level_t* level = self.levels + self.levels_count
        out.size = self.levels_count
        out.number = 0
        if at[1] == c"]":
            return at + 2
        while True:
            at = level_end(self.price, self.qty, at + 1, self.end, level)
            if at is NULL:
                return NULL
            level += 1
            if at[0] != c",":
                break
        self.levels_count = level - self.levels
        out.number = self.levels_count - out.size
        return at + 1 if at[0] == c"]" else NULL

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
