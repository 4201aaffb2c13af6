from libc.stdint cimport int64_t


cdef class StructField:
    cdef readonly object owner
    cdef readonly str name
    cdef Py_ssize_t offset

    cpdef of(self, instance)
    cdef int put(self, instance, value) except -1
    cpdef int64_t int_of(self, instance) except? -1
