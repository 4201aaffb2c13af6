"""Rows kept as columns: each message's fields go straight into typed arrays that grow, and the message is let go.

Whoever stores many messages wants each field of all of them in one piece of memory. Collecting the messages and walking
over them later costs an attribute look-up per field and holds every object meanwhile. Here a field is read at its offset
in the message (CPython keeps it in the slot's descriptor), so that a row of numbers costs some tens of nanoseconds and a
few dozen bytes.

A row is what its frame header says (`HEADER_FIELDS`), the number of its stream's link, and of its message: numbers,
packed book levels as two arrays (prices, quantities) with a third of where each row's end, and whatever else as an object
that a function makes. A number that does not fit its array is kept as the nearest one that does.
"""

cimport cython
from cpython cimport array
from cpython.object cimport PyObject
from libc.stdint cimport INT64_MAX, INT64_MIN, int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import array as arrays
from types import MemberDescriptorType

from core.frame cimport FLAG_REPLAY, Header

cdef extern from "structmember.h":
    ctypedef struct PyMemberDef:
        int type
        Py_ssize_t offset

    int T_OBJECT_EX


cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(PyObject* text, Py_ssize_t* size) except NULL
    bytes PyBytes_FromStringAndSize(const char* data, Py_ssize_t size)
    char* PyBytes_AS_STRING(bytes data)

    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member

    PyObject** PySequence_Fast_ITEMS(list values)
    long long PyLong_AsLongLongAndOverflow(PyObject* value, int* overflow) except? -1


cdef enum:
    ROOM_FIRST = 256
    LEVEL_BYTES = 16

# The arrays of what every row has.
cdef enum:
    LINK, FLAGS, EPOCH, SEQ, CORR, ORIGIN_NS, RECV_NS, DECIDED_NS, SEND_NS, HEADER_COLUMNS

HEADER_FIELDS = ("link", "flags", "epoch", "seq", "corr", "origin_ns", "recv_ns", "decided_ns", "send_ns")
_HEADER_CODES = "IBIQQqqqq"
_CODES = frozenset("bBiIqQd")


cdef class _Plan:
    """Where the fields of one type of message lie, and which arrays take them."""

    def __dealloc__(self):
        free(self.numbers)
        free(self.levels)


@cython.final
cdef class Layout:
    """What a row is made of. Immutable; shared by all `Rows` of one table."""

    def __init__(self, messages, numbers, levels=(), objects=None):
        """Take the types of messages, and by name what is kept of them.

        `numbers` are fields: each has the typecode of its array (one of `bBiIqQd`) and the value for messages without
        it, or None if all have it. `levels` are fields of packed little-endian i64 pairs, which all messages have.
        `objects` are functions of the message.

        Raises:
            ValueError: If a typecode is none of these.
            TypeError: If a field that a message must have is no slot of its type.
        """
        for code, _ in numbers.values():
            if code not in _CODES:
                raise ValueError(f"typecode {code!r}: it must be one of {''.join(sorted(_CODES))}")
        levels = tuple(levels)
        self.codes = [*_HEADER_CODES, *(code for code, _ in numbers.values()), *("Qqq" * len(levels))]
        first = HEADER_COLUMNS + len(numbers)
        self.level_columns = tuple(range(first, first + 3 * len(levels), 3))
        self.places = dict(zip((*HEADER_FIELDS, *numbers), range(first)))
        self.places.update(zip(levels, self.level_columns))
        self.makers = tuple((objects or {}).items())
        self.plans = {kind: self._plan(kind, numbers, levels) for kind in messages}

    cdef _Plan _plan(self, kind, numbers, levels):
        cdef _Plan plan = _Plan()
        cdef int i
        plan.numbers = <number_field*>calloc(len(numbers) + 1, sizeof(number_field))
        plan.levels = <levels_field*>calloc(len(levels) + 1, sizeof(levels_field))
        if plan.numbers == NULL or plan.levels == NULL:
            raise MemoryError
        plan.number_count = len(numbers)
        plan.level_count = len(levels)
        for i, (name, (code, default)) in enumerate(numbers.items()):
            plan.numbers[i].column = HEADER_COLUMNS + i
            plan.numbers[i].code = ord(code)
            plan.numbers[i].offset = _offset(kind, name, default is not None)
            plan.numbers[i].default = default or 0
        for i, name in enumerate(levels):
            plan.levels[i].column = self.level_columns[i]
            plan.levels[i].offset = _offset(kind, name, False)
        return plan


