"""What stands in OKX's market-data frames, and steps over it, for `agents.venues.okx.frames`.

As in `core.json_scan`, each step takes where it begins and returns where it ends, or NULL; none passes over a NUL.
"""

from core.decimals cimport Scale
from core.json_levels cimport count_end
from core.json_scan cimport literal_end, text_end
from core.levels cimport level_t
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcmp

# Kinds of feeds (`agents.venues.base.FeedKind`).
cdef enum:
    TRADE = 1
    DEPTH = 3
    TICKER = 4
    MARK = 5

# Whether a book is whole.
cdef enum:
    NONE = 0
    SNAPSHOT = 1
    UPDATE = 2

# Places of the fields.
cdef enum:
    TS = 0
    PX = 1
    SZ = 2
    ASKS = 3
    BIDS = 4
    SIDE = 5
    SEQ_ID = 6
    COUNT = 7
    CHECKSUM = 8
    TRADE_ID = 9
    PREV_SEQ_ID = 10
    MARK_PX = PX  # never both


# Passes over what says whether a book is whole.
cdef inline const uint8_t* action_end(const uint8_t* at, int* action) noexcept nogil:
    at = literal_end(at, b'"action":"')
    if at is NULL:
        return NULL
    action[0] = SNAPSHOT if at[0] == c"s" else UPDATE
    return literal_end(at, b'snapshot",') if action[0] == SNAPSHOT else literal_end(at, b'update",')


# Whether what the arguments end with at `at` has data behind it, of a book or of anything else; an answer has none.
cdef inline bint is_behind(const uint8_t* at) noexcept nogil:
    at = literal_end(at, b'"},"')
    if at is NULL:
        return False
    return literal_end(at, b'data":') is not NULL or literal_end(at, b'action":') is not NULL


# Whether data and frame end with the object that ended at `at`.
cdef inline bint is_last(const uint8_t* at, const uint8_t* end) noexcept nogil:
    return at[0] == c"]" and at[1] == c"}" and at + 2 == end


# Passes over a level; what stands behind price and quantity is two texts.
cdef inline const uint8_t* level_end(
    Scale price, Scale qty, const uint8_t* at, const uint8_t* end, level_t* out
) noexcept:
    if at[0] != c"[" or at[1] != c'"':
        return NULL
    at = count_end(price, at + 2, end, &out.price_ticks)
    if at is NULL or at[1] != c"," or at[2] != c'"':
        return NULL
    at = count_end(qty, at + 3, end, &out.qty_lots)
    if at is NULL or at[1] != c"," or at[2] != c'"':
        return NULL
    at = text_end(at + 3)
    if at is NULL or at[1] != c"," or at[2] != c'"':
        return NULL
    at = text_end(at + 3)
    if at is NULL or at[1] != c"]":
        return NULL
    return at + 2


# The place of a field in frames of a kind, -1 for a key that is none there.
cdef inline int key_of(const uint8_t* text, size_t size, int kind) noexcept nogil:
    if size == 2 and text[0] == c"t" and text[1] == c"s":
        return TS
    if kind == TRADE:
        if size == 2:
            if text[0] == c"p" and text[1] == c"x":
                return PX
            return SZ if text[0] == c"s" and text[1] == c"z" else -1
        if size == 4:
            return SIDE if memcmp(text, b"side", 4) == 0 else -1
        if size == 5:
            return COUNT if memcmp(text, b"count", 5) == 0 else -1
        return TRADE_ID if size == 7 and memcmp(text, b"tradeId", 7) == 0 else -1
    if kind == MARK:
        return MARK_PX if size == 6 and memcmp(text, b"markPx", 6) == 0 else -1
    if size == 4:
        if memcmp(text, b"asks", 4) == 0:
            return ASKS
        return BIDS if memcmp(text, b"bids", 4) == 0 else -1
    if size == 5:
        return SEQ_ID if memcmp(text, b"seqId", 5) == 0 else -1
    if kind == TICKER:
        return -1
    if size == 8:
        return CHECKSUM if memcmp(text, b"checksum", 8) == 0 else -1
    return PREV_SEQ_ID if size == 9 and memcmp(text, b"prevSeqId", 9) == 0 else -1
