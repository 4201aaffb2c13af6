from libc.stdint cimport int64_t


cdef class Field:
    cdef readonly object owner
    cdef readonly str name
    cdef Py_ssize_t offset


cdef class IntField(Field):
    cpdef int64_t of(self, instance) except? -1


cdef class ObjectField(Field):
    cpdef of(self, instance)
