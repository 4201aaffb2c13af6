"""A recording seen from two places: by the venue as things happen there, by agents as they learn of them.

What a venue's message tells of happened before an agent receives it, by the latency of the feed. An order that is on its
way meanwhile meets the market as it is when the order arrives, which the agent cannot know. So each message of a
`LedRecording` is read once and taken twice: by a `VenueSide` at the venue's own time, then by the agents at the time of
its receipt. In between it waits in a ring, which is as long as the feed is late.

The venue's time of a message is `ts_event_ns` by the recorder's clock: less `clock_ns`, what the venue's clock shows more.
Where a message has none, the last of the venue that has says how late the feed is. It is never after the receipt, and never
goes back: a stream that tells late of something (a book each 100 ms) does so after what other streams told before it.

Agents have a message when it was recorded, or as much later than the venue as a `Latency` draws; its `ts_recv_ns` says so.
"""

cimport cython
from bisect import bisect_left

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free

from core.frame cimport frame_header
from core.struct_field cimport StructField
from mesh.sim.recording cimport LogRecording, Recording

import msgspec

from schemas.messages import MESSAGE_TYPES as _TYPES

cdef int64_t NEVER_NS = 0x7FFFFFFFFFFFFFFF
cdef uint64_t ENTRIES = 256


cdef list _fields(str name):
    cdef list found = [None] * (max(_TYPES) + 1)
    for number, each in _TYPES.items():
        if name in each.__struct_fields__:
            found[number] = StructField(each, name)
    return found


cdef class VenueSide:
    """What stands for a venue in a replay; this one has no orders, and lets everything pass."""

    @property
    def streams(self):
        """The streams whose messages are wanted."""
        return []

    cdef bint happened(self, const frame_header* fields, message, int64_t wall_ns) except -1:
        # Takes what happened at `wall_ns`; returns whether anything came of it, such as a frame to an agent.
        return False


