from core.frame cimport Header


cdef class MessageHandler:
    cpdef take(self, str publisher, Header header, message)
