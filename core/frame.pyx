"""The frame: a fixed header of 64 bytes and a payload, the same bytes on the wire, in the log and in a repair answer.

All header fields are little-endian but `stream`, which comes first and big-endian, so that a subscription to a kind,
a venue or one instrument is a plain prefix of 1, 2 or 4 bytes. C code reads and writes headers with `header_read` and
`header_write` from `frame.pxd`; Python code uses `pack`, `unpack` and `payload`.

| offset | size | field | meaning |
|---|---|---|---|
| 0 | 4 | stream | big-endian: kind 1, venue 1, instrument 2 bytes |
| 4 | 1 | version | 3 |
| 5 | 1 | flags | SNAPSHOT 1, REPLAY 2, STALE 4, LAST 8 |
| 6 | 2 | type | message type number |
| 8 | 2 | sender | agent number |
| 10 | 2 | ttl_ms | requests: how long after `send_ns` they may be acted on |
| 12 | 4 | epoch | the publisher's start counter |
| 16 | 8 | seq | contiguous from 1 per sender and stream; requests: request id |
| 24 | 8 | origin_ns | monotonic time at which the causing tick was received, 0 if none |
| 32 | 8 | send_ns | monotonic time at which this was encoded, just before it went into the log (requests, answers: to the peer) |
| 40 | 8 | corr | correlation id |
| 48 | 8 | recv_ns | monotonic time at which the sender received what made it send this, 0 if nothing did |
| 56 | 8 | decided_ns | monotonic time at which the sender's handler asked for this to be sent; market data: had decoded the tick |

From one agent to the next a tick is received (`recv_ns`), decided on (`decided_ns`) and sent (`send_ns`), in this order.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromObject, PyMemoryView_GET_BUFFER

from schemas.errors import FrameError

cdef enum:
    VERSION_PLACE = 4


@cython.final
@cython.freelist(256)
cdef class Header:
    """The fields of one frame header; read-only integers."""

    def __init__(
        self,
        *,
        uint32_t stream,
        uint16_t type,
        uint16_t sender,
        uint32_t epoch,
        uint64_t seq,
        uint8_t version=VERSION,
        uint8_t flags=0,
        uint16_t ttl_ms=0,
        int64_t origin_ns=0,
        int64_t send_ns=0,
        uint64_t corr=0,
        int64_t recv_ns=0,
        int64_t decided_ns=0,
    ):
        """Take every field by name; a value outside its field's width raises OverflowError."""
        self.stream = stream
        self.version = version
        self.flags = flags
        self.type = type
        self.sender = sender
        self.ttl_ms = ttl_ms
        self.epoch = epoch
        self.seq = seq
        self.origin_ns = origin_ns
        self.send_ns = send_ns
        self.corr = corr
        self.recv_ns = recv_ns
        self.decided_ns = decided_ns

    @property
    def kind(self):
        """The kind of stream: the first byte of `stream`."""
        return self.stream >> 24

    @property
    def venue(self):
        """The venue number: the second byte of `stream`."""
        return (self.stream >> 16) & 0xFF

    @property
    def instrument(self):
        """The instrument number: the last two bytes of `stream`."""
        return self.stream & 0xFFFF

    def __eq__(self, other):
        return isinstance(other, Header) and _fields(self) == _fields(<Header>other)

    def __hash__(self):
        return hash(_fields(self))

    def __repr__(self):
        return (
            f"Header(stream={self.stream:#010x}, version={self.version}, flags={self.flags}, type={self.type}, "
            f"sender={self.sender}, ttl_ms={self.ttl_ms}, epoch={self.epoch}, seq={self.seq}, "
            f"origin_ns={self.origin_ns}, send_ns={self.send_ns}, corr={self.corr}, "
            f"recv_ns={self.recv_ns}, decided_ns={self.decided_ns})"
        )


