"""Ways into objects past the interpreter's own, as compiled code takes them; `core.layouts` tries each of them.

They are inlined into the modules that use them, so this one makes them callable from Python.
"""

cimport cython
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from core.cells cimport PyMemberDef, cell_set_float, cells_free, cells_name
from core.integers cimport integer_read


def integer_in_place(value):
    """Return an integer as it is read in place, None for what is left to the interpreter."""
    cdef int64_t found = 0
    return found if integer_read(<PyObject*>value, &found) else None


@cython.final
@cython.binding(False)
cdef class FloatCell:
    """One float that is overwritten in place while nobody else refers to it; read it as `value`."""

    cdef PyObject* cell

    def __cinit__(self):
        cell_set_float(&self.cell, 0.0)

    def __dealloc__(self):
        cells_free(&self.cell, 1)

    def set(self, double value) -> None:
        """Make `value` what is read from now on."""
        cell_set_float(&self.cell, value)


cdef tuple NAMES = ((b"value", b"The number that was set last."),)
cdef PyMemberDef[1] members


cdef int name_cell() except -1:
    cdef FloatCell sample = FloatCell()
    return cells_name(FloatCell, <char*>&sample.cell - <char*><PyObject*>sample, NAMES, members)


name_cell()
