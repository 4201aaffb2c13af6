"""The order book: quantity by price level on both sides (L2), in whole ticks and lots.

A venue's message reaches the book as packed levels (`core.decimals.pack_levels`) and is applied in one C loop; the
best prices are then plain attributes. All of a batch is checked before any of it is applied, so a batch that is
refused leaves the book as it was. How a side is stored, and why no price is ever too far away, stands in
`core/ladder.pxd`.

The book trusts the order of what it is given: sequence numbers, gaps and snapshots are the venue adapter's to judge,
and so is what a crossed book means.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from core.cells cimport PyMemberDef, cell_set_int, cells_free, cells_name
from core.ladder cimport (
    SLOTS_MAX,
    SLOTS_MIN,
    cursor_next,
    cursor_start,
    cursor_t,
    ladder_apply,
    ladder_check,
    ladder_clear,
    ladder_create,
    ladder_free,
    ladder_levels,
    ladder_price,
    ladder_qty,
    ladder_qty_at,
    ladder_reserve,
    ladder_t,
)
from core.levels cimport COUNT_MAX, level_at, level_t, uint128_t

BID = 1
ASK = -1

cdef tuple NAMES = (
    (b"best_bid", b"The highest bid in ticks, 0 if there is none."),
    (b"best_ask", b"The lowest ask in ticks, 0 if there is none."),
    (b"best_bid_qty", b"The lots at the best bid, 0 if there is none."),
    (b"best_ask_qty", b"The lots at the best ask, 0 if there is none."),
)


@cython.final
@cython.binding(False)
cdef class OrderBook:
    """Price levels of one instrument, best first on each side.

    `best_bid`, `best_ask` (ticks) and `best_bid_qty`, `best_ask_qty` (lots) are 0 when their side is empty; `crossed` is
    whether the best bid is at or above the best ask. Sides are `BID` (1) and `ASK` (-1). `window_ticks`, a multiple of 64
    from 64 to 262144, is how many ticks per side are kept as an array; levels outside cost a binary search and a move, so it
    should span where most updates fall.

    Raises:
        ValueError: If `window_ticks` is out of its range; in every method, if a side is neither `BID` nor `ASK`.
    """

    def __cinit__(self, window_ticks: int = 32768) -> None:
        if not SLOTS_MIN <= window_ticks <= SLOTS_MAX or window_ticks % 64:
            raise ValueError(f"window_ticks {window_ticks}: allowed is a multiple of 64, {SLOTS_MIN} to {SLOTS_MAX}")
        cdef size_t slots = window_ticks
        if not ladder_create(&self.bids, 1, slots) or not ladder_create(&self.asks, -1, slots):
            raise MemoryError
        for i in range(TOP_COUNT):
            cell_set_int(&self.cells[i], 0)

    def __dealloc__(self):
        cells_free(self.cells, TOP_COUNT)
        ladder_free(&self.bids)
        ladder_free(&self.asks)

    @property
    def bid_levels(self) -> int:
        """How many prices the bid side holds."""
        return ladder_levels(&self.bids)

    @property
    def ask_levels(self) -> int:
        """How many prices the ask side holds."""
        return ladder_levels(&self.asks)

    cpdef int apply(self, bytes bids, bytes asks) except -1:
        """Apply packed levels (little-endian i64 price_ticks, i64 qty_lots; quantity 0 deletes) and return how many.

        The last of several levels at one price stands; deleting a price that is not there does nothing.

        Raises:
            ValueError: If a length is not a multiple of 16, a price is not in 1..2**62 or a quantity not in 0..2**62;
                nothing is then applied.
        """
        cdef size_t nbids = packed_count(bids)
        cdef size_t nasks = packed_count(asks)
        cdef int status = self.apply_c(packed_data(bids), nbids, packed_data(asks), nasks)
        if status < 0:
            refuse(status, bids, asks)
        self.show_both()
        return status

    def replace(self, bytes bids not None, bytes asks not None) -> None:
        """Make packed levels, in any order, the whole book; what `apply` refuses is refused and changes nothing."""
        cdef size_t nbids = packed_count(bids)
        cdef size_t nasks = packed_count(asks)
        cdef int status = self.replace_c(packed_data(bids), nbids, packed_data(asks), nasks)
        if status < 0:
            refuse(status, bids, asks)
        self.show_both()

    def update(self, int side, int64_t price_ticks, int64_t qty_lots) -> None:
        """Set the quantity at one price, 0 to delete it; the same range as in `apply`."""
        cdef ladder_t* ladder = self.side(side)
        cdef level_t level
        level.price_ticks, level.qty_lots = price_ticks, qty_lots
        cdef const uint8_t* packed = <const uint8_t*>&level
        cdef int64_t best_key
        if not ladder_check(side, packed, 1, &best_key):
            refuse(LEVEL_REFUSED, packed[:sizeof(level_t)], b"")
        if not ladder_reserve(ladder, 1):
            raise MemoryError
        ladder_apply(ladder, packed, 1, best_key)
        self.show(ladder)

    def clear(self) -> None:
        """Empty both sides."""
        self.clear_c()
        self.show_both()

    cpdef int64_t qty_at(self, int side, int64_t price_ticks) except -1:
        """Return the lots at one price, 0 if there is no such level."""
        cdef const ladder_t* ladder = self.side(side)
        if not 0 < price_ticks <= COUNT_MAX:
            return 0
        return ladder_qty_at(ladder, side * price_ticks)

    def depth(self, int side, Py_ssize_t count) -> list[tuple[int, int]]:
        """Return the best `count` levels (0 = all) as (price_ticks, qty_lots), best first."""
        cdef const ladder_t* ladder = self.side(side)
        cdef size_t left = limit(ladder, count)
        cdef cursor_t cursor = cursor_start(ladder)
        cdef level_t level
        levels = []
        while left and cursor_next(&cursor, &level):
            levels.append((level.price_ticks, level.qty_lots))
            left -= 1
        return levels

    def snapshot(self, Py_ssize_t count = 0) -> tuple[bytes, bytes]:
        """Return the best `count` levels (0 = all) of bids and asks, packed, best first; `replace` takes them back."""
        return packed_side(&self.bids, count), packed_side(&self.asks, count)

    def volume_to_price(self, int side, int64_t limit_price_ticks) -> int:
        """Return the lots that stand on `side` at `limit_price_ticks` or better."""
        cdef const ladder_t* ladder = self.side(side)
        cdef cursor_t cursor = cursor_start(ladder)
        cdef level_t level
        cdef uint128_t lots = 0
        while cursor_next(&cursor, &level):
            if worse(side, level.price_ticks, limit_price_ticks):
                break
            lots = lots + <uint128_t>level.qty_lots
        return wide_int(lots)

    def price_for_volume(self, int side, int64_t qty_lots) -> int:
        """Return the worst price, in ticks, at which `qty_lots` are met taking from `side`; 0 if it holds too few.

        No quantity at all is met at the best price.
        """
        cdef cursor_t cursor = cursor_start(self.side(side))
        cdef level_t level
        cdef int64_t missing = qty_lots
        while cursor_next(&cursor, &level):
            if level.qty_lots >= missing:
                return level.price_ticks
            missing -= level.qty_lots
        return 0

    def imbalance(self, Py_ssize_t count) -> float:
        """Return (bid - ask) / (bid + ask) of the lots on the best `count` levels (0 = all) of each side.

        From -1.0 (only asks) to 1.0 (only bids); 0.0 when the book is empty.
        """
        cdef double bid = <double>top_volume(&self.bids, count)
        cdef double ask = <double>top_volume(&self.asks, count)
        return (bid - ask) / (bid + ask) if bid + ask > 0 else 0.0

    cdef int apply_c(self, const uint8_t* bids, size_t nbids, const uint8_t* asks, size_t nasks) noexcept nogil:
        cdef int64_t bid_key
        cdef int64_t ask_key
        if not ladder_check(1, bids, nbids, &bid_key) or not ladder_check(-1, asks, nasks, &ask_key):
            return LEVEL_REFUSED
        if not ladder_reserve(&self.bids, nbids) or not ladder_reserve(&self.asks, nasks):
            return NO_MEMORY
        ladder_apply(&self.bids, bids, nbids, bid_key)
        ladder_apply(&self.asks, asks, nasks, ask_key)
        return <int>(nbids + nasks)

    cdef int replace_c(self, const uint8_t* bids, size_t nbids, const uint8_t* asks, size_t nasks) noexcept nogil:
        cdef int64_t key
        if not ladder_check(1, bids, nbids, &key) or not ladder_check(-1, asks, nasks, &key):
            return LEVEL_REFUSED
        if not ladder_reserve(&self.bids, nbids) or not ladder_reserve(&self.asks, nasks):
            return NO_MEMORY
        self.clear_c()
        return self.apply_c(bids, nbids, asks, nasks)

    cdef void clear_c(self) noexcept nogil:
        ladder_clear(&self.bids)
        ladder_clear(&self.asks)

    # Makes the attributes show both sides, or one.
    cdef int show_both(self) except -1:
        self.show(&self.bids)
        return self.show(&self.asks)

    cdef int show(self, const ladder_t* ladder) except -1:
        cdef size_t first = ladder == &self.asks
        self.show_one(first, ladder_price(ladder))
        self.show_one(first + 2, ladder_qty(ladder))
        self.crossed = self.shown[0] >= self.shown[1] > 0
        return 0

    cdef int show_one(self, size_t i, int64_t value) except -1:
        if value != self.shown[i]:
            cell_set_int(&self.cells[i], value)
            self.shown[i] = value
        return 0

    cdef ladder_t* side(self, int side) except NULL:
        if side == 1:
            return &self.bids
        if side == -1:
            return &self.asks
        raise ValueError(f"side {side}: allowed are BID ({BID}) and ASK ({ASK})")


cdef inline const uint8_t* packed_data(bytes levels) noexcept:
    return <const uint8_t*>PyBytes_AS_STRING(levels)


cdef inline size_t packed_count(bytes levels) except? 0:
    if levels is None:
        raise TypeError("packed levels must be bytes, not None")
    cdef size_t size = <size_t>PyBytes_GET_SIZE(levels)
    if size % sizeof(level_t):
        raise ValueError(f"packed levels of {size} bytes: allowed is a multiple of {sizeof(level_t)}")
    return size // sizeof(level_t)


cdef int refuse(int status, bytes bids, bytes asks) except -1:
    # Raise for a refused batch; every length is a multiple of 16 here.
    cdef level_t level
    cdef size_t i
    if status == NO_MEMORY:
        raise MemoryError
    for levels in (bids, asks):
        for i in range(packed_count(levels)):
            level = level_at(packed_data(levels), i)
            if not (1 <= level.price_ticks <= COUNT_MAX and 0 <= level.qty_lots <= COUNT_MAX):
                raise ValueError(
                    f"level {i}: price_ticks {level.price_ticks}, qty_lots {level.qty_lots}: "
                    "allowed are prices 1 to 2**62 and quantities 0 to 2**62"
                )
    return 0


cdef size_t limit(const ladder_t* ladder, Py_ssize_t count) except? 0:
    # How many levels "the best `count`, 0 = all" are.
    cdef size_t levels = ladder_levels(ladder)
    if count < 0:
        raise ValueError(f"count {count}: allowed is 0 (all levels) or more")
    return min(<size_t>count, levels) if count else levels


cdef bytes packed_side(const ladder_t* ladder, Py_ssize_t count):
    cdef size_t levels = limit(ladder, count)
    cdef bytes packed = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>(levels * sizeof(level_t)))
    cdef char* target = PyBytes_AS_STRING(packed)
    cdef cursor_t cursor = cursor_start(ladder)
    cdef level_t level
    cdef size_t i
    for i in range(levels):
        cursor_next(&cursor, &level)
        memcpy(target + i * sizeof(level_t), &level, sizeof(level_t))
    return packed


cdef uint128_t top_volume(const ladder_t* ladder, Py_ssize_t count) except? 0:
    cdef size_t left = limit(ladder, count)
    cdef cursor_t cursor = cursor_start(ladder)
    cdef level_t level
    cdef uint128_t lots = 0
    while left and cursor_next(&cursor, &level):
        lots = lots + <uint128_t>level.qty_lots
        left -= 1
    return lots


cdef inline bint worse(int side, int64_t price, int64_t limit_price) noexcept:
    return price < limit_price if side > 0 else price > limit_price


cdef object wide_int(uint128_t value):
    cdef uint128_t high = value >> 64
    cdef object low = <uint64_t>value
    return (<object><uint64_t>high << 64) + low if high else low


cdef PyMemberDef[TOP_COUNT] members


cdef int name_cells() except -1:
    cdef OrderBook sample = OrderBook(SLOTS_MIN)
    return cells_name(OrderBook, <char*>&sample.cells[0] - <char*><PyObject*>sample, NAMES, members)


name_cells()
