"""A field of a msgspec Struct, read by compiled code at its place in the object: whatever it holds, or an integer.

A field lies at a fixed offset, which the type's member descriptor tells (`PyMemberDescrObject` of CPython's
descrobject.h). Reading there costs a tenth of an attribute lookup, and the way of a tick is full of them. An instance of
another type, a subclass too, is asked for the attribute in the usual way.

The digits of an integer are read in place too (`core.integers`).
"""

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport int64_t

from core.integers cimport integer_read

cdef extern from "structmember.h":
    int T_OBJECT_EX
    ctypedef struct PyMemberDef:
        int type
        Py_ssize_t offset

cdef extern from "Python.h":
    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member

from types import MemberDescriptorType as _MEMBER


@cython.final
cdef class StructField:
    """The field `name` of instances of the Struct `owner`."""

    def __init__(self, owner not None, str name not None):
        """Find the field's place.

        Raises:
            TypeError: If `owner` has no such field.
        """
        self.offset = _place(owner, name)
        self.owner = owner
        self.name = name

    cpdef of(self, instance):
        """Return the field of an instance.

        Raises:
            AttributeError: If it has none.
        """
        cdef PyObject* value
        if type(instance) is self.owner:
            value = (<PyObject**>(<char*><PyObject*>instance + self.offset))[0]
            if value is not NULL:
                return <object>value
        return getattr(instance, self.name)

    cdef int put(self, instance, value) except -1:
        # Writes the field of an instance of just the owner, frozen or not: of one that nobody else has yet.
        cdef PyObject** place
        cdef PyObject* before
        assert type(instance) is self.owner, "an instance of the type whose field this is"
        place = <PyObject**>(<char*><PyObject*>instance + self.offset)
        before = place[0]
        Py_INCREF(value)
        place[0] = <PyObject*>value
        Py_XDECREF(before)
        return 0

    cpdef int64_t int_of(self, instance) except? -1:
        """Return the field of an instance, which is an integer of at most 64 bits with its sign.

        Raises:
            AttributeError: If it has none.
            TypeError, OverflowError: If it is no integer, or one that does not fit 64 bits.
        """
        cdef PyObject* value
        cdef int64_t found = 0
        if type(instance) is self.owner:
            value = (<PyObject**>(<char*><PyObject*>instance + self.offset))[0]
            if value is not NULL:
                return found if integer_read(value, &found) else <int64_t><object>value
        return getattr(instance, self.name)


cdef Py_ssize_t _place(owner, str name) except -1:
    cdef PyMemberDef* member
    found = getattr(owner, name, None)
    if type(found) is not _MEMBER:
        raise TypeError(f"{owner.__name__}.{name} is not the field of a Struct")
    member = (<PyMemberDescrObject*><PyObject*>found).d_member
    if member.type != T_OBJECT_EX:
        raise TypeError(f"{owner.__name__}.{name} is a field of another kind than a Struct's")
    return member.offset
