"""The newest message of each stream, for who wants to know how things stand and not how they came to.

A message that waits here is overtaken by the next of its stream and type. Its bytes are copied, for what it was read from
may be gone when it is taken; each stream keeps its memory, so that after the first message a copy is all that there is.
"""

cimport cython
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from core.frame cimport frame_header
from core.stream_map cimport map_find, map_free, map_init, map_set

cdef enum:
    TABLE_BITS = 4
    ITEMS_MIN = 8


@cython.final
cdef class Conflator:
    """Messages that wait, in the order in which their streams began to."""

    def __cinit__(self):
        if map_init(&self.places, TABLE_BITS) != 0:
            raise MemoryError

    def __dealloc__(self):
        cdef size_t i
        for i in range(self.places.count):
            free(self.items[i].frame)
        free(self.items)
        free(self.order)
        map_free(&self.places)

    # Keeps a message in place of the one before; False, with nothing done, if one of another type waits.
    cdef bint put(self, const frame_header* header, const uint8_t* frame, size_t size) except -1:
        cdef kept* item = self._of(header.stream)
        cdef void* grown
        if item.waiting and (<const frame_header*>item.frame).type != header.type:
            return False
        if size > item.room:
            grown = realloc(item.frame, 2 * size)
            if grown is NULL:
                raise MemoryError
            item.frame = <uint8_t*>grown
            item.room = 2 * size
        memcpy(item.frame, frame, size)
        item.size = size
        if not item.waiting:
            item.waiting = True
            self.order[self.count] = <int32_t>(item - self.items)
            self.count += 1
        return True

    # Returns the message at one of the `count` places.
    cdef kept* at(self, Py_ssize_t place) noexcept:
        return &self.items[self.order[place]]

    # Lets no message wait any longer, and returns how many did: `at` has them until the next `put`.
    cdef Py_ssize_t release(self) noexcept:
        cdef Py_ssize_t count = self.count
        cdef Py_ssize_t place
        for place in range(count):
            self.at(place).waiting = False
        self.count = 0
        return count

    cdef kept* _of(self, uint32_t stream) except NULL:
        cdef int32_t place = map_find(&self.places, stream)
        cdef size_t count = self.places.count
        cdef size_t capacity = 2 * self.capacity if self.capacity else ITEMS_MIN
        cdef void* grown
        if place >= 0:
            return &self.items[place]
        if count == self.capacity:
            grown = realloc(self.items, capacity * sizeof(kept))
            if grown is NULL:
                raise MemoryError
            self.items = <kept*>grown
            grown = realloc(self.order, capacity * sizeof(int32_t))
            if grown is NULL:
                raise MemoryError
            self.order = <int32_t*>grown
            self.capacity = capacity
        memset(&self.items[count], 0, sizeof(kept))
        if map_set(&self.places, stream, <int32_t>count) != 0:
            raise MemoryError
        return &self.items[count]
