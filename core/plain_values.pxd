"""Plain values to msgpack and back: what may stand in one field of a message, written and read without msgspec.

Compiled into the module that cimports it (`core.struct_codec`), so a message is one run through its fields.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_Clear
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from core.integers cimport integer_read
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

cdef extern from "Python.h":
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
    void Py_INCREF(PyObject* value)
    void Py_DECREF(PyObject* value)
    void Py_XDECREF(PyObject* value)

# What became of a value; a codec stops at the first that is not DONE.
cdef enum outcome:
    DONE
    OTHER
    FULL


cdef enum kind:
    BOOL
    INT
    FLOAT
    STR
    BYTES
    ROWS


# One value and what its type allows: `lowest` and `highest` of an integer, the longest of a text in characters; a field's
# `offset` in the object and the object that it holds by default, if any; `columns` of each row of integers, from the place
# `first` on. Of an integer field also the number
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
    PyObject* default_value
    int64_t number
    PyObject* object


# Writing. What a value needs at most is known to fit before a byte of it is written.


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


cdef inline int put_rows(const item* items, const item* field, PyObject* rows, uint8_t** at, uint8_t* end) noexcept:
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


# Reading. NULL says that the bytes are not such a value, or that there was no memory for it: an exception may be set.


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


cdef inline PyObject* get_row(const item* items, const item* field, cursor* source) noexcept:
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


cdef inline PyObject* get_rows(const item* items, const item* field, cursor* source) noexcept:
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