@cython.final
cdef class Latency:
    """How long something takes each time: always the same, or drawn from a measured distribution by a seed."""

    def __init__(self, str text not None, int64_t constant_ns=0, measured=(), uint64_t seed=0):
        """Take `constant_ns`; or `measured`, steps of (from, to, count), each from and to in nanoseconds and inclusive.

        A step of a distribution is drawn by its share, and within it each nanosecond is as likely as the next. `text` is
        what this is called in a result.

        Raises:
            ValueError: If a bound or a count is negative, or nothing was counted.
        """
        self.text = text
        self._constant_ns = constant_ns
        self._state = seed
        cdef uint64_t total = 0
        self._steps, self._counts = [], []
        for low_ns, high_ns, count in measured:
            if not 0 <= low_ns <= high_ns or count < 0:
                raise ValueError(f"latency: from {low_ns} to {high_ns} ns, {count} times")
            if count:
                total += count
                self._steps.append((low_ns, high_ns))
                self._counts.append(total)
        self._total = total
        if constant_ns < 0 or (measured and not total):
            raise ValueError("latency: below zero, or a distribution without a single measurement")

    cpdef int64_t draw(self) except -1:
        """Return the next one, in nanoseconds."""
        cdef int64_t low_ns, high_ns
        if not self._steps:
            return self._constant_ns
        low_ns, high_ns = self._steps[bisect_left(self._counts, 1 + self._random() % self._total)]
        return low_ns + <int64_t>(self._random() % <uint64_t>(high_ns - low_ns + 1))

    cdef uint64_t _random(self) noexcept:
        # splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
        cdef uint64_t mixed
        self._state += <uint64_t>0x9E3779B97F4A7C15
        mixed = self._state
        mixed = (mixed ^ (mixed >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
        mixed = (mixed ^ (mixed >> 27)) * <uint64_t>0x94D049BB133111EB
        return mixed ^ (mixed >> 31)


@cython.final
cdef class LedRecording(Recording):
    """A recording that a venue is led by: `lead` hands it the next message, `step` hands agents theirs."""

    def __cinit__(self):
        self.ring = <led_entry*>calloc(ENTRIES, sizeof(led_entry))
        if self.ring == NULL:
            raise MemoryError
        self.mask = ENTRIES - 1

    def __init__(self, Recording source not None, VenueSide side not None, Latency latency=None, int64_t clock_ns=0):
        """Lead `side` by `source`, which no message was taken of; agents see it `latency` later, None: as it was recorded."""
        Recording.__init__(self)
        self.source = source
        self.side = side
        self.latency = latency
        self.clock_ns = clock_ns
        self.tracker = source.tracker
        self.streams = source.streams
        self.event_ns, self.recv_ns = _fields("ts_event_ns"), _fields("ts_recv_ns")
        self.due_ns = 0

    def __dealloc__(self):
        while self.freed < self.read:
            Py_DECREF(<object>self.ring[self.freed & self.mask].message)
            self.freed += 1
        free(self.ring)

    def want(self, streams):
        self.source.want({*streams, *self.side.streams})

    cpdef bint step(self) except -1:
        cdef led_entry* entry
        if self.given == self.read and not self._read():
            self.message = None
            return False
        entry = &self.ring[self.given & self.mask]
        self.fields = entry.fields
        self.wall_ns = entry.wall_ns
        self.message = <object>entry.message
        self.given += 1
        if self.due_ns == 0:
            self._peek()
        self._free()
        return True

    cdef bint lead(self) except -1:
        # Hands the venue its next message, which is due; returns whether anything came of it.
        cdef led_entry* entry = &self.ring[self.applied & self.mask]
        cdef bint came = self.side.happened(&entry.fields, <object>entry.message, entry.venue_ns)
        self.applied += 1
        self._peek()
        self._free()
        return came

    # Finds when the venue has its next message.
    cdef int _peek(self) except -1:
        if self.applied == self.read and not self._read():
            self.due_ns = NEVER_NS
        else:
            self.due_ns = self.ring[self.applied & self.mask].venue_ns
        return 0

    cdef bint _read(self) except -1:
        cdef led_entry* entry
        if not self.source.step():
            return False
        if self.read - self.freed > self.mask:
            self._grow()
        entry = &self.ring[self.read & self.mask]
        entry.fields = self.source.fields
        entry.message = <PyObject*>self.source.message
        self._stamp(entry)
        Py_INCREF(<object>entry.message)
        self.read += 1
        return True

    # Writes when the venue did what a message tells of, and when agents have it.
    cdef int _stamp(self, led_entry* entry) except -1:
        cdef object message = self.source.message
        cdef StructField event = self.event_ns[entry.fields.type]
        cdef StructField recv
        cdef int64_t recorded_ns = self.source.wall_ns
        cdef int64_t event_ns = 0 if event is None else event.int_of(message)
        cdef int64_t venue_ns
        if event_ns > 0:
            venue_ns = min(recorded_ns, event_ns - self.clock_ns)
            self.side.lag_ns = recorded_ns - venue_ns
        else:
            venue_ns = recorded_ns - self.side.lag_ns
        entry.venue_ns = venue_ns = max(venue_ns, self.ring[(self.read - 1) & self.mask].venue_ns if self.read else 0)
        if self.latency is None:
            entry.wall_ns = recorded_ns
            return 0
        self.agents_ns = entry.wall_ns = max(self.agents_ns, venue_ns + self.latency.draw())
        recv = self.recv_ns[entry.fields.type]
        if recv is not None:
            # Nobody else has a message that was just read out of a log; others may be in somebody's list.
            if not isinstance(self.source, LogRecording):
                message = msgspec.structs.replace(message)
            recv.put(message, entry.wall_ns)
            entry.message = <PyObject*>message
            self.source.message = message
        return 0

    cdef int _grow(self) except -1:
        cdef uint64_t size = 2 * (self.mask + 1)
        cdef led_entry* grown = <led_entry*>calloc(size, sizeof(led_entry))
        cdef uint64_t place
        if grown == NULL:
            raise MemoryError
        for place in range(self.freed, self.read):
            grown[place & (size - 1)] = self.ring[place & self.mask]
        free(self.ring)
        self.ring, self.mask = grown, size - 1
        return 0

    cdef int _free(self) except -1:
        cdef PyObject* message
        while self.freed < self.applied and self.freed < self.given:
            message = self.ring[self.freed & self.mask].message
            self.freed += 1
            Py_DECREF(<object>message)
        return 0
