"""Objects by stream id, found in compiled code without an object for the id: what each message is looked up in."""

cimport cython

from core.stream_map cimport map_find, map_free, map_init, map_set

cdef enum:
    TABLE_BITS = 4


@cython.final
@cython.binding(False)
cdef class StreamTable:
    """Holds the values of the mapping that it is made of; nothing is added later."""

    def __cinit__(self, *args):
        if map_init(&self.places, TABLE_BITS) != 0:
            raise MemoryError

    def __init__(self, items not None):
        cdef uint32_t stream
        self.values = []
        for stream, value in items.items():
            if map_set(&self.places, stream, <int32_t>len(self.values)) != 0:
                raise MemoryError
            self.values.append(value)

    def __dealloc__(self):
        map_free(&self.places)

    cpdef get(self, uint32_t stream):
        """Return what stands under `stream`, None if nothing does."""
        cdef int32_t place = map_find(&self.places, stream)
        return None if place < 0 else self.values[place]
