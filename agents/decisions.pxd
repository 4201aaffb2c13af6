cdef class Decisions:
    cdef readonly object approved
    cdef readonly dict denied
    cdef Py_ssize_t _remembered_max
    cdef dict _answers
    cdef object _order
    cdef dict _forgotten

    cpdef add(self, decision)
    cpdef answer_to(self, sender, epoch, signal)
    cpdef bint used(self, sender, epoch, signal_id) except -1


cdef bint _matches(decision, signal) except -1
