"""Where the records of each stream lie in a log: an index in memory, rebuilt whenever the log is opened.

Per stream there is a list of blocks. A block is 64 KiB of a segment in which the stream has records: the first of them,
exactly (epoch, seq, position), and how many there are. Finding one is a binary search over blocks and a walk inside one,
from record to record, whosever they are: some microseconds, however deep it lies. So a busy stream costs 24 bytes for
64 KiB of log, and a record that is alone in its block 24 bytes. Epoch and seq must rise within a stream, which the log
sees to.
"""

cimport cython
from libc.stdlib cimport free, realloc
from libc.string cimport memmove, memset

from core.stream_map cimport map_find, map_free, map_init, map_set

cdef enum:
    TABLE_BITS = 6
    BLOCK_BITS = 16


@cython.final
cdef class LogIndex:
    """The positions of all records of a log, by stream; used from compiled code only."""

    def __cinit__(self):
        if map_init(&self.places, TABLE_BITS) != 0:
            raise MemoryError

    def __dealloc__(self):
        cdef size_t i
        for i in range(self.places.count):
            free(self.entries[i].blocks)
        free(self.entries)
        map_free(&self.places)

    # Returns the entry of the stream with room for one more record; valid until the next call.
    cdef index_stream* prepare(self, uint32_t stream) except NULL:
        cdef int32_t place = map_find(&self.places, stream)
        cdef index_stream* entry = self._new_entry(stream) if place < 0 else &self.entries[place]
        if entry.end == entry.capacity:
            self._make_room(entry)
        return entry

    # Adds a record of the segment at `base` to an entry fresh from `prepare`.
    cdef void add(
        self, index_stream* entry, uint32_t epoch, uint64_t seq, int64_t position, int64_t base
    ) noexcept nogil:
        cdef index_block* block = &entry.blocks[entry.end - 1] if entry.end > entry.begin else NULL
        if block is NULL or block.position < base or block.position >> BLOCK_BITS != position >> BLOCK_BITS:
            block = &entry.blocks[entry.end]
            block.position, block.epoch, block.seq, block.count = position, epoch, seq, 0
            entry.end += 1
        block.count += 1
        entry.epoch, entry.seq, entry.position = epoch, seq, position

    # Returns the entry of the stream, NULL if it never had a record.
    cdef index_stream* find(self, uint32_t stream) noexcept nogil:
        cdef int32_t place = map_find(&self.places, stream)
        return NULL if place < 0 else &self.entries[place]

    # Puts `out` on a record of the stream in the block of the first one after (epoch, seq), or in the one before; False if
    # the stream holds no record.
    cdef bint seek(self, uint32_t stream, uint32_t epoch, uint64_t seq, index_cursor* out) noexcept nogil:
        cdef const index_stream* entry = self.find(stream)
        cdef size_t low, high, middle
        cdef const index_block* block
        if entry is NULL or entry.begin == entry.end:
            return False
        low, high = entry.begin, entry.end
        while high - low > 1:
            middle = (low + high) >> 1
            block = &entry.blocks[middle]
            if block.epoch < epoch or (block.epoch == epoch and block.seq <= seq):
                low = middle
            else:
                high = middle
        out.entry, out.block, out.record, out.position = entry, low, 0, entry.blocks[low].position
        return True

    # Moves the cursor to the first record of the stream's next block; False if there is none.
    cdef bint next_block(self, index_cursor* cursor) noexcept nogil:
        cursor.block += 1
        cursor.record = 0
        if cursor.block == cursor.entry.end:
            return False
        cursor.position = cursor.entry.blocks[cursor.block].position
        return True

    # Forgets all records that lie before the segment at `base`; what `last` is stays known.
    cdef void drop_before(self, int64_t base) noexcept nogil:
        cdef index_stream* entry
        cdef size_t i
        for i in range(self.places.count):
            entry = &self.entries[i]
            while entry.begin < entry.end and entry.blocks[entry.begin].position < base:
                entry.begin += 1

    cdef index_stream* _new_entry(self, uint32_t stream) except NULL:
        cdef size_t count = self.places.count
        cdef size_t capacity = 2 * self.capacity if self.capacity else 8
        cdef void* grown
        if count == self.capacity:
            grown = realloc(self.entries, capacity * sizeof(index_stream))
            if grown is NULL:
                raise MemoryError
            self.entries = <index_stream*>grown
            self.capacity = capacity
        memset(&self.entries[count], 0, sizeof(index_stream))
        self.entries[count].stream = stream
        if map_set(&self.places, stream, <int32_t>count) != 0:
            raise MemoryError
        return &self.entries[count]

    # Makes room for one more block: over the dropped ones when they are half of all, else in a larger array.
    cdef int _make_room(self, index_stream* entry) except -1:
        cdef size_t held = entry.end - entry.begin
        cdef size_t capacity = 2 * entry.capacity if entry.capacity else 1
        cdef void* grown
        if entry.begin > held:
            memmove(entry.blocks, &entry.blocks[entry.begin], held * sizeof(index_block))
            entry.begin, entry.end = 0, held
            return 0
        grown = realloc(entry.blocks, capacity * sizeof(index_block))
        if grown is NULL:
            raise MemoryError
        entry.blocks = <index_block*>grown
        entry.capacity = capacity
        return 0