def pack(
    *,
    uint32_t stream,
    uint16_t type,
    uint16_t sender,
    uint32_t epoch,
    uint64_t seq,
    int64_t origin_ns=0,
    int64_t send_ns=0,
    uint64_t corr=0,
    uint8_t flags=0,
    uint16_t ttl_ms=0,
    int64_t recv_ns=0,
    int64_t decided_ns=0,
    payload=b"",
):
    """Return the frame with these header fields and `payload` (bytes-like).

    Raises:
        OverflowError: If a value does not fit the width of its field.
    """
    cdef frame_header fields
    fields.stream, fields.version, fields.flags, fields.type = stream, VERSION, flags, type
    fields.sender, fields.ttl_ms, fields.epoch, fields.seq = sender, ttl_ms, epoch, seq
    fields.origin_ns, fields.send_ns, fields.corr = origin_ns, send_ns, corr
    fields.recv_ns, fields.decided_ns = recv_ns, decided_ns
    if isinstance(payload, bytes):
        return frame_bytes(&fields, <const uint8_t*>PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))
    cdef Py_buffer view
    PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
    try:
        return frame_bytes(&fields, <const uint8_t*>view.buf, view.len)
    finally:
        PyBuffer_Release(&view)


cpdef Header unpack(frame):
    """Return the header of `frame` (bytes-like).

    Raises:
        FrameError: If the frame is shorter than a header or of another version.
    """
    cdef frame_header fields
    cdef const uint8_t* data
    cdef Py_buffer view
    if isinstance(frame, bytes):
        data = <const uint8_t*>PyBytes_AS_STRING(frame)
        refuse_header(header_read(data, PyBytes_GET_SIZE(frame), &fields), data, PyBytes_GET_SIZE(frame))
        return header_object(&fields)
    PyObject_GetBuffer(frame, &view, PyBUF_SIMPLE)
    data = <const uint8_t*>view.buf
    try:
        refuse_header(header_read(data, view.len, &fields), data, view.len)
    finally:
        PyBuffer_Release(&view)
    return header_object(&fields)


def payload(frame):
    """Return the bytes after the header as a view, without a copy.

    Raises:
        FrameError: If the frame is shorter than a header.
    """
    cdef object view = PyMemoryView_FromObject(frame)
    cdef size_t size = PyMemoryView_GET_BUFFER(view).len
    if size < HEADER_SIZE:
        refuse_header(-1, <const uint8_t*>PyMemoryView_GET_BUFFER(view).buf, size)
    return view[HEADER_SIZE:]


def with_flags(bytes frame not None, uint8_t flags):
    """Return a copy of `frame` with `flags` set in addition to those that it has.

    Raises:
        FrameError: If the frame is shorter than a header or of another version.
    """
    cdef frame_header fields
    cdef const uint8_t* data = <const uint8_t*>PyBytes_AS_STRING(frame)
    cdef size_t size = PyBytes_GET_SIZE(frame)
    refuse_header(header_read(data, size, &fields), data, size)
    fields.flags |= flags
    return frame_bytes(&fields, data + HEADER_SIZE, size - HEADER_SIZE)


cdef Header header_object(const frame_header* fields):
    cdef Header header = Header.__new__(Header)
    header.stream = fields.stream
    header.version = fields.version
    header.flags = fields.flags
    header.type = fields.type
    header.sender = fields.sender
    header.ttl_ms = fields.ttl_ms
    header.epoch = fields.epoch
    header.seq = fields.seq
    header.origin_ns = fields.origin_ns
    header.send_ns = fields.send_ns
    header.corr = fields.corr
    header.recv_ns = fields.recv_ns
    header.decided_ns = fields.decided_ns
    return header


cdef bytes frame_bytes(const frame_header* fields, const uint8_t* payload, size_t size):
    cdef bytes frame = PyBytes_FromStringAndSize(NULL, HEADER_SIZE + size)
    cdef uint8_t* data = <uint8_t*>PyBytes_AS_STRING(frame)
    header_write(data, fields)
    memcpy(data + HEADER_SIZE, payload, size)
    return frame


# Raises what a status of `header_read` other than 0 means. Headers of other versions may be shorter, so what has a version
# is refused for that.
cdef int refuse_header(int status, const uint8_t* data, size_t size) except -1:
    if status == -2 or (status == -1 and size > VERSION_PLACE and data[VERSION_PLACE] != VERSION):
        raise FrameError(
            f"frame of version {data[VERSION_PLACE]}: only version {VERSION} is understood; "
            "both ends must be of one version of Tickmesh, and what is logged is read by the version that wrote it"
        )
    if status == -1:
        raise FrameError(f"frame of {size} bytes: at least {HEADER_SIZE} are needed")
    return 0


cdef tuple _fields(Header header):
    return (
        header.stream, header.version, header.flags, header.type, header.sender, header.ttl_ms,
        header.epoch, header.seq, header.origin_ns, header.send_ns, header.corr, header.recv_ns,
        header.decided_ns,
    )
