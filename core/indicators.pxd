"""The indicators of one instrument, as compiled code sees them."""

from cpython.object cimport PyObject

from core.indicator_steps cimport averages, others

cdef enum:
    FIELD_COUNT = 14


cdef class Indicators:
    cdef averages state
    cdef others rest
    cdef PyObject* cells[FIELD_COUNT]   # what Python reads: the values that are on are stored after each change
    cdef int shown[FIELD_COUNT]         # which those are
    cdef int shown_count

    cdef int _start(self) except -1
    cdef int show(self, const double* row) except -1
