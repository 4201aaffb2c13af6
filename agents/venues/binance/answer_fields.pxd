"""The fields of an answer of Binance about an order, noted where they stand; inlined into `order_answers`."""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcmp

from core.json_scan cimport integer_end, literal_end, text_end


cdef enum:
    SYMBOL
    ORDER_ID
    PRICE
    ORIG_QTY
    EXECUTED_QTY
    STATUS
    SIDE
    CLIENT_ORDER_ID
    ORIG_CLIENT_ORDER_ID
    TYPE
    TIME_IN_FORCE
    TRANSACT_TIME
    UPDATE_TIME
    FILLS
    QTY                # of a fill, as all below
    COMMISSION
    COMMISSION_ASSET
    TRADE_ID
    KEYS
    NO_KEY


cdef enum field_type:
    INTEGER
    TEXT
    LIST
    OTHER


cdef struct field_t:
    field_type type
    int64_t number        # INTEGER: its value
    const uint8_t* text   # how it is written, without quotes
    size_t size


cdef struct fields_t:
    uint32_t seen         # bit K: the object has the key K
    field_t[KEYS] at


# Passes over the flat object at `at` and notes its fields, its list too if it may have one; NULL if it is none.
cdef inline const uint8_t* object_end(const uint8_t* at, fields_t* out, bint lists) noexcept:
    cdef const uint8_t* name
    cdef field_t field
    cdef int key
    out.seen = 0
    if at[0] != c"{":
        return NULL
    while True:
        if at[1] != c'"':
            return NULL
        name = at + 2
        at = text_end(name)
        if at is NULL or at[1] != c":":
            return NULL
        key = key_of(<const char*>name, at - name)
        at = value_end(at + 2, &field, lists and key == FILLS)
        if at is NULL:
            return NULL
        if key != NO_KEY:
            if out.seen >> key & 1:
                return NULL
            out.seen |= <uint32_t>1 << key
            out.at[key] = field
        if at[0] != c",":
            return at + 1 if at[0] == c"}" else NULL


# Passes over a value and notes it; NULL if it is of no type that a field has. An answer's end is its closing zero, so
# integers are read a digit at a time.
cdef inline const uint8_t* value_end(const uint8_t* at, field_t* out, bint lists) noexcept:
    if at[0] == c'"':
        out.type = TEXT
        out.text = at + 1
        at = text_end(at + 1)
        if at is NULL:
            return NULL
        out.size = at - out.text
        return at + 1
    out.text = at
    if at[0] == c"[" and lists:
        out.type = LIST
        at = list_end(at)
    elif at[0] == c"-":
        out.type = OTHER
        at = integer_end(at + 1, at + 1, &out.number)
    elif at[0] == c"t":
        out.type = OTHER
        at = literal_end(at, b"true")
    elif at[0] == c"f":
        out.type = OTHER
        at = literal_end(at, b"false")
    elif at[0] == c"n":
        out.type = OTHER
        at = literal_end(at, b"null")
    else:
        out.type = INTEGER
        at = integer_end(at, at, &out.number)
    if at is not NULL:
        out.size = at - out.text
    return at


# Passes over a list of flat objects that have no lists.
cdef inline const uint8_t* list_end(const uint8_t* at) noexcept:
    cdef fields_t fields
    if at[1] == c"]":
        return at + 2
    while True:
        at = object_end(at + 1, &fields, False)
        if at is NULL:
            return NULL
        if at[0] != c",":
            return at + 1 if at[0] == c"]" else NULL


cdef inline int key_of(const char* name, size_t size) noexcept nogil:
    if size == 4:
        if memcmp(name, b"side", 4) == 0:
            return SIDE
        if memcmp(name, b"type", 4) == 0:
            return TYPE
    elif size == 5:
        if memcmp(name, b"price", 5) == 0:
            return PRICE
        if memcmp(name, b"fills", 5) == 0:
            return FILLS
    elif size == 6:
        if memcmp(name, b"symbol", 6) == 0:
            return SYMBOL
        if memcmp(name, b"status", 6) == 0:
            return STATUS
    elif size == 7:
        if memcmp(name, b"orderId", 7) == 0:
            return ORDER_ID
        if memcmp(name, b"origQty", 7) == 0:
            return ORIG_QTY
        if memcmp(name, b"tradeId", 7) == 0:
            return TRADE_ID
    elif size == 3:
        if memcmp(name, b"qty", 3) == 0:
            return QTY
    elif size == 10:
        if memcmp(name, b"updateTime", 10) == 0:
            return UPDATE_TIME
        if memcmp(name, b"commission", 10) == 0:
            return COMMISSION
    elif size == 11:
        if memcmp(name, b"executedQty", 11) == 0:
            return EXECUTED_QTY
        if memcmp(name, b"timeInForce", 11) == 0:
            return TIME_IN_FORCE
    elif size == 12:
        if memcmp(name, b"transactTime", 12) == 0:
            return TRANSACT_TIME
    elif size == 13:
        if memcmp(name, b"clientOrderId", 13) == 0:
            return CLIENT_ORDER_ID
    elif size == 15:
        if memcmp(name, b"commissionAsset", 15) == 0:
            return COMMISSION_ASSET
    elif size == 17:
        if memcmp(name, b"origClientOrderId", 17) == 0:
            return ORIG_CLIENT_ORDER_ID
    return NO_KEY
