from cpython.object cimport PyObject
from libc.stdint cimport uint8_t

from core.plain_values cimport item


cdef enum:
    NOT_PLAIN = 0
    NO_ROOM = -1


cdef class StructCodec:
    cdef readonly object owner
    cdef item* items
    cdef Py_ssize_t count       # of fields; columns of rows lie behind them
    cdef Py_ssize_t needed      # of fields, the first: those without defaults

    cdef Py_ssize_t write(self, message, uint8_t* out, Py_ssize_t room) noexcept
    cdef object read(self, const uint8_t* data, Py_ssize_t size)
    cdef bint is_default(self, PyObject* message, Py_ssize_t place) noexcept
    cdef int _plan(self, list types) except -1
