"""How many of a venue's trades one message stands for, where the venue puts several into one.

Such a message has the id of the last of them. Most stand for one, and only the others are noted: by the readers of frames,
for whoever follows the ids (`agents.market_data.trade_ids`). What was noted long ago is forgotten.
"""

cimport cython
from libc.stdint cimport int64_t
from libc.string cimport memset


@cython.final
cdef class TradeSpans:
    """The messages of one channel that stand for several trades: the latest, whose ids differ in their last digits."""

    def __cinit__(self) -> None:
        memset(self.counts, 0, sizeof(self.counts))

    cpdef void note(self, int64_t last_id, int64_t count) noexcept:
        """Note that the message with that id stands for `count` trades, which end with it."""
        cdef size_t place = <size_t>last_id & (SPANS_KEPT - 1)
        self.ids[place] = last_id
        self.counts[place] = count

    cpdef int64_t of(self, int64_t last_id) noexcept:
        """Return how many trades the message with that id stands for."""
        cdef size_t place = <size_t>last_id & (SPANS_KEPT - 1)
        return self.counts[place] if self.counts[place] > 0 and self.ids[place] == last_id else 1
