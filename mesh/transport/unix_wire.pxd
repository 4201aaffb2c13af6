from libc.stdint cimport uint64_t


cdef class UnixWire:
    cdef readonly int fd
    cdef readonly bint closed
    cdef readonly uint64_t sent
    cdef readonly uint64_t received
    cdef readonly uint64_t back_pressured
    cdef readonly uint64_t not_connected
    cdef readonly uint64_t oversized

    cpdef int send(self, bytes frame) except? -1
    cdef bytes receive(self)


cpdef give_way(bytes asked)
cpdef hush(int fd)


cdef class Flag:
    cdef int* page

    cpdef bint test_and_set(self) noexcept
    cpdef bint is_set(self) noexcept
    cpdef clear(self)


cdef class Doorbells:
    cdef list doorbells

    cpdef note(self, bytes frame)
    cpdef ring(self)
