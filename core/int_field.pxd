from libc.stdint cimport int64_t


cdef class IntField:
    cdef readonly object owner
    cdef readonly str name
    cdef Py_ssize_t offset

    cpdef int64_t of(self, instance) except? -1


cdef class ObjectField:
    cdef readonly object owner
    cdef readonly str name
    cdef Py_ssize_t offset

    cpdef of(self, instance)
