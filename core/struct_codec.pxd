from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t


cdef enum:
    NOT_PLAIN = 0
    NO_ROOM = -1


cdef enum kind:
    BOOL
    INT
    FLOAT
    STR
    BYTES
    ROWS


# One value and what its type allows: `lowest` and `highest` of an integer, the longest of a text in characters; a field's
# `offset` in the object; `columns` of each row of integers, from the place `first` on. Of an integer field also the number
# that was read last, with its object.
cdef struct item:
    kind kind
    Py_ssize_t offset
    int64_t lowest
    int64_t highest
    double low
    double high
    Py_ssize_t length_max
    Py_ssize_t first
    Py_ssize_t columns
    int64_t number
    PyObject* object


cdef class StructCodec:
    cdef readonly object owner
    cdef item* items
    cdef Py_ssize_t count       # of fields; columns of rows lie behind them

    cdef Py_ssize_t write(self, message, uint8_t* out, Py_ssize_t room) noexcept
    cdef object read(self, const uint8_t* data, Py_ssize_t size)
    cdef int _plan(self, list types) except -1
