"""What reached an agent, in the order in which it did: enough to hand it the same once more (`mesh.history.rerun`).

The engine writes a record before each handler that it calls, so whatever a handler publishes stands in the agent's log only
if its input stands here: an agent that is killed leaves no output without its cause, and of its last input perhaps fewer
outputs than it would have had. Both files are mapped memory: the death of the process loses nothing of either.

A record is a frame in a log of its own (`core.log`), one folder for each start of the agent, so that the opening of
it costs nothing. What a publisher's log holds is named there by its place (stream, epoch, seq) in 64 bytes; what no log
holds (beats, requests, answers, venue frames) stands here by value. Fields of the header:

    type        what it is, `STARTED` to `CALLED`
    seq         number of the record within this start
    recv_ns     monotonic time of the input;  send_ns: the wall time of the same moment
    sender      DELIVERED, BATCH: number of the publisher
    origin_ns   DELIVERED, BATCH: stream and epoch of the message;  corr: its seq, of a batch the last one
    decided_ns  BATCH: seq of the first message
    corr        SOCKET: whether it opened;  ASKED: whether it left
    flags       CONTINUED: a payload longer than a record goes on in the next
    payload     a name (connection, peer or routing token) after its length in two bytes, then the data

An ASKED stands behind the input whose handler asked a peer: it holds the request as it left, because the time at which that
was counts for its deadline. A CALLED likewise holds what the venue was asked. A disk that takes no more ends the recording
and not the agent (`on` is false then).
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from core.frame cimport HEADER_SIZE, VERSION, Header, frame_header, header_write
from core.log.writer cimport LogWriter
from mesh.context cimport VenueReply

from importlib.metadata import version

import msgspec

from schemas.streams import INPUTS_STREAM

cdef object encode_fields = msgspec.msgpack.encode
cdef uint32_t STREAM = INPUTS_STREAM
cdef enum:
    TAG_SIZE = 2                # bytes before a name
    PAYLOAD_MAX = 48 * 1024     # fits the smallest segment that a configuration allows


@cython.final
@cython.binding(False)
cdef class InputLog:
    """The recorder of one start of one agent, into the folder `path`; it is off, and records nothing, if that is empty."""

    def __cinit__(self, *args, **kwargs):
        self.buffer = NULL

    def __init__(self, str path not None, uint32_t epoch, *, int64_t segment_bytes):
        if not path:
            return
        self.log = LogWriter(path, segment_bytes=segment_bytes)
        self.epoch = epoch
        self.buffer = <uint8_t*>PyMem_Malloc(HEADER_SIZE + PAYLOAD_MAX)
        if self.buffer is NULL:
            raise MemoryError
        self.on = True

    def __dealloc__(self):
        PyMem_Free(self.buffer)

    def close(self):
        """Give the folder up; what was recorded stays."""
        self.on = False
        if self.log is not None:
            self.log.close()

    def started(self, LogWriter log not None, int64_t now_ns, int64_t wall_ns):
        """Record a start, and where the log begins: what retention removes later cannot be folded again."""
        if self.on:
            begin = next((position for position, _ in log.scan()), log.position)
            self._named(STARTED, version("tickmesh"), b"", now_ns, wall_ns, begin)

    def stopping(self, int64_t now_ns, int64_t wall_ns):
        """Record that the agent was told to get ready to end."""
        self._plain(STOPPING, now_ns, wall_ns)

    def stop(self, int64_t now_ns, int64_t wall_ns):
        """Record that the agent was told to end."""
        self._plain(STOP, now_ns, wall_ns)

    def pause(self, int64_t now_ns, int64_t wall_ns):
        """Record that the process had stood still."""
        self._plain(PAUSE, now_ns, wall_ns)

    def socket(self, str connection not None, bint up, str reason not None, int64_t now_ns, int64_t wall_ns):
        """Record that a venue websocket opened or closed."""
        self._named(SOCKET, connection, reason.encode(), now_ns, wall_ns, up)

    def called(self, str name not None, asked, int64_t now_ns, int64_t wall_ns):
        """Record what the venue was asked, behind the input whose handler did."""
        if self.on:
            self._named(CALLED, name, encode_fields(asked), now_ns, wall_ns, 0)

    def venue_reply(self, VenueReply reply not None, int64_t now_ns, int64_t wall_ns):
        """Record the end of a REST call."""
        if self.on:
            fields = (reply.call_id, int(reply.outcome), reply.status, reply.body, dict(reply.headers), reply.text)
            self._named(VENUE_REPLY, "", encode_fields(fields), now_ns, wall_ns, 0)

    cpdef int delivered(self, Header header, int64_t now_ns, int64_t wall_ns) except -1:
        """Record a message in order by its place in its publisher's log."""
        cdef uint64_t place = <uint64_t>header.stream << 32 | header.epoch
        return self._put(DELIVERED, 0, header.sender, place, header.seq, 0, now_ns, wall_ns, 0)

    cpdef int batch(self, Header first, Header last, int64_t now_ns, int64_t wall_ns) except -1:
        """Record messages of one stream that were handed over together."""
        cdef uint64_t place = <uint64_t>last.stream << 32 | last.epoch
        return self._put(BATCH, 0, last.sender, place, last.seq, <int64_t>first.seq, now_ns, wall_ns, 0)

    cpdef int publication(self, str publisher, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        """Record a frame of a publisher that is not in order, or a beat."""
        return self._named(PUBLICATION, publisher, frame, now_ns, wall_ns, 0)

    cpdef int request(self, bytes token, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        """Record a request of a client, with the token that routes its answer."""
        cdef size_t size = <size_t>PyBytes_GET_SIZE(token)
        return self._carry(REQUEST, PyBytes_AS_STRING(token), size, frame, now_ns, wall_ns, 0)

    cpdef int reply(self, str peer, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        """Record the answer of a peer."""
        return self._named(REPLY, peer, frame, now_ns, wall_ns, 0)

    cpdef int frame(self, str connection, bytes frame, int64_t now_ns, int64_t wall_ns) except -1:
        """Record a frame of a venue."""
        return self._named(FRAME, connection, frame, now_ns, wall_ns, 0)

    cpdef int timers(self, int64_t now_ns, int64_t wall_ns) except -1:
        """Record that what was due was done."""
        return self._plain(TIMERS, now_ns, wall_ns)

    cpdef int asked(self, str peer, bytes frame, bint left, int64_t now_ns, int64_t wall_ns) except -1:
        """Record that a request was sent, behind the input whose handler did."""
        return self._named(ASKED, peer, frame, now_ns, wall_ns, left)

    cdef int _plain(self, int kind, int64_t now_ns, int64_t wall_ns) except -1:
        return self._put(kind, 0, 0, 0, 0, 0, now_ns, wall_ns, 0)

    cdef int _named(self, int kind, str name, bytes data, int64_t now_ns, int64_t wall_ns, uint64_t number) except -1:
        cdef Py_ssize_t size
        cdef const char* tag
        if not self.on:
            return 0
        tag = PyUnicode_AsUTF8AndSize(name, &size)
        return self._carry(kind, tag, <size_t>size, data, now_ns, wall_ns, number)

    cdef int _carry(
        self, int kind, const char* tag, size_t tag_size, bytes data, int64_t now_ns, int64_t wall_ns, uint64_t number
    ) except -1:
        cdef const char* source
        cdef size_t left
        cdef uint8_t* payload
        cdef size_t offset = TAG_SIZE + tag_size
        cdef size_t part
        cdef uint16_t length = <uint16_t>tag_size
        if not self.on:
            return 0
        source, left = PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data)
        payload = self.buffer + HEADER_SIZE
        if tag_size > PAYLOAD_MAX // 2:
            raise ValueError(f"a name of {tag_size} bytes (allowed: {PAYLOAD_MAX // 2})")
        memcpy(payload, &length, TAG_SIZE)
        memcpy(payload + TAG_SIZE, tag, tag_size)
        while True:
            part = min(left, PAYLOAD_MAX - offset)
            memcpy(payload + offset, source, part)
            left -= part
            source += part
            self._put(kind, CONTINUED if left else 0, 0, 0, number, 0, now_ns, wall_ns, offset + part)
            if not left:
                return 0
            offset = 0

    # Appends a record whose payload of `size` bytes stands in the buffer.
    cdef int _put(
        self,
        int kind,
        uint8_t flags,
        uint16_t sender,
        uint64_t place,
        uint64_t number,
        int64_t first,
        int64_t now_ns,
        int64_t wall_ns,
        size_t size,
    ) except -1:
        cdef frame_header fields
        if not self.on:
            return 0
        fields.stream, fields.version, fields.flags, fields.type = STREAM, VERSION, flags, <uint16_t>kind
        fields.sender, fields.ttl_ms, fields.epoch, fields.seq = sender, 0, self.epoch, self.count + 1
        fields.origin_ns, fields.send_ns, fields.corr = <int64_t>place, wall_ns, number
        fields.recv_ns, fields.decided_ns = now_ns, first
        header_write(self.buffer, &fields)
        try:
            self.log.append_c(self.buffer, HEADER_SIZE + size)
        except OSError:
            self.on = False
            return 0
        self.count += 1
        return 0
