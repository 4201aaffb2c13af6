from libc.stdint cimport int32_t, uint32_t

from core.stream_map cimport stream_map


cdef class StreamTable:
    cdef stream_map places
    cdef list values

    cpdef get(self, uint32_t stream)
