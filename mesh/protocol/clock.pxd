from libc.stdint cimport int64_t

cpdef int64_t monotonic_ns() noexcept


cdef class Clock:
    cdef object read
    cdef bint live

    cpdef int64_t now_ns(self, int64_t input_ns) except -1
