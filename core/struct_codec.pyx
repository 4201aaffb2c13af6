"""Plain messages to msgpack and back, straight from and into the fields of their Struct.

msgspec serves every type and every object that may stand in a field. Nearly all messages are plain: integers of 64 bits
within their bounds, texts, bytes, and rows of integers, each exactly of the type that its field names. A codec of one
type knows where its fields lie (`core.struct_field` says how) and what they may hold, so it writes and reads such a message
in a tenth of the time. The bytes are msgspec's: an array with every number in its shortest form; but the last fields are
left out if they hold their defaults, which msgspec reads all the same. Terms that are seldom used cost nothing so.

Whatever is not plain is left to msgspec: an IntEnum where the field names int, a list for a tuple, a number out of bounds,
and bytes that are no such message in full. A message that `write` takes is therefore what reading its bytes gives, equal in
every value and in every type. The objects need no garbage collection, or msgspec would have to know of them.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_Clear
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject
from libc.stdint cimport INT64_MAX, INT64_MIN, uint8_t

from core.msgpack cimport HEAD_BYTES_MAX, array_size, cursor, put_array
from core.plain_values cimport BOOL, BYTES, DONE, FLOAT, INT, OTHER, ROWS, STR, get, item, put
from core.struct_field cimport StructField

import math

from msgspec import inspect

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        PyObject* (*tp_alloc)(PyTypeObject*, Py_ssize_t)

    bint PyType_IS_GC(PyTypeObject* owner)
    void Py_INCREF(PyObject* value)
    void Py_DECREF(PyObject* value)
    void Py_XDECREF(PyObject* value)
    Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    SCRATCH_BYTES = 4096


@cython.final
cdef class StructCodec:
    """Writes and reads the plain messages of the Struct type `owner`, which msgspec encodes as an array."""

    def __init__(self, owner not None):
        """Learn the type's fields.

        Raises:
            TypeError: If they are not all of a kind that can be plain, or the type asks more of msgspec than its fields.
        """
        config = owner.__struct_config__
        if not config.array_like or config.gc or config.omit_defaults or config.tag is not None:
            raise TypeError(f"{owner.__name__}: only an array without tag, omitted defaults and garbage collection is plain")
        if PyType_IS_GC(<PyTypeObject*>owner) or hasattr(owner, "__post_init__"):
            raise TypeError(f"{owner.__name__}: its instances are made by msgspec only")
        fields = inspect.type_info(owner).fields
        self.owner = owner
        self.count = len(fields)
        self._plan([field.type for field in fields])
        for place, field in enumerate(fields):
            self.items[place].offset = StructField(owner, field.name).offset
            if field.default is not inspect.NODEFAULT:
                Py_INCREF(<PyObject*>field.default)
                self.items[place].default_value = <PyObject*>field.default
        # A field without a default that is one object must be there, and so must all before it.
        self.needed = max([place + 1 for place, field in enumerate(fields) if field.default is inspect.NODEFAULT], default=0)

    def __dealloc__(self):
        cdef Py_ssize_t place
        if self.items is not NULL:
            for place in range(self.count):
                Py_XDECREF(self.items[place].object)
                Py_XDECREF(self.items[place].default_value)
        PyMem_Free(self.items)

    def encoded(self, message not None):
        """Return the bytes of a plain message, None if it is not plain (or longer than 4096 bytes)."""
        cdef uint8_t[SCRATCH_BYTES] out
        cdef Py_ssize_t size = self.write(message, out, SCRATCH_BYTES)
        return PyBytes_FromStringAndSize(<char*>out, size) if size > 0 else None

    def decoded(self, bytes payload not None):
        """Return the message in `payload`, None if it is not one in full."""
        return self.read(<const uint8_t*>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))

    # Writes a message of this type into `room` bytes and returns how many it took, NOT_PLAIN or NO_ROOM.
    cdef Py_ssize_t write(self, message, uint8_t* out, Py_ssize_t room) noexcept:
        cdef uint8_t* at = out
        cdef uint8_t* end = out + room
        cdef PyObject* value
        cdef Py_ssize_t place
        cdef Py_ssize_t count = self.count
        cdef int found = DONE
        if type(message) is not self.owner:
            return NOT_PLAIN
        if room < HEAD_BYTES_MAX:
            return NO_ROOM
        while count > self.needed and self.is_default(<PyObject*>message, count - 1):
            count -= 1
        at = put_array(at, count)
        for place in range(count):
            value = field_of(<PyObject*>message, self.items[place].offset)[0]
            found = OTHER if value is NULL else put(self.items, &self.items[place], value, &at, end)
            if found != DONE:
                return NOT_PLAIN if found == OTHER else NO_ROOM
        return at - out

    # Returns the message in `size` bytes at `data`, None if that is for msgspec to say.
    cdef object read(self, const uint8_t* data, Py_ssize_t size):
        cdef cursor source
        cdef PyObject* message
        cdef PyObject* value
        cdef Py_ssize_t place
        cdef Py_ssize_t count
        source.at, source.end = data, data + size
        count = array_size(&source)
        if not self.needed <= count <= self.count:
            return None
        message = (<PyTypeObject*>self.owner).tp_alloc(<PyTypeObject*>self.owner, 0)
        if message is NULL:
            raise MemoryError
        for place in range(count, self.count):
            value = self.items[place].default_value
            Py_INCREF(value)
            field_of(message, self.items[place].offset)[0] = value
        for place in range(count):
            value = get(self.items, &self.items[place], &source)
            if value is NULL:
                break
            field_of(message, self.items[place].offset)[0] = value
        else:
            if source.at == source.end:
                found = <object>message
                Py_DECREF(message)
                return found
        PyErr_Clear()
        Py_DECREF(message)
        return None

    cdef bint is_default(self, PyObject* message, Py_ssize_t place) noexcept:
        return field_of(message, self.items[place].offset)[0] == self.items[place].default_value

    cdef int _plan(self, list types) except -1:
        cdef Py_ssize_t columns = sum([len(each.item_type.item_types) for each in types if _is_rows(each)])
        cdef Py_ssize_t first = self.count
        cdef Py_ssize_t place
        PyMem_Free(self.items)
        self.items = <item*>PyMem_Calloc(self.count + columns, sizeof(item))
        if self.items is NULL:
            raise MemoryError
        for place in range(self.count):
            describe(&self.items[place], types[place])
            if self.items[place].kind == ROWS:
                self.items[place].first = first
                self.items[place].columns = len(types[place].item_type.item_types)
                for each in types[place].item_type.item_types:
                    describe(&self.items[first], each)
                    first += 1
        return 0


# Fills in what a type of `msgspec.inspect` allows.
cdef int describe(item* out, each) except -1:
    out.lowest, out.highest, out.length_max = INT64_MIN, INT64_MAX, PY_SSIZE_T_MAX
    out.low, out.high = -math.inf, math.inf
    bounds = {name: getattr(each, name, None) for name in ("gt", "lt", "multiple_of", "min_length", "pattern")}
    if any([bound is not None for bound in bounds.values()]):
        raise TypeError(f"{each}: only bounds that include the value are known")
    if isinstance(each, inspect.BoolType):
        out.kind = BOOL
    elif isinstance(each, inspect.IntType):
        out.kind = INT
        out.lowest = INT64_MIN if each.ge is None else each.ge
        out.highest = INT64_MAX if each.le is None else each.le
    elif isinstance(each, inspect.FloatType):
        out.kind = FLOAT
        out.low = -math.inf if each.ge is None else each.ge
        out.high = math.inf if each.le is None else each.le
    elif isinstance(each, inspect.StrType):
        out.kind = STR
        out.length_max = PY_SSIZE_T_MAX if each.max_length is None else each.max_length
    elif isinstance(each, inspect.BytesType) and each.max_length is None:
        out.kind = BYTES
    elif _is_rows(each):
        out.kind = ROWS
    else:
        raise TypeError(f"{each} is left to msgspec")
    return 0


def _is_rows(each):
    """Return whether a type is that of a tuple of any length of tuples of integers."""
    return (
        isinstance(each, inspect.VarTupleType)
        and each.max_length is None
        and isinstance(each.item_type, inspect.TupleType)
        and all([isinstance(column, inspect.IntType) for column in each.item_type.item_types])
    )


cdef inline PyObject** field_of(PyObject* message, Py_ssize_t offset) noexcept:
    return <PyObject**>(<char*>message + offset)
