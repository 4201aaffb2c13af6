"""Fields and C signatures of rows kept as columns, for compiled code that appends."""

from cpython.object cimport PyObject
from libc.stdint cimport uint32_t

from core.frame cimport Header


cdef struct number_field:
    int column                  # the array that takes the value
    char code                   # and its typecode
    Py_ssize_t offset           # of the field in the message; -1: it has none
    long long default


cdef struct levels_field:
    Py_ssize_t offset
    int column                  # the array of ends; prices and quantities are the two after it


cdef class _Plan:
    cdef number_field* numbers
    cdef levels_field* levels
    cdef int number_count
    cdef int level_count


cdef class Layout:
    cdef dict plans                     # message type -> _Plan
    cdef dict places                    # name of a number, or of levels -> its (first) array
    cdef list codes                     # the typecode of each array
    cdef tuple level_columns            # the first array of each levels' field
    cdef tuple makers                   # (name, function) of what is kept as an object

    cdef _Plan _plan(self, kind, numbers, levels)


cdef class Rows:
    cdef readonly Layout layout
    cdef Py_ssize_t count
    cdef Py_ssize_t room
    cdef bint sealed
    cdef list arrays
    cdef list made
    cdef void** data                    # of each array
    cdef Py_ssize_t* level_rooms        # of each array: room for levels, 0 where it has a value a row

    cpdef Py_ssize_t append(self, uint32_t link, Header header, object message) except -1
    cpdef Py_ssize_t extend(
        self, uint32_t link, list headers, list messages, Py_ssize_t start, Py_ssize_t stop
    ) except -1
    cdef void _put_header(self, Py_ssize_t row, uint32_t link, Header header) noexcept
    cdef Py_ssize_t _put(self, _Plan plan, Py_ssize_t row, PyObject** messages, Py_ssize_t count) except -1
    cdef int _make(self, list messages) except -1
    cdef Py_ssize_t _add_levels(self, const levels_field* field, Py_ssize_t row, message) except -1
    cdef int _need_room(self, Py_ssize_t more) except -1
    cdef int _make_room(self, Py_ssize_t least) except -1
    cdef int _make_level_room(self, int first, Py_ssize_t least) except -1
    cdef int _resize(self, int place, Py_ssize_t room) except -1
    cdef _column(self, int place, Py_ssize_t count)
