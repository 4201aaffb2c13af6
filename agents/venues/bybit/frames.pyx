"""Bybit's market-data frames, read from their bytes in one pass, in the layouts in which the venue writes them.

A frame is `{"topic":NAME,...}` without blanks or escapes; what follows the topic may stand in any order. Times, ids, levels
and trades are noted where they stand; prices and quantities go from their digits into ticks and lots, levels into the
packed form, and nothing is made but the messages.

This is a part of what the venue may send, and no judge of the rest: whatever stands there otherwise (blanks, escapes, a
key twice, a number that does not fit, a field that is missing, text behind the frame) is not taken, and the typed decoder
in `agents.venues.bybit.wire` says what it means or what is wrong with it. Both give the same message where both give one.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcmp

from core.decimals cimport Scale
from core.json_levels cimport count_end, layouts_clear, levels_end
from core.json_scan cimport integer_end, literal_end
from core.levels cimport level_t
from agents.venues.bybit.frame_text cimport is_key, key_end, other_end, quoted_end, text_t
from agents.venues.bybit.marks cimport TickerMarks
from agents.venues.depth_update cimport DepthUpdate

from agents.venues.base import FeedKind
from schemas.messages import BookDelta, BookSnapshot, Quote, Trade, TradeCondition, TradeId
from schemas.orders import Side
from schemas.units import MS as _MS

cdef extern from "Python.h":
    str PyUnicode_DecodeASCII(const char* text, Py_ssize_t size, const char* errors)

cdef bytes HEAD = b'{"topic":"'
cdef int64_t MS = _MS
cdef int64_t MILLIS_MAX = 2**63 // _MS - 1
cdef size_t LEVEL_BYTES_MIN = 9   # ["0","0"]
cdef size_t TRADE_BYTES_MIN = 40  # {"T":0,"S":"Buy","v":"0","p":"0","i":""}
cdef size_t LEVELS_FIRST = 256
cdef size_t TRADES_FIRST = 16
cdef size_t TRADE_ID_MAX = TradeId.__metadata__[0].max_length
cdef int64_t RESTARTED = 1

cdef enum:
    TRADE = 1
    DEPTH = 3
    TICKER = 4
    MARKS = 5
    BARS = 6  # seldom enough for the typed decoder

assert (TRADE, DEPTH, TICKER, MARKS, BARS) == (
    FeedKind.TRADE, FeedKind.DEPTH, FeedKind.TICKER, FeedKind.MARK, FeedKind.BAR
)

cdef enum:
    TYPE = 1
    TS = 2
    CTS = 4
    DATA = 8

cdef enum:
    BIDS = 1
    ASKS = 2
    UPDATE_ID = 4
    SEQ = 8
    BOOK_FIELDS = 15

cdef enum:
    TIME = 1
    TAKER = 2
    QTY = 4
    PRICE = 8
    ID = 16
    TRADE_FIELDS = 31
    BLOCK = 32

# What the enumerations say, as the plain integers that they are on the wire.
cdef object BUY = int(Side.BUY)
cdef object SELL = int(Side.SELL)
cdef object ON_MARKET = int(TradeCondition.MARKET)
cdef object OFF_BOOK = int(TradeCondition.OTHER)


cpdef bytes topic_at_head(bytes frame):
    """Return the topic that stands at the head of a frame, None if none stands there."""
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
cdef class BybitFrameReader(FrameReader):
    """Reads the frames of one channel; keeps how levels were written, to try that first, and what a ticker said."""

    def __cinit__(self, channel: Channel) -> None:
        self.head = HEAD + channel.name.encode() + b'"'
        self.kind = channel.kind
        self.price = channel.info.price
        self.qty = channel.info.qty
        self.marks = TickerMarks()
        layouts_clear(&self.layouts)

    def __dealloc__(self):
        free(self.levels)
        free(self.trades)

    cpdef object read(self, bytes frame, int64_t ts_recv_ns):
        """Return what a frame of the channel says: a trade or a list of them, a book, its update, a quote or a mark price.

        None leaves it to the typed decoder: it is in another layout, or of another channel.
        """
        if frame is None:
            raise TypeError("a frame is bytes")
        cdef size_t size = PyBytes_GET_SIZE(frame)
        cdef size_t start = PyBytes_GET_SIZE(self.head)
        cdef const uint8_t* data = <const uint8_t*>PyBytes_AS_STRING(frame)
        if size <= start or memcmp(data, PyBytes_AS_STRING(self.head), start) != 0:
            return None
        if self.kind == BARS:
            return None
        self.reserve(size)
        self.end = data + size
        if not self.scan(data + start):
            return None
        if self.kind == TRADE:
            return self.trade_list(ts_recv_ns)
        if self.type == OTHER_TYPE:
            return None
        if self.kind == DEPTH:
            return self.book(ts_recv_ns)
        if self.kind == TICKER:
            return self.quote(ts_recv_ns)
        return self.marks.message(self.type == SNAPSHOT, self.ts_ns, ts_recv_ns)

    cpdef bytes channel_name(self, bytes frame):
        """Return the name of the channel that stands at the head of a frame, None if none stands there."""
        return topic_at_head(frame)

    cdef object trade_list(self, int64_t ts_recv_ns):
        cdef size_t place
        cdef public_trade_t* each
        cdef list messages = []
        for place in range(self.trades_count):
            each = &self.trades[place]
            messages.append(
                Trade(
                    each.ts_event_ns,
                    ts_recv_ns,
                    each.price_ticks,
                    each.qty_lots,
                    SELL if each.sells else BUY,
                    PyUnicode_DecodeASCII(<const char*>each.trade_id.at, each.trade_id.size, NULL),
                    OFF_BOOK if each.block else ON_MARKET,
                )
            )
        return messages[0] if self.trades_count == 1 else messages

    cdef object book(self, int64_t ts_recv_ns):
        cdef int64_t ts_event_ns = self.cts_ns or self.ts_ns
        cdef DepthUpdate update
        bids, asks = self.side(0), self.side(1)
        if self.type == SNAPSHOT or self.update_id == RESTARTED:
            return BookSnapshot(ts_event_ns, ts_recv_ns, self.update_id, bids, asks)
        update = DepthUpdate.__new__(DepthUpdate)
        update.first_update_id = update.last_update_id = self.update_id
        update.previous_update_id = -1
        update.check_id = self.seq
        update.bids, update.asks = bids, asks
        update.delta = BookDelta(ts_event_ns, ts_recv_ns, self.update_id, self.update_id, bids, asks)
        return update

    cdef object quote(self, int64_t ts_recv_ns):
        cdef level_t bid = level_t(0, 0)
        cdef level_t ask = level_t(0, 0)
        if self.type != SNAPSHOT:
            return None
        if self.side_count[0]:
            bid = self.levels[self.side_at[0]]
        if self.side_count[1]:
            ask = self.levels[self.side_at[1]]
        return Quote(
            self.cts_ns or self.ts_ns,
            ts_recv_ns,
            self.seq,
            bid.price_ticks,
            bid.qty_lots,
            ask.price_ticks,
            ask.qty_lots,
        )

    cdef bytes side(self, int side):
        cdef const level_t* first = self.levels + self.side_at[side]
        return PyBytes_FromStringAndSize(<const char*>first, self.side_count[side] * sizeof(level_t))

    # Notes what the frame says from behind its topic on; False if that is not all that there is until its end.
    cdef bint scan(self, const uint8_t* at) noexcept:
        cdef unsigned int seen = 0
        cdef unsigned int field
        cdef text_t key
        self.type = OTHER_TYPE
        self.cts_ns = 0
        while at[0] == c",":
            at = key_end(at + 1, &key)
            if at is NULL:
                return False
            field = 0
            if is_key(&key, b"data", 4):
                field, at = DATA, self.data_end(at)
            elif is_key(&key, b"type", 4):
                field, at = TYPE, type_end(at, &self.type)
            elif is_key(&key, b"ts", 2):
                field, at = TS, self.time_end(at, &self.ts_ns)
            elif is_key(&key, b"cts", 3):
                field, at = CTS, self.time_end(at, &self.cts_ns)
            else:
                at = other_end(at, self.end)
            if at is NULL or seen & field:
                return False
            seen |= field
        return at[0] == c"}" and at + 1 == self.end and seen & TS and seen & DATA

    cdef const uint8_t* data_end(self, const uint8_t* at) noexcept:
        if self.kind == TRADE:
            return self.trades_end(at)
        if self.kind == MARKS:
            return self.marks.fields_end(at, self.end)
        return self.book_end(at)

    # Passes over a time in milliseconds, and stores it in nanoseconds.
    cdef const uint8_t* time_end(self, const uint8_t* at, int64_t* out) noexcept:
        at = integer_end(at, self.end, out)
        if at is NULL or out[0] > MILLIS_MAX:
            return NULL
        out[0] *= MS
        return at

    cdef const uint8_t* book_end(self, const uint8_t* at) noexcept:
        cdef unsigned int seen = 0
        cdef unsigned int field
        cdef text_t key
        self.levels_count = 0
        if at[0] != c"{":
            return NULL
        while True:
            at = key_end(at + 1, &key)
            if at is NULL:
                return NULL
            field = 0
            if is_key(&key, b"b", 1):
                field, at = BIDS, self.side_end(at, 0)
            elif is_key(&key, b"a", 1):
                field, at = ASKS, self.side_end(at, 1)
            elif is_key(&key, b"u", 1):
                field, at = UPDATE_ID, integer_end(at, self.end, &self.update_id)
            elif is_key(&key, b"seq", 3):
                field, at = SEQ, integer_end(at, self.end, &self.seq)
            else:
                at = other_end(at, self.end)
            if at is NULL or seen & field:
                return NULL
            seen |= field
            if at[0] != c",":
                return at + 1 if at[0] == c"}" and seen == BOOK_FIELDS else NULL

    # Passes over the levels of a side and packs them behind those that are there; `reserve` made the room.
    cdef const uint8_t* side_end(self, const uint8_t* at, int side) noexcept:
        cdef level_t* level = self.levels + self.levels_count
        if at[0] != c"[":
            return NULL
        at = levels_end(self.price, self.qty, at, self.end, &self.layouts, &level)
        self.side_at[side] = self.levels_count
        self.levels_count = level - self.levels
        self.side_count[side] = self.levels_count - self.side_at[side]
        return at

    cdef const uint8_t* trades_end(self, const uint8_t* at) noexcept:
        self.trades_count = 0
        if at[0] != c"[":
            return NULL
        if at[1] == c"]":
            return at + 2
        while True:
            at = self.trade_end(at + 1, &self.trades[self.trades_count])
            if at is NULL:
                return NULL
            self.trades_count += 1
            if at[0] != c",":
                return at + 1 if at[0] == c"]" else NULL

    cdef const uint8_t* trade_end(self, const uint8_t* at, public_trade_t* out) noexcept:
        cdef unsigned int seen = 0
        cdef unsigned int field
        cdef text_t key
        out.block = False
        if at[0] != c"{":
            return NULL
        while True:
            at = key_end(at + 1, &key)
            if at is NULL:
                return NULL
            at = self.trade_value_end(key.at, key.size, at, out, &field)
            if at is NULL or seen & field:
                return NULL
            seen |= field
            if at[0] != c",":
                return at + 1 if at[0] == c"}" and seen & TRADE_FIELDS == TRADE_FIELDS else NULL

    # Passes over the value of a trade's key and notes it; stores which field it is, 0 for one that is not used.
    cdef const uint8_t* trade_value_end(
        self, const uint8_t* key, size_t size, const uint8_t* at, public_trade_t* out, unsigned int* field
    ) noexcept:
        field[0] = 0
        if size == 2 and key[0] == c"B" and key[1] == c"T":
            field[0] = BLOCK
            out.block = at[0] == c"t"
            if out.block:
                return literal_end(at, b"true")
            return literal_end(at, b"false")
        if size != 1:
            return other_end(at, self.end)
        if key[0] == c"T":
            field[0] = TIME
            return self.time_end(at, &out.ts_event_ns)
        if key[0] == c"S":
            field[0] = TAKER
            out.sells = at[0] == c'"' and at[1] == c"S"
            if out.sells:
                return literal_end(at, b'"Sell"')
            return literal_end(at, b'"Buy"')
        if key[0] == c"v":
            field[0] = QTY
            return self.quoted_count_end(self.qty, at, &out.qty_lots)
        if key[0] == c"p":
            field[0] = PRICE
            return self.quoted_count_end(self.price, at, &out.price_ticks)
        if key[0] == c"i":
            field[0] = ID
            at = quoted_end(at, &out.trade_id)
            return at if out.trade_id.size <= TRADE_ID_MAX else NULL
        return other_end(at, self.end)

    # Passes over a decimal in quotes and stores how many units of `scale` it is.
    cdef const uint8_t* quoted_count_end(self, Scale scale, const uint8_t* at, int64_t* out) noexcept:
        if at[0] != c'"':
            return NULL
        at = count_end(scale, at + 1, self.end, out)
        if at is NULL or at[0] != c'"':
            return NULL
        return at + 1

    # Makes room for what a frame of `size` bytes may hold, so that reading it needs no check.
    cdef int reserve(self, size_t size) except -1:
        cdef size_t count
        if self.kind == TRADE:
            count = size // TRADE_BYTES_MIN + 1
            if count > self.trades_max:
                count = max(count, TRADES_FIRST, 2 * self.trades_max)
                self.trades = <public_trade_t*>grown(self.trades, count * sizeof(public_trade_t))
                self.trades_max = count
        elif self.kind != MARKS:
            count = size // LEVEL_BYTES_MIN
            if count > self.levels_max:
                count = max(count, LEVELS_FIRST, 2 * self.levels_max)
                self.levels = <level_t*>grown(self.levels, count * sizeof(level_t))
                self.levels_max = count
        return 0


cdef void* grown(void* memory, size_t size) except NULL:
    cdef void* more = realloc(memory, size)
    if more is NULL:
        raise MemoryError
    return more


cdef inline const uint8_t* type_end(const uint8_t* at, frame_type* out) noexcept nogil:
    cdef text_t text
    at = quoted_end(at, &text)
    if at is not NULL:
        if is_key(&text, b"snapshot", 8):
            out[0] = SNAPSHOT
        elif is_key(&text, b"delta", 5):
            out[0] = DELTA
    return at