@cython.final
cdef class Rows:
    """Rows of one `Layout` in order of arrival.

    They are appended first and read afterwards: what `numbers` and `levels` return is the arrays themselves.
    """

    def __cinit__(self, Layout layout):
        cdef Py_ssize_t count = len(layout.codes)
        self.data = <void**>calloc(count, sizeof(void*))
        self.level_rooms = <Py_ssize_t*>calloc(count, sizeof(Py_ssize_t))
        if self.data == NULL or self.level_rooms == NULL:
            raise MemoryError

    def __init__(self, Layout layout):
        """Start without rows."""
        self.layout = layout
        self.arrays = [arrays.array(code) for code in layout.codes]
        self.made = [[] for _ in layout.makers]

    def __dealloc__(self):
        free(self.data)
        free(self.level_rooms)

    def __len__(self):
        return self.count

    cpdef Py_ssize_t append(self, uint32_t link, Header header, object message) except -1:
        """Add one row: the number of its stream's link, its header, its message; return how many bytes of levels it had.

        Raises:
            KeyError: If the layout has no such message.
            TypeError: If a field is not what the layout says. The rows are as before.
        """
        cdef Py_ssize_t level_bytes
        cdef PyObject* one = <PyObject*>message
        self._need_room(1)
        level_bytes = self._put(<_Plan>self.layout.plans[type(message)], self.count, &one, 1)
        self._put_header(self.count, link, header)
        if self.made:
            self._make([message])
        self.count += 1
        return level_bytes

    cpdef Py_ssize_t extend(
        self, uint32_t link, list headers, list messages, Py_ssize_t start, Py_ssize_t stop
    ) except -1:
        """Add a row for each header and message from `start` to before `stop`; return how many bytes of levels they had.

        Raises:
            KeyError, TypeError: As `append` does; all of the rows are added, or none.
        """
        cdef Py_ssize_t level_bytes = 0
        cdef Py_ssize_t first = start
        cdef Py_ssize_t last
        cdef PyObject** found = PySequence_Fast_ITEMS(messages)
        assert 0 <= start <= stop <= min(len(headers), len(messages))
        self._need_room(stop - start)
        while first < stop:
            kind = type(messages[first])
            last = first + 1
            while last < stop and type(messages[last]) is kind:
                last += 1
            level_bytes += self._put(
                <_Plan>self.layout.plans[kind], self.count + first - start, &found[first], last - first
            )
            first = last
        for last in range(start, stop):
            self._put_header(self.count + last - start, link, <Header?>headers[last])
        if self.made:
            self._make(messages[start:stop])
        self.count += stop - start
        return level_bytes

    def numbers(self, name):
        """Return a value for each row: of the header, of the message, or `link`. Ends the appending."""
        return self._column(self.layout.places[name], self.count)

    def levels(self, name):
        """Return where each row's levels end, prices of all of them, quantities of all of them. Ends the appending."""
        cdef int first = self.layout.places[name]
        ends = self._column(first, self.count)
        total = ends[self.count - 1] if self.count else 0
        return ends, self._column(first + 1, total), self._column(first + 2, total)

    def objects(self, name):
        """Return what its function made of each message."""
        for index, (made, _) in enumerate(self.layout.makers):
            if made == name:
                return self.made[index]
        raise KeyError(name)

    # Writes what a row has of its header, which is none of the rows until it is counted.
    cdef inline void _put_header(self, Py_ssize_t row, uint32_t link, Header header) noexcept:
        (<uint32_t*>self.data[LINK])[row] = link
        (<uint8_t*>self.data[FLAGS])[row] = header.flags & ~FLAG_REPLAY
        (<uint32_t*>self.data[EPOCH])[row] = header.epoch
        (<uint64_t*>self.data[SEQ])[row] = header.seq
        (<uint64_t*>self.data[CORR])[row] = header.corr
        (<int64_t*>self.data[ORIGIN_NS])[row] = header.origin_ns
        (<int64_t*>self.data[RECV_NS])[row] = header.recv_ns
        (<int64_t*>self.data[DECIDED_NS])[row] = header.decided_ns
        (<int64_t*>self.data[SEND_NS])[row] = header.send_ns

    # Writes the numbers and levels of messages of one type, from `row` on.
    cdef Py_ssize_t _put(self, _Plan plan, Py_ssize_t row, PyObject** messages, Py_ssize_t count) except -1:
        cdef Py_ssize_t level_bytes = 0
        cdef Py_ssize_t at
        cdef int i
        for i in range(plan.number_count):
            _store(plan.numbers[i], self.data[plan.numbers[i].column], row, messages, count)
        for i in range(plan.level_count):
            for at in range(count):
                level_bytes += self._add_levels(&plan.levels[i], row + at, <object>messages[at])
        return level_bytes

    cdef int _make(self, list messages) except -1:
        made = [[function(message) for message in messages] for _, function in self.layout.makers]
        for values, more in zip(self.made, made):
            (<list>values).extend(more)
        return 0

    # Adds the whole levels that a field packs; a broken one at its end is left out. Returns how many bytes they are.
    cdef Py_ssize_t _add_levels(self, const levels_field* field, Py_ssize_t row, message) except -1:
        cdef bytes packed = <object>_field(<PyObject*>message, field.offset)
        cdef const int64_t* pairs = <const int64_t*><const char*>packed
        cdef uint64_t* ends = <uint64_t*>self.data[field.column]
        cdef Py_ssize_t begin = ends[row - 1] if row else 0
        cdef Py_ssize_t count = len(packed) // LEVEL_BYTES
        cdef int64_t pair[2]
        cdef int64_t* prices
        cdef int64_t* qtys
        cdef Py_ssize_t i
        if begin + count > self.level_rooms[field.column]:
            self._make_level_room(field.column, begin + count)
        prices = <int64_t*>self.data[field.column + 1] + begin
        qtys = <int64_t*>self.data[field.column + 2] + begin
        for i in range(count):
            memcpy(pair, pairs + 2 * i, LEVEL_BYTES)
            prices[i] = pair[0]
            qtys[i] = pair[1]
        ends[row] = begin + count
        return count * LEVEL_BYTES

    cdef int _need_room(self, Py_ssize_t more) except -1:
        assert not self.sealed, "rows that are being read take no more"
        if self.count + more > self.room:
            self._make_room(self.count + more)
        return 0

    cdef int _make_room(self, Py_ssize_t least) except -1:
        cdef Py_ssize_t room = max(ROOM_FIRST, 2 * self.room, least)
        levels = {place + each for place in self.layout.level_columns for each in (1, 2)}
        for place in range(len(self.arrays)):
            if place not in levels:
                self._resize(place, room)
        self.room = room
        return 0

    cdef int _make_level_room(self, int first, Py_ssize_t least) except -1:
        cdef Py_ssize_t room = max(2 * self.level_rooms[first], least, ROOM_FIRST)
        self._resize(first + 1, room)
        self._resize(first + 2, room)
        self.level_rooms[first] = room
        return 0

    cdef int _resize(self, int place, Py_ssize_t room) except -1:
        cdef array.array values = self.arrays[place]
        array.resize(values, room)
        self.data[place] = values.data.as_voidptr
        return 0

    cdef _column(self, int place, Py_ssize_t count):
        self.sealed = True
        return memoryview(self.arrays[place])[:count]


