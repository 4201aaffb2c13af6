"""Is our book right? Its best prices are held against the venue's own ticker, at equal update ids.

Depth updates and tickers come in frames of their own and either may be ahead, so the tops of the side that is ahead wait
for the other one, the newest `REMEMBERED_MAX` of them. The ids of a side rise: once it has passed an id it never comes to
that again. So what waits is always of one side only, and the two are merged in one walk. Ids that only one side has are not
compared.
"""

cimport cython
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc

from core.book cimport OrderBook
from core.ladder cimport ladder_price, ladder_qty

cdef enum:
    WAITING_MAX = 4096
    UNEQUAL_COUNT_MAX = 8

REMEMBERED_MAX = WAITING_MAX
UNEQUAL_MAX = UNEQUAL_COUNT_MAX


@cython.final
cdef class BookCheck:
    """Counts how often book and ticker were compared and equal, and how often in a row they were not; keeps the first ids."""

    def __cinit__(self) -> None:
        self.unequal = []
        self.waiting = <top_t*>malloc(WAITING_MAX * sizeof(top_t))
        if self.waiting is NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.waiting)

    cpdef on_book(
        self, int64_t update_id, int64_t bid_ticks, int64_t bid_lots, int64_t ask_ticks, int64_t ask_lots
    ):
        """Take the top of the book after the update that ends with `update_id`."""
        self.take(BOOK, top_t(update_id, bid_ticks, bid_lots, ask_ticks, ask_lots))

    cpdef on_levels(self, int64_t update_id, OrderBook levels):
        """Take the top of `levels` after the update that ends with `update_id`."""
        self.take(
            BOOK,
            top_t(
                update_id,
                ladder_price(&levels.bids),
                ladder_qty(&levels.bids),
                ladder_price(&levels.asks),
                ladder_qty(&levels.asks),
            ),
        )

    cpdef on_ticker(
        self, int64_t update_id, int64_t bid_ticks, int64_t bid_lots, int64_t ask_ticks, int64_t ask_lots
    ):
        """Take the venue's ticker as of `update_id`."""
        self.take(TICKER, top_t(update_id, bid_ticks, bid_lots, ask_ticks, ask_lots))

    cpdef begin_row(self):
        """Count those that differ one after another anew."""
        self.unequal_in_row = 0

    cdef int take(self, check_side side, top_t top) except -1:
        cdef top_t* other
        if side == self.ahead:
            # An id that comes again, or ids that begin anew: what waited with an id from there on is void.
            while self.count and self.at(self.count - 1).update_id >= top.update_id:
                self.count -= 1
            self.append(&top)
            return 0
        while self.count and self.at(0).update_id < top.update_id:
            self.drop_first()
        if not self.count:
            self.ahead = side
            self.append(&top)
            return 0
        other = self.at(0)
        if other.update_id == top.update_id:
            self.compare(other, &top)
            self.drop_first()
        return 0

    cdef int compare(self, const top_t* one, const top_t* other) except -1:
        self.compared += 1
        self.unequal_in_row += 1
        if (
            one.bid_ticks == other.bid_ticks
            and one.bid_lots == other.bid_lots
            and one.ask_ticks == other.ask_ticks
            and one.ask_lots == other.ask_lots
        ):
            self.equal += 1
            self.unequal_in_row = 0
        elif len(self.unequal) < UNEQUAL_COUNT_MAX:
            self.unequal.append(one.update_id)
        return 0

    cdef top_t* at(self, unsigned int place) noexcept:
        return &self.waiting[(self.first + place) % WAITING_MAX]

    cdef void append(self, const top_t* top) noexcept:
        if self.count == WAITING_MAX:
            self.drop_first()
        self.at(self.count)[0] = top[0]
        self.count += 1

    cdef void drop_first(self) noexcept:
        self.first = (self.first + 1) % WAITING_MAX
        self.count -= 1
