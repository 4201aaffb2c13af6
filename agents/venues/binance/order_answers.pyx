"""Answers of Binance about one order, read from their bytes in one pass, in the layout in which the venue writes them.

The answer to a create, a cancel or a query is a flat object without blanks or escapes; only the fills of a create, which
spot tells, are a list, of flat objects too. The fields are noted where they stand, whatever their order and whatever else
there is; prices and quantities go from their digits into ticks and lots, and nothing is made but the verdict.

This is a part of what the venue may send, and no judge of the rest: whatever stands there otherwise (blanks, escapes, a
key twice, a number that does not fit, a field that is missing, an instrument that is not known) is not taken, and the typed
decoder in `agents.venues.binance.order_account` says what it means or what is wrong with it. Both give the same verdict
where both give one.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcmp

from agents.venues.binance.answer_fields cimport (
    CLIENT_ORDER_ID,
    COMMISSION,
    COMMISSION_ASSET,
    EXECUTED_QTY,
    FILLS,
    INTEGER,
    LIST,
    ORDER_ID,
    ORIG_CLIENT_ORDER_ID,
    ORIG_QTY,
    PRICE,
    QTY,
    SIDE,
    STATUS,
    SYMBOL,
    TEXT,
    TIME_IN_FORCE,
    TRADE_ID,
    TRANSACT_TIME,
    TYPE,
    UPDATE_TIME,
    field_t,
    fields_t,
    object_end,
)
from agents.venues.reports cimport FillReport, OrderReport, Verdict
from core.decimals cimport Scale
from core.json_levels cimport count_end

from agents.instruments import SCALE_E8 as _SCALE_E8
from schemas.units import MS as _MS
from agents.venues.binance.spot_data import MAKER_ONLY as _MAKER_ONLY
from agents.venues.binance.spot_data import REASONS as _REASONS
from agents.venues.binance.spot_data import SIDES as _SIDES
from agents.venues.binance.spot_data import STATUSES as _STATUSES
from agents.venues.binance.spot_data import TIMES_IN_FORCE as _TIMES_IN_FORCE
from agents.venues.reports import CallResult
from schemas.orders import Liquidity, TimeInForce

cdef extern from "Python.h":
    str PyUnicode_DecodeASCII(const char* text, Py_ssize_t size, const char* errors)

cdef enum:
    WORDS_MAX = 8
    CLIENT_ORDER_ID_MAX = 36

# A word of the venue and what it means here.
cdef struct word_t:
    const char* text
    size_t size
    int meaning
    int reason

cdef int64_t MS = _MS
cdef int64_t MILLIS_MAX = 2**63 // _MS - 1
cdef Scale SCALE_E8 = _SCALE_E8
cdef object ACCEPTED = CallResult.ACCEPTED
cdef int TAKER = Liquidity.TAKER
cdef int GTC = TimeInForce.GTC
cdef int GTX = TimeInForce.GTX
cdef uint32_t ORDER_KEYS = (
    1 << SYMBOL | 1 << ORDER_ID | 1 << PRICE | 1 << ORIG_QTY | 1 << EXECUTED_QTY | 1 << STATUS | 1 << SIDE
    | 1 << CLIENT_ORDER_ID
)
cdef uint32_t FILL_KEYS = 1 << PRICE | 1 << QTY | 1 << COMMISSION | 1 << COMMISSION_ASSET | 1 << TRADE_ID

cdef word_t[WORDS_MAX] statuses
cdef word_t[WORDS_MAX] sides
cdef word_t[WORDS_MAX] times_in_force
cdef word_t[WORDS_MAX] types
cdef list kept = []  # the texts of all words
cdef dict BLANKS = {"quantity": "", "price": "", "newClientOrderId": ""}


cdef int note_words(word_t* words, dict meanings, dict reasons) except -1:
    cdef bytes text
    cdef int i = 0
    assert len(meanings) <= WORDS_MAX
    for word, meaning in meanings.items():
        text = word.encode()
        kept.append(text)
        words[i].text, words[i].size = PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text)
        words[i].meaning, words[i].reason = meaning, reasons.get(word, 0)
        i += 1
    return 0


note_words(statuses, _STATUSES, _REASONS)
note_words(sides, _SIDES, {})
note_words(times_in_force, _TIMES_IN_FORCE, {})
note_words(types, {_MAKER_ONLY: GTX}, {})


@cython.final
cdef class Traded:
    """One instrument as its orders are written and read here."""

    def __init__(self, info, terms):
        self.id = info.id
        self.symbol = info.venue_symbol
        self.name = self.symbol.encode()
        self.price = info.price
        self.qty = info.qty
        self.creates = {
            side * time_in_force: {"symbol": self.symbol, "side": side.name, **words, **BLANKS}
            for side in _SIDES.values()
            for time_in_force, words in terms.items()
        }

    cpdef dict create_params(self, int side, int time_in_force):
        """Return parameters of a create that are the caller's own; quantity, price and id are yet to be set.

        Raises:
            KeyError: If there is no such side or time in force.
        """
        if side not in (1, -1) or time_in_force < 0:
            raise KeyError((side, time_in_force))
        return (<dict>self.creates[side * time_in_force]).copy()


@cython.final
cdef class AnswerReader:
    """Reads the answers about orders of the given instruments."""

    def __init__(self, instruments):
        self.traded = {(<Traded>traded).name: traded for traded in instruments}

    cpdef Verdict read(self, bytes body):
        """Return what an answer with status 2xx states; None leaves it to the typed decoder."""
        if body is None:
            raise TypeError("an answer is bytes")
        cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(body)
        cdef const uint8_t* end = start + PyBytes_GET_SIZE(body)
        cdef fields_t fields
        cdef Traded traded
        cdef Verdict verdict
        if object_end(start, &fields, True) != end or fields.seen & ORDER_KEYS != ORDER_KEYS:
            return None
        traded = self.find(&fields.at[SYMBOL])
        if traded is None:
            return None
        verdict = Verdict.__new__(Verdict)
        verdict.result, verdict.text, verdict.venue_order_id = ACCEPTED, "", ""
        verdict.order = self.order(traded, &fields, end)
        if verdict.order is None:
            return None
        verdict.fills = ()
        if fields.seen >> FILLS & 1:
            if fields.at[FILLS].type != LIST:
                return None
            verdict.fills = self.fills(traded, verdict.order, fields.at[FILLS].text, end)
            if verdict.fills is None:
                return None
        return verdict

    # The instrument of a symbol, most often that of the answer before; None if it is not known.
    cdef Traded find(self, const field_t* symbol):
        cdef Traded last = self.last
        if symbol.type != TEXT:
            return None
        if (
            last is None
            or <size_t>PyBytes_GET_SIZE(last.name) != symbol.size
            or memcmp(PyBytes_AS_STRING(last.name), symbol.text, symbol.size) != 0
        ):
            last = self.traded.get(PyBytes_FromStringAndSize(<const char*>symbol.text, symbol.size))
            if last is not None:
                self.last = last
        return last

    cdef OrderReport order(self, Traded traded, const fields_t* fields, const uint8_t* end):
        cdef OrderReport report = OrderReport.__new__(OrderReport)
        cdef int64_t transact_ns = 0
        cdef int64_t update_ns = 0
        cdef const word_t* status = word_of(statuses, fields, STATUS)
        cdef const word_t* side = word_of(sides, fields, SIDE)
        if not (
            status is not NULL
            and side is not NULL
            and fields.at[ORDER_ID].type == INTEGER
            and fields.at[CLIENT_ORDER_ID].type == TEXT
            and is_text(fields, ORIG_CLIENT_ORDER_ID)
            and is_id(fields, CLIENT_ORDER_ID)
            and is_id(fields, ORIG_CLIENT_ORDER_ID)
            and is_text(fields, TYPE)
            and is_text(fields, TIME_IN_FORCE)
            and count(fields, PRICE, traded.price, end, &report.price_ticks)
            and count(fields, ORIG_QTY, traded.qty, end, &report.qty_lots)
            and count(fields, EXECUTED_QTY, traded.qty, end, &report.cum_qty_lots)
            and time(fields, TRANSACT_TIME, &transact_ns)
            and time(fields, UPDATE_TIME, &update_ns)
        ):
            return None
        report.instrument_id = traded.id
        report.venue_order_id = text_of(&fields.at[ORDER_ID])
        report.client_order_id = text_of(&fields.at[client_order_id_key(fields)])
        report.status, report.reason, report.side = status.meaning, status.reason, side.meaning
        report.time_in_force = time_in_force(fields)
        report.ts_event_ns = transact_ns or update_ns
        report.text = ""
        return report

    # The fills of the list at `at`, None if one cannot be taken; that they are objects was found before.
    cdef tuple fills(self, Traded traded, OrderReport order, const uint8_t* at, const uint8_t* end):
        cdef fields_t fields
        cdef list found
        if at[1] == c"]":
            return ()
        found = []
        while at[0] != c"]":
            at = object_end(at + 1, &fields, False)
            fill = self.fill(traded, order, &fields, end)
            if fill is None:
                return None
            found.append(fill)
        return tuple(found)

    cdef FillReport fill(self, Traded traded, OrderReport order, const fields_t* fields, const uint8_t* end):
        cdef FillReport report = FillReport.__new__(FillReport)
        if not (
            fields.seen & FILL_KEYS == FILL_KEYS
            and fields.at[TRADE_ID].type == INTEGER
            and fields.at[COMMISSION_ASSET].type == TEXT
            and count(fields, PRICE, traded.price, end, &report.price_ticks)
            and count(fields, QTY, traded.qty, end, &report.qty_lots)
            and count(fields, COMMISSION, SCALE_E8, end, &report.commission_e8)
        ):
            return None
        report.instrument_id = traded.id
        report.venue_order_id = order.venue_order_id
        report.trade_id = text_of(&fields.at[TRADE_ID])
        report.side = order.side
        report.commission_asset = text_of(&fields.at[COMMISSION_ASSET])
        report.liquidity = TAKER
        report.ts_event_ns = order.ts_event_ns
        report.forced = ""
        return report


# What the text of a field means, NULL if it is none or no word that is known.
cdef inline const word_t* word_of(const word_t* words, const fields_t* fields, int key) noexcept nogil:
    cdef const field_t* field = &fields.at[key]
    cdef int i
    if not fields.seen >> key & 1 or field.type != TEXT:
        return NULL
    for i in range(WORDS_MAX):
        if words[i].size == field.size and memcmp(words[i].text, field.text, field.size) == 0:
            return &words[i] if field.size else NULL
    return NULL


# Whether a field that may be missing is text if it is there.
cdef inline bint is_text(const fields_t* fields, int key) noexcept nogil:
    return not fields.seen >> key & 1 or fields.at[key].type == TEXT


# Whether a client order id that may be missing is as long as one may be.
cdef inline bint is_id(const fields_t* fields, int key) noexcept nogil:
    return not fields.seen >> key & 1 or fields.at[key].size <= CLIENT_ORDER_ID_MAX


# Stores how many units of `scale` a decimal is.
cdef inline bint count(
    const fields_t* fields, int key, Scale scale, const uint8_t* end, int64_t* out
) noexcept:
    cdef const field_t* field = &fields.at[key]
    return field.type == TEXT and count_end(scale, field.text, end, out) == field.text + field.size


# Stores a time in milliseconds as nanoseconds, 0 where there is none.
cdef inline bint time(const fields_t* fields, int key, int64_t* out) noexcept nogil:
    out[0] = 0
    if not fields.seen >> key & 1:
        return True
    if fields.at[key].type != INTEGER or fields.at[key].number > MILLIS_MAX:
        return False
    out[0] = fields.at[key].number * MS
    return True


# Which key names the order: the answer to a cancel has an id of its own.
cdef inline int client_order_id_key(const fields_t* fields) noexcept nogil:
    if fields.seen >> ORIG_CLIENT_ORDER_ID & 1 and fields.at[ORIG_CLIENT_ORDER_ID].size:
        return ORIG_CLIENT_ORDER_ID
    return CLIENT_ORDER_ID


cdef inline int time_in_force(const fields_t* fields) noexcept nogil:
    cdef const word_t* word = word_of(types, fields, TYPE)
    if word is NULL:
        word = word_of(times_in_force, fields, TIME_IN_FORCE)
    return GTC if word is NULL else word.meaning


# The characters of a field, which are ASCII.
cdef inline str text_of(const field_t* field):
    return PyUnicode_DecodeASCII(<const char*>field.text, field.size, NULL)