# Returns where a type of message keeps a field; -1 if it has none and may.
cdef Py_ssize_t _offset(kind, str name, bint may_lack) except -2:
    slot = getattr(kind, name, None)
    if slot is None and may_lack:
        return -1
    if type(slot) is not MemberDescriptorType:
        raise TypeError(f"{kind.__name__} has no slot {name!r}")
    cdef PyMemberDef* member = (<PyMemberDescrObject*><PyObject*>slot).d_member
    if member.type != T_OBJECT_EX:
        raise TypeError(f"{kind.__name__}.{name} holds no object")
    return member.offset


# Returns the field that is kept at `offset`; the message keeps it alive.
cdef inline PyObject* _field(PyObject* message, Py_ssize_t offset) except NULL:
    cdef PyObject* value = (<PyObject**>(<char*>message + offset))[0]
    if value == NULL:
        raise TypeError(f"a field of {type(<object>message).__name__} is not set")
    return value


# Writes one field of all messages, from `row` on.
cdef int _store(number_field field, void* data, Py_ssize_t row, PyObject** messages, Py_ssize_t count) except -1:
    cdef Py_ssize_t i
    if field.code == c"q":
        for i in range(count):
            (<int64_t*>data)[row + i] = _number(&field, messages[i])
    elif field.code == c"Q":
        for i in range(count):
            (<uint64_t*>data)[row + i] = _unsigned(&field, messages[i])
    elif field.code == c"b":
        for i in range(count):
            (<int8_t*>data)[row + i] = <int8_t>min(max(_number(&field, messages[i]), -128), 127)
    elif field.code == c"B":
        for i in range(count):
            (<uint8_t*>data)[row + i] = <uint8_t>min(max(_number(&field, messages[i]), 0), 0xFF)
    elif field.code == c"i":
        for i in range(count):
            (<int32_t*>data)[row + i] = <int32_t>min(max(_number(&field, messages[i]), -0x80000000LL), 0x7FFFFFFF)
    elif field.code == c"I":
        for i in range(count):
            (<uint32_t*>data)[row + i] = <uint32_t>min(max(_number(&field, messages[i]), 0), 0xFFFFFFFFLL)
    else:
        for i in range(count):
            (<double*>data)[row + i] = _float(&field, messages[i])
    return 0


