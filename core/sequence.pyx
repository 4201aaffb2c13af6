"""Sequence tracking: is this message the next of its stream, or what stands between?

One tracker per link of a subscriber holds, for each stream, the epoch and the sequence number of the last message that
was passed on. A message that is next in line advances it; anything else is only reported, and the protocol decides
(`design.md` section 6). A stream that the protocol is repairing is put on hold, so that all its messages go there.
"""

cimport cython
from libc.stdlib cimport free, realloc

from core.stream_map cimport map_find, map_free, map_init, map_remove, map_set

cdef enum:
    TABLE_BITS = 6              # 64 slots to begin with: most links carry a few coarse streams
    ENTRIES_MIN = 16
    INT64_TOP = 0x7FFFFFFFFFFFFFFF


@cython.final
@cython.binding(False)
cdef class SequenceTracker:
    """The last message of each stream on one link."""

    def __cinit__(self):
        if map_init(&self.places, TABLE_BITS) != 0:
            raise MemoryError

    def __dealloc__(self):
        map_free(&self.places)
        free(self.entries)

    cpdef int64_t observe(self, uint32_t stream, uint32_t epoch, uint64_t seq) noexcept:
        """Record the message if it is next in line and return how it stands to its stream.

        Returns:
            IN_ORDER, which alone advances the stream; n > 0 if n messages are missing before this one; DUPLICATE if
            it was already passed on; OLD_EPOCH or NEW_EPOCH if the publisher had, or has, restarted; UNKNOWN if the
            stream is not in the table; HELD if it is there but not live.
        """
        return self.observe_c(stream, epoch, seq)

    def set(self, uint32_t stream, uint32_t epoch, uint64_t seq, bint live=True):
        """Put the stream at (`epoch`, `seq`), adding it if it is new."""
        cdef tracked* entry = self.entry_of(stream)
        if entry is NULL:
            entry = self._add(stream)
        entry.epoch = epoch
        entry.seq = seq
        entry.live = live

    def position(self, uint32_t stream):
        """Return (epoch, last seq) of the stream; KeyError if it is unknown."""
        cdef tracked* entry = self._known(stream)
        return entry.epoch, entry.seq

    def passed(self, uint32_t stream):
        """Return how many messages of the stream were found in order so far; KeyError if it is unknown."""
        return self._known(stream).passed

    def hold(self, uint32_t stream):
        """Report HELD for every message of the stream until `set`; KeyError if it is unknown."""
        self._known(stream).live = False

    def remove(self, uint32_t stream):
        """Forget the stream; KeyError if it is unknown."""
        cdef tracked* entry = self._known(stream)
        cdef tracked last = self.entries[self.places.count - 1]
        if last.stream != stream:
            entry[0] = last
            map_set(&self.places, last.stream, <int32_t>(entry - self.entries))
        map_remove(&self.places, stream)

    def streams(self):
        """Return the ids of all streams in the table, ascending."""
        return sorted([self.entries[i].stream for i in range(self.places.count)])

    cdef int64_t observe_c(self, uint32_t stream, uint32_t epoch, uint64_t seq) noexcept nogil:
        cdef tracked* entry = self.entry_of(stream)
        cdef uint64_t missing
        if entry is NULL:
            return UNKNOWN
        if not entry.live:
            return HELD
        if epoch != entry.epoch:
            return OLD_EPOCH if epoch < entry.epoch else NEW_EPOCH
        if seq <= entry.seq:
            return DUPLICATE
        missing = seq - entry.seq - 1
        if missing == 0:
            entry.seq = seq
            entry.passed += 1
            return IN_ORDER
        return <int64_t>missing if missing < INT64_TOP else INT64_TOP

    cdef tracked* entry_of(self, uint32_t stream) noexcept nogil:
        cdef int32_t place = map_find(&self.places, stream)
        return NULL if place < 0 else &self.entries[place]

    cdef tracked* _known(self, uint32_t stream) except NULL:
        cdef tracked* entry = self.entry_of(stream)
        if entry is NULL:
            raise KeyError(stream)
        return entry

    cdef tracked* _add(self, uint32_t stream) except NULL:
        cdef size_t count = self.places.count
        cdef size_t capacity = 2 * self.capacity if self.capacity else ENTRIES_MIN
        cdef void* entries
        if count == self.capacity:
            entries = realloc(self.entries, capacity * sizeof(tracked))
            if entries is NULL:
                raise MemoryError
            self.entries = <tracked*>entries
            self.capacity = capacity
        if map_set(&self.places, stream, <int32_t>count) != 0:
            raise MemoryError
        self.entries[count].stream = stream
        self.entries[count].passed = 0
        return &self.entries[count]
