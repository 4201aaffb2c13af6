from core.frame cimport Header


cdef class Taker:
    cpdef take(self, str publisher, Header header, message)