# Returns the nearest int64 to a field.
cdef inline int64_t _number(const number_field* field, PyObject* message) except? -1:
    cdef int overflow = 0
    cdef long long value
    if field.offset < 0:
        return field.default
    value = PyLong_AsLongLongAndOverflow(_field(message, field.offset), &overflow)
    if overflow:
        value = INT64_MAX if overflow > 0 else INT64_MIN
    return value


cdef inline double _float(const number_field* field, PyObject* message) except? -1:
    return <double>field.default if field.offset < 0 else <object>_field(message, field.offset)


# Returns the nearest uint64 to a field.
cdef inline uint64_t _unsigned(const number_field* field, PyObject* message) except? 0:
    cdef int64_t value = _number(field, message)
    if value == INT64_MAX and field.offset >= 0:
        return <uint64_t>min(<object>_field(message, field.offset), 0xFFFFFFFFFFFFFFFF)
    return <uint64_t>max(value, 0)


def text_column(list texts):
    """Return texts one behind the other as UTF-8, before each its size: seven bits a byte, the low ones first.

    Raises:
        TypeError: If one of them is no text.
        UnicodeEncodeError: If one of them cannot be UTF-8.
    """
    cdef PyObject** found = PySequence_Fast_ITEMS(texts)
    cdef Py_ssize_t count = len(texts)
    cdef Py_ssize_t total = 0
    cdef Py_ssize_t i, size, rest
    cdef const char* text
    cdef bytes column
    cdef char* out
    for i in range(count):
        PyUnicode_AsUTF8AndSize(found[i], &size)
        total += size + 1
        while size > 0x7F:
            size >>= 7
            total += 1
    column = PyBytes_FromStringAndSize(NULL, total)
    out = PyBytes_AS_STRING(column)
    for i in range(count):
        text = PyUnicode_AsUTF8AndSize(found[i], &size)
        rest = size
        while rest > 0x7F:
            out[0] = <char>(rest & 0x7F | 0x80)
            out += 1
            rest >>= 7
        out[0] = <char>rest
        memcpy(out + 1, text, size)
        out += size + 1
    return column
