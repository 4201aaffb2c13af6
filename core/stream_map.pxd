# A table from stream id to the place of the stream's entry in an array: open addressing with linear probing, at most
# half full, removal by shifting back (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). For inclusion in
# `core` modules only; all functions are plain C and need no GIL.

from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport free, malloc


cdef struct map_slot:
    uint32_t stream
    int32_t place               # -1 in an empty slot


cdef struct stream_map:
    map_slot* slots
    uint32_t mask               # number of slots - 1, a power of two less one
    uint32_t shift              # 32 - log2(number of slots)
    uint32_t count


# Makes an empty table; 0, or -1 when there is no memory.
cdef inline int map_init(stream_map* table, uint32_t bits) noexcept nogil:
    cdef uint32_t size = <uint32_t>1 << bits
    cdef uint32_t i
    table.slots = <map_slot*>malloc(size * sizeof(map_slot))
    if table.slots is NULL:
        return -1
    for i in range(size):
        table.slots[i].place = -1
    table.mask = size - 1
    table.shift = 32 - bits
    table.count = 0
    return 0


cdef inline void map_free(stream_map* table) noexcept nogil:
    free(table.slots)
    table.slots = NULL


# Fibonacci hashing: the high bits of a product with 2^32 / golden ratio.
cdef inline uint32_t map_home(const stream_map* table, uint32_t stream) noexcept nogil:
    return (stream * <uint32_t>2654435769) >> table.shift


# Returns the slot that holds `stream`, or the empty one where it would go.
cdef inline map_slot* map_slot_of(const stream_map* table, uint32_t stream) noexcept nogil:
    cdef uint32_t i = map_home(table, stream)
    while table.slots[i].place >= 0 and table.slots[i].stream != stream:
        i = (i + 1) & table.mask
    return &table.slots[i]


# Returns the place of `stream`, -1 when it is not in the table.
cdef inline int32_t map_find(const stream_map* table, uint32_t stream) noexcept nogil:
    return map_slot_of(table, stream).place


# Doubles the table; 0, or -1 with the table as it was when there is no memory.
cdef inline int map_grow(stream_map* table) noexcept nogil:
    cdef stream_map larger
    cdef uint32_t i
    if map_init(&larger, 33 - table.shift) != 0:
        return -1
    for i in range(table.mask + 1):
        if table.slots[i].place >= 0:
            map_slot_of(&larger, table.slots[i].stream)[0] = table.slots[i]
    larger.count = table.count
    free(table.slots)
    table[0] = larger
    return 0


# Puts or moves `stream` to `place`; 0, or -1 with the table as it was when there is no memory.
cdef inline int map_set(stream_map* table, uint32_t stream, int32_t place) noexcept nogil:
    cdef map_slot* slot = map_slot_of(table, stream)
    if slot.place < 0:
        if 2 * (table.count + 1) > table.mask:
            if map_grow(table) != 0:
                return -1
            slot = map_slot_of(table, stream)
        table.count += 1
    slot.stream = stream
    slot.place = place
    return 0


# Takes `stream` out; what stood behind it moves up, so that no search ends too early.
cdef inline void map_remove(stream_map* table, uint32_t stream) noexcept nogil:
    cdef uint32_t hole = <uint32_t>(map_slot_of(table, stream) - table.slots)
    cdef uint32_t i = hole
    cdef uint32_t home
    if table.slots[hole].place < 0:
        return
    while True:
        i = (i + 1) & table.mask
        if table.slots[i].place < 0:
            break
        home = map_home(table, table.slots[i].stream)
        if ((i - home) & table.mask) >= ((i - hole) & table.mask):
            table.slots[hole] = table.slots[i]
            hole = i
    table.slots[hole].place = -1
    table.count -= 1
