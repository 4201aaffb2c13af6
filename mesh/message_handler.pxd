from core.frame cimport Header


cdef class MessageHandler:
    cpdef on_message(self, str publisher, Header header, message)
    cpdef on_messages(self, str publisher, list headers, list messages)
    cpdef bint can_wait(self) except -1


cdef class PassOn(MessageHandler):
    cdef object _on_message
    cdef object _on_messages
