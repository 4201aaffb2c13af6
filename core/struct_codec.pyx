"""Plain messages to msgpack and back, straight from and into the fields of their Struct.

msgspec serves every type and every object that may stand in a field. Nearly all messages are plain: integers of 64 bits
within their bounds, texts, bytes, and rows of integers, each exactly of the type that its field names. A codec of one
type knows where its fields lie (`core.int_field` says how) and what they may hold, so it writes and reads such a message
in a tenth of the time. The bytes are msgspec's: an array with every number in its shortest form.

Whatever is not plain is left to msgspec: an IntEnum where the field names int, a list for a tuple, a number out of bounds,
and bytes that are no such message in full. A message that `write` takes is therefore what reading its bytes gives, equal in
every value and in every type. The objects need no garbage collection, or msgspec would have to know of them.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_Clear
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_SIZE
from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from core.integers cimport integer_read
from core.struct_field cimport StructField
from core.msgpack cimport (
    BIN8,
    FALSE,
    FIX_STR,
    FLOAT64,
    HEAD_BYTES_MAX,
    NUMBER_BYTES_MAX,
    STR8,
    TRUE,
    array_size,
    cursor,
    get_number,
    get_size,
    load64,
    put64,
    put_array,
    put_number,
    put_size,
)

import math

from msgspec import inspect

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        PyObject* (*tp_alloc)(PyTypeObject*, Py_ssize_t)

    PyObject* Py_True
    PyObject* Py_False
    PyObject* PyTuple_New(Py_ssize_t size)
    PyObject* PyTuple_GET_ITEM(PyObject* row, Py_ssize_t place)
    void PyTuple_SET_ITEM(PyObject* row, Py_ssize_t place, PyObject* value)
    PyObject* PyLong_FromLongLong(long long value)
    PyObject* PyUnicode_DecodeUTF8(const char* data, Py_ssize_t size, const char* errors)
    PyObject* PyBytes_New "PyBytes_FromStringAndSize" (const char* data, Py_ssize_t size)
    PyObject* PyFloat_New "PyFloat_FromDouble" (double value)
    const char* PyUnicode_AsUTF8AndSize(PyObject* text, Py_ssize_t* size)
    bint PyUnicode_CheckExact(PyObject* value)
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject* text)
    bint PyType_IS_GC(PyTypeObject* owner)
    void Py_INCREF(PyObject* value)
    void Py_DECREF(PyObject* value)
    void Py_XDECREF(PyObject* value)
    Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    SCRATCH_BYTES = 4096

# What became of a value; a codec stops at the first that is not DONE.
cdef enum outcome:
    DONE
    OTHER
    FULL

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

    def __dealloc__(self):
        cdef Py_ssize_t place
        if self.items is not NULL:
            for place in range(self.count):
                Py_XDECREF(self.items[place].object)
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
        cdef int found = DONE
        if type(message) is not self.owner:
            return NOT_PLAIN
        if room < HEAD_BYTES_MAX:
            return NO_ROOM
        at = put_array(at, self.count)
        for place in range(self.count):
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
        source.at, source.end = data, data + size
        if array_size(&source) != self.count:
            return None
        message = (<PyTypeObject*>self.owner).tp_alloc(<PyTypeObject*>self.owner, 0)
        if message is NULL:
            raise MemoryError
        for place in range(self.count):
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


# Writing. What a value needs at most is known to fit before a byte of it is written.


cdef inline int put(const item* items, const item* field, PyObject* value, uint8_t** at, uint8_t* end) noexcept:
    if end - at[0] < NUMBER_BYTES_MAX:
        return FULL
    if field.kind == INT:
        return put_int(field, value, at)
    if field.kind == STR:
        return put_text(field, value, at, end)
    if field.kind == BYTES:
        if not PyBytes_CheckExact(<object>value):
            return OTHER
        return put_bytes(PyBytes_AS_STRING(<object>value), PyBytes_GET_SIZE(<object>value), at, end)
    if field.kind == ROWS:
        return put_rows(items, field, value, at, end)
    if field.kind == FLOAT:
        return put_float(field, value, at)
    if value is not Py_True and value is not Py_False:
        return OTHER
    at[0][0] = TRUE if value is Py_True else FALSE
    at[0] += 1
    return DONE


cdef inline int put_int(const item* field, PyObject* value, uint8_t** at) noexcept:
    cdef int64_t number
    if not integer_read(value, &number) or number < field.lowest or number > field.highest:
        return OTHER
    at[0] = put_number(at[0], number)
    return DONE


cdef inline int put_float(const item* field, PyObject* value, uint8_t** at) noexcept:
    cdef double number
    cdef uint64_t bits
    if not PyFloat_CheckExact(<object>value):
        return OTHER
    number = PyFloat_AS_DOUBLE(<object>value)
    if not field.low <= number <= field.high:
        return OTHER
    memcpy(&bits, &number, sizeof(bits))
    at[0] = put64(at[0], FLOAT64, bits)
    return DONE


cdef inline int put_text(const item* field, PyObject* value, uint8_t** at, uint8_t* end) noexcept:
    cdef const char* data
    cdef Py_ssize_t size = 0
    if not PyUnicode_CheckExact(value) or PyUnicode_GET_LENGTH(value) > field.length_max:
        return OTHER
    data = PyUnicode_AsUTF8AndSize(value, &size)
    if data is NULL:
        PyErr_Clear()
        return OTHER
    if end - at[0] < HEAD_BYTES_MAX + size:
        return FULL
    if size < 32:
        at[0][0] = FIX_STR | <uint8_t>size
        at[0] += 1
    else:
        at[0] = put_size(at[0], STR8, size)
    memcpy(at[0], data, size)
    at[0] += size
    return DONE


cdef inline int put_bytes(const char* data, Py_ssize_t size, uint8_t** at, uint8_t* end) noexcept:
    if end - at[0] < HEAD_BYTES_MAX + size:
        return FULL
    at[0] = put_size(at[0], BIN8, size)
    memcpy(at[0], data, size)
    at[0] += size
    return DONE


cdef int put_rows(const item* items, const item* field, PyObject* rows, uint8_t** at, uint8_t* end) noexcept:
    cdef Py_ssize_t count, place, column
    cdef PyObject* row
    if not PyTuple_CheckExact(<object>rows):
        return OTHER
    count = PyTuple_GET_SIZE(<object>rows)
    at[0] = put_array(at[0], count)
    for place in range(count):
        row = PyTuple_GET_ITEM(rows, place)
        if not PyTuple_CheckExact(<object>row) or PyTuple_GET_SIZE(<object>row) != field.columns:
            return OTHER
        if end - at[0] < HEAD_BYTES_MAX + NUMBER_BYTES_MAX * field.columns:
            return FULL
        at[0] = put_array(at[0], field.columns)
        for column in range(field.columns):
            if put_int(&items[field.first + column], PyTuple_GET_ITEM(row, column), at) != DONE:
                return OTHER
    return DONE


# Reading. NULL says that the bytes are not such a value, or that there was no memory for it: an exception may be set.


cdef inline PyObject* get(const item* items, item* field, cursor* source) noexcept:
    if field.kind == INT:
        return get_repeated(field, source)
    if field.kind == STR:
        return get_text(field, source)
    if field.kind == BYTES:
        return get_bytes(source)
    if field.kind == ROWS:
        return get_rows(items, field, source)
    if field.kind == FLOAT:
        return get_float(field, source)
    return get_bool(source)


# Messages that follow each other have much in common: their time or price, who was the taker, what is nearly always 0. A
# number that the message before had is the same object.
cdef inline PyObject* get_repeated(item* field, cursor* source) noexcept:
    cdef PyObject* before = field.object
    cdef int64_t number
    if not get_number(source, &number):
        return NULL
    if before is NULL or number != field.number:
        if number < field.lowest or number > field.highest:
            return NULL
        field.object = PyLong_FromLongLong(number)
        Py_XDECREF(before)
        if field.object is NULL:
            return NULL
        field.number = number
    Py_INCREF(field.object)
    return field.object


cdef inline PyObject* get_int(const item* field, cursor* source) noexcept:
    cdef int64_t number
    if not get_number(source, &number) or number < field.lowest or number > field.highest:
        return NULL
    return PyLong_FromLongLong(number)


cdef inline PyObject* get_float(const item* field, cursor* source) noexcept:
    cdef uint64_t bits
    cdef double number
    if source.end - source.at < NUMBER_BYTES_MAX or source.at[0] != FLOAT64:
        return NULL
    bits = load64(source.at + 1)
    memcpy(&number, &bits, sizeof(bits))
    source.at += NUMBER_BYTES_MAX
    return PyFloat_New(number) if field.low <= number <= field.high else NULL


cdef inline PyObject* get_bool(cursor* source) noexcept:
    cdef PyObject* found
    if source.end - source.at < 1 or source.at[0] != TRUE and source.at[0] != FALSE:
        return NULL
    found = Py_True if source.at[0] == TRUE else Py_False
    source.at += 1
    Py_INCREF(found)
    return found


cdef inline PyObject* get_text(const item* field, cursor* source) noexcept:
    cdef Py_ssize_t size
    cdef PyObject* found
    if source.end - source.at < 1:
        return NULL
    if source.at[0] & 0xE0 == FIX_STR:
        size = source.at[0] & 0x1F
        source.at += 1
    else:
        size = get_size(source, STR8)
    if size < 0 or source.end - source.at < size:
        return NULL
    found = PyUnicode_DecodeUTF8(<const char*>source.at, size, NULL)
    source.at += size
    if found is not NULL and PyUnicode_GET_LENGTH(found) > field.length_max:
        Py_DECREF(found)
        return NULL
    return found


cdef inline PyObject* get_bytes(cursor* source) noexcept:
    cdef Py_ssize_t size = get_size(source, BIN8)
    if size < 0 or source.end - source.at < size:
        return NULL
    source.at += size
    return PyBytes_New(<const char*>source.at - size, size)


cdef PyObject* get_rows(const item* items, const item* field, cursor* source) noexcept:
    cdef Py_ssize_t count = array_size(source)
    cdef Py_ssize_t place
    cdef PyObject* rows
    cdef PyObject* row
    # Each row takes a byte at least.
    if count < 0 or count > source.end - source.at:
        return NULL
    rows = PyTuple_New(count)
    if rows is NULL:
        return NULL
    for place in range(count):
        row = get_row(items, field, source)
        if row is NULL:
            Py_DECREF(rows)
            return NULL
        PyTuple_SET_ITEM(rows, place, row)
    return rows


cdef PyObject* get_row(const item* items, const item* field, cursor* source) noexcept:
    cdef Py_ssize_t column
    cdef PyObject* row
    cdef PyObject* value
    if array_size(source) != field.columns:
        return NULL
    row = PyTuple_New(field.columns)
    if row is NULL:
        return NULL
    for column in range(field.columns):
        value = get_int(&items[field.first + column], source)
        if value is NULL:
            Py_DECREF(row)
            return NULL
        PyTuple_SET_ITEM(row, column, value)
    return row
