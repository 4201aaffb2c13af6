"""Recordings: what a publisher sent, message after message in the order of receipt, as a replay takes it.

The time of a message is the wall clock at its receipt (`ts_recv_ns`); a message without one, or of a clock that was set
back, has the time of the one before. The recorded monotonic times mean nothing here: a message is handed out with the
time of the replay.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from core.frame cimport HEADER_SIZE, VERSION, Header, header_object, header_read, refuse_header
from core.struct_field cimport StructField
from core.log.reader cimport LogReader
from core.sequence cimport SequenceTracker
from core.stream_table cimport StreamTable
from mesh.protocol.codec cimport decode_payload

from schemas.messages import MESSAGE_TYPES as _TYPES
from schemas.messages import TYPE_NUMBERS as _NUMBERS

cdef Py_ssize_t FRAMES_AT_ONCE = 1024
cdef dict numbers = dict(_NUMBERS)
# Where a message of each type tells when it was received, at the place of its number; None where it does not. Of any type,
# so no group of readers has them.
cdef list RECV_NS = [None] * (max(_TYPES) + 1)
for _number, _type in _TYPES.items():
    if "ts_recv_ns" in _type.__struct_fields__:
        RECV_NS[_number] = StructField(_type, "ts_recv_ns")


cdef class Recording:
    """Base of all recordings: a cursor that stands before the first message until the first `step`."""

    def __init__(self):
        self.tracker = SequenceTracker()
        self.streams = []

    @property
    def epoch(self):
        """The publisher's epoch in which it sent the message at hand."""
        return self.fields.epoch

    @property
    def seq(self):
        """The place of the message at hand in its stream."""
        return self.fields.seq

    @property
    def flags(self):
        """The flags with which the message at hand was sent."""
        return self.fields.flags

    cpdef bint step(self) except -1:
        """Go to the next message; False if there is none.

        Raises:
            FrameError: If what was recorded is not a message that this version knows.
        """
        raise NotImplementedError

    def want(self, streams):
        """Leave out messages of all other streams where that saves work."""

    cdef Header header(self, int64_t now_ns):
        """Return the header of the message at hand, received, decided on and sent on at `now_ns`."""
        self.fields.origin_ns = self.fields.recv_ns = self.fields.decided_ns = self.fields.send_ns = now_ns
        return header_object(&self.fields)


@cython.final
cdef class LogRecording(Recording):
    """The publication log of an agent, from its oldest record to the end that it has now."""

    def __init__(self, str path not None):
        """Open the log in the folder `path`."""
        Recording.__init__(self)
        self.log = LogReader(path)
        self.frames = []
        self.streams = list(self.log.streams())
        for stream in self.streams:
            epoch, seq = self.log.first(stream)
            self.tracker.set(stream, epoch, seq - 1)

    def want(self, streams):
        self.wanted = StreamTable(dict.fromkeys(streams, True))

    cpdef bint step(self) except -1:
        cdef bytes frame
        cdef int64_t received_ns
        cdef const uint8_t* data
        cdef Py_ssize_t size
        cdef StructField recv_ns
        while True:
            if self.place == len(self.frames):
                self.frames = self.log.poll(FRAMES_AT_ONCE)
                self.place = 0
                if not self.frames:
                    self.message = None
                    return False
            frame = <bytes>self.frames[self.place]
            self.place += 1
            data = <const uint8_t*>PyBytes_AS_STRING(frame)
            size = PyBytes_GET_SIZE(frame)
            refuse_header(header_read(data, size, &self.fields), data, size)
            if self.wanted is None or self.wanted.get(self.fields.stream) is not None:
                break
        self.message = decode_payload(self.fields.type, <char*>data + HEADER_SIZE, size - HEADER_SIZE)
        recv_ns = RECV_NS[self.fields.type]
        received_ns = 0 if recv_ns is None else recv_ns.int_of(self.message)
        if received_ns > self.wall_ns:
            self.wall_ns = received_ns
        return True


@cython.final
cdef class MessageRecording(Recording):
    """Messages of one stream that are in memory, or come from an iterator; each must have `ts_recv_ns`."""

    def __init__(self, uint32_t stream, messages not None, *, uint16_t sender=0):
        """Number `messages` from 1 as those of `stream`, sent by the agent with the id `sender` in epoch 1."""
        Recording.__init__(self)
        if type(messages) is list:
            self.listed = <list>messages
        else:
            self.messages = iter(messages)
        self.streams = [stream]
        self.tracker.set(stream, 1, 0)
        self.fields.stream, self.fields.version, self.fields.sender, self.fields.epoch = stream, VERSION, sender, 1

    cpdef bint step(self) except -1:
        cdef int64_t received_ns
        if self.listed is None:
            self.message = next(self.messages, None)
        elif self.place < PyList_GET_SIZE(self.listed):
            self.message = self.listed[self.place]
            self.place += 1
        else:
            self.message = None
        if self.message is None:
            return False
        if type(self.message) is not self.type_known:
            self.type_known = type(self.message)
            self.recv_ns = StructField(self.type_known, "ts_recv_ns")
            self.fields.type = numbers[self.type_known]
        self.fields.seq += 1
        received_ns = self.recv_ns.int_of(self.message)
        if received_ns > self.wall_ns:
            self.wall_ns = received_ns
        return True


@cython.final
cdef class BlockRecording(Recording):
    """Messages of one stream that come in blocks, each with its place in the stream, its flags and when it was received.

    A block is (messages, received_ns, seqs, flags): a list, and arrays of int64, uint64 and uint8 of its length. Places rise
    from 1 or above; one that is left out is a message that was lost, for which whoever follows asks in vain.
    """

    def __init__(self, uint32_t stream, blocks not None, *, uint16_t sender=0):
        """Take the blocks of `stream` one by one, the first at once, as sent by the agent with the id `sender` in epoch 1."""
        Recording.__init__(self)
        self.blocks = iter(blocks)
        self.streams = [stream]
        self.fields.stream, self.fields.version, self.fields.sender, self.fields.epoch = stream, VERSION, sender, 1
        self.tracker.set(stream, 1, self.seqs[0] - 1 if self._take() else 0)

    def want(self, streams):
        if self.fields.stream not in streams:
            self.blocks = iter(())
            self.place = self.count = 0

    cpdef bint step(self) except -1:
        if self.place == self.count and not self._take():
            self.message = None
            return False
        self.message = self.messages[self.place]
        if type(self.message) is not self.type_known:
            self.type_known = type(self.message)
            self.fields.type = numbers[self.type_known]
        self.fields.seq = self.seqs[self.place]
        self.fields.flags = self.flags[self.place]
        if self.received_ns[self.place] > self.wall_ns:
            self.wall_ns = self.received_ns[self.place]
        self.place += 1
        return True

    # Go to the next block that has messages; False if there is none.
    cdef bint _take(self) except -1:
        self.place = self.count = 0
        for block in self.blocks:
            self.messages, self.received_ns, self.seqs, self.flags = block
            self.count = PyList_GET_SIZE(self.messages)
            if not self.count == self.received_ns.shape[0] == self.seqs.shape[0] == self.flags.shape[0]:
                raise ValueError("a block has a time, a place and flags for each of its messages")
            if self.count:
                return True
        return False
