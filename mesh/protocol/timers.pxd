from libc.stdint cimport int64_t


cdef class Timers:
    cdef dict _due
    cdef list _heap

    cpdef set(self, str name, int64_t at_ns)
    cpdef cancel(self, str name)
    cpdef next(self, int64_t now_ns)
    cpdef int64_t due_ns(self, int64_t otherwise_ns) except? -1
