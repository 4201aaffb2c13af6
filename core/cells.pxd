"""Cells: numbers that are written in C and that Python reads as plain slots.

Python reads an attribute that stands for a C field by a call that makes a new object, which takes longer than to step all
indicators by a bar. A slot that holds an object is read by the interpreter itself (PEP 659, since Python 3.11), in a
tenth of the time. So what is read after each change is kept as an object: an integer is made anew when it changes, a float
is overwritten as long as nobody but its cell refers to it.

A type has its cells side by side in one array, filled in `__cinit__`, freed in `__dealloc__`, and named once by
`cells_name` when the module is loaded.
"""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from core.interpreter cimport INTERPRETER_KNOWN

cdef extern from *:
    """
    #include "structmember.h"

    static int cells_name_one(PyTypeObject *owner, PyMemberDef *member) {
        PyObject *descriptor = PyDescr_NewMember(owner, member);
        int status = descriptor == NULL ? -1 : PyDict_SetItemString(owner->tp_dict, member->name, descriptor);
        Py_XDECREF(descriptor);
        PyType_Modified(owner);
        return status;
    }
    """
    ctypedef struct PyMemberDef:
        const char* name
        int type
        Py_ssize_t offset
        int flags
        const char* doc

    int T_OBJECT_EX
    int READONLY
    int cells_name_one(type owner, PyMemberDef* member) except -1

cdef extern from "Python.h":
    ctypedef struct PyFloatObject:
        double ob_fval

    Py_ssize_t Py_REFCNT(PyObject* item)
    void Py_XDECREF(PyObject* item)
    PyObject* PyFloat_FromDouble(double value) except NULL
    PyObject* PyLong_FromLongLong(long long value) except NULL


# Make the cells at `offset` of `owner` read-only attributes: `names` are pairs of name and docstring, bytes that stay alive
# with `members`, which has as many places.
cdef inline int cells_name(type owner, Py_ssize_t offset, tuple names, PyMemberDef* members) except -1:
    cdef Py_ssize_t i
    for i in range(len(names)):
        members[i].name, members[i].doc = names[i]
        members[i].type, members[i].flags = T_OBJECT_EX, READONLY
        members[i].offset = offset + i * <Py_ssize_t>sizeof(PyObject*)
        cells_name_one(owner, &members[i])
    return 0


cdef inline int cell_set_int(PyObject** cell, int64_t value) except -1:
    cdef PyObject* old = cell[0]
    cell[0] = PyLong_FromLongLong(value)
    Py_XDECREF(old)
    return 0


cdef inline int cell_set_float(PyObject** cell, double value) except -1:
    cdef PyObject* old = cell[0]
    if old != NULL and Py_REFCNT(old) == 1:
        (<PyFloatObject*>old).ob_fval = value
        return 0
    cell[0] = PyFloat_FromDouble(value)
    Py_XDECREF(old)
    return 0


cdef inline void cells_free(PyObject** cells, Py_ssize_t count) noexcept:
    cdef Py_ssize_t i
    for i in range(count):
        Py_XDECREF(cells[i])
