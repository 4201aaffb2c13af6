cdef class Recent:
    cdef Py_ssize_t _count_max
    cdef list _items
    cdef Py_ssize_t _oldest

    cpdef push(self, item)
