cdef class Recent:
    cdef Py_ssize_t _count_max
    cdef list _items
    cdef Py_ssize_t _oldest

    cpdef list items(self)
    cpdef push(self, item)
