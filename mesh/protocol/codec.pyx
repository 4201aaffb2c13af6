"""Payloads: a message to bytes and back, with one error for everything that bytes can do wrong.

msgspec raises more than its own errors on hostile input (RecursionError on nesting, UnicodeDecodeError on text), so every
payload that comes from outside goes through `decode`. A `Packer` writes a payload straight behind its header: one
encoding, one object for each frame.

Plain messages are written and read by `core.struct_codec`, whatever else there is by msgspec, in the same bytes. Reading the
frame of a plain message would give the same once more. So its packer keeps it for as long as the frame is under way to the
transport: whoever lives in the same process need not read it. Nor need it read a record that is shown to it in a request.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.buffer cimport PyBUF_READ
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport HEADER_SIZE, VERSION, Header, frame_bytes, frame_header
from core.struct_codec cimport NO_ROOM, StructCodec
from mesh.protocol.clock cimport Clock

import contextlib

import msgspec

from schemas.errors import FrameError
from schemas.messages import MESSAGE_TYPES as _TYPES
from schemas.messages import TYPE_NUMBERS as _NUMBERS

cdef Py_ssize_t SCRATCH_BYTES = 4096
cdef Py_ssize_t SCRATCH_BYTES_MAX = 1 << 20  # a longer payload is msgspec's to write
cdef Py_ssize_t COPIED_BYTES_MAX = 1024  # a view costs more than to copy so much

_ENCODER = msgspec.msgpack.Encoder()
encode = _ENCODER.encode
cdef object encode_into = _ENCODER.encode_into
cdef dict numbers = dict(_NUMBERS)
# The decoder's `decode` of each type, at the place of its number; None where there is no type.
cdef list decoders = [None] * (max(_TYPES) + 1)
for _number, _type in _TYPES.items():
    decoders[_number] = msgspec.msgpack.Decoder(_type).decode
# The codec of each type's plain messages, at the same place; None where no message of the type is.
cdef list codecs = [None] * (max(_TYPES) + 1)
for _number, _type in _TYPES.items():
    with contextlib.suppress(TypeError):  # a type with fields that are never plain
        codecs[_number] = StructCodec(_type)
# What an agent of this process showed to a peer last, and the message that it is of.
cdef bytes shown = None
cdef object shown_message = None
cdef tuple REFUSED = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError, MemoryError)


def type_number(message):
    """Return the header's type number of `message`; a KeyError is a programmer's error."""
    return numbers[type(message)]


cpdef object decode(int number, payload):
    """Return the message of type `number` in `payload`.

    Raises:
        FrameError: If the type is not known or the payload is not a valid message of it.
    """
    if PyBytes_CheckExact(payload):
        message = read_plain(number, PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))
        if message is not None:
            return message
    return decode_any(number, payload)


# Returns the message of a payload that need not be plain.
cdef object decode_any(int number, payload):
    cdef object decoder = decoders[number] if 0 <= number < len(decoders) else None
    if decoder is None:
        raise FrameError(f"message type {number} is not known (allowed: {sorted(_TYPES)})")
    try:
        return decoder(payload)
    except REFUSED as error:
        name = _TYPES[number].__name__
        raise FrameError(f"{len(payload)} bytes are not a {name}: {type(error).__name__}: {error}") from error


cpdef object decode_frame(Header header, bytes frame):
    """Return the message in a frame whose header was read before.

    Raises:
        FrameError: As `decode` does.
    """
    return decode_payload(header.type, PyBytes_AS_STRING(frame) + HEADER_SIZE, PyBytes_GET_SIZE(frame) - HEADER_SIZE)


cpdef show(bytes record, message):
    """Remember that an agent of this process shows `record`, the frame of the plain `message`, to a peer."""
    global shown, shown_message
    shown, shown_message = record, message


cpdef object message_in(Header header, bytes record):
    """Return the message in a record whose header was read before; the one shown last in this process is not read again.

    Raises:
        FrameError: As `decode` does.
    """
    if record is not None and record is shown:
        return shown_message
    return decode_frame(header, record)


cdef object decode_payload(int number, char* data, Py_ssize_t size):
    message = read_plain(number, data, size)
    return decode_any(number, payload_of(data, size)) if message is None else message


# Returns a plain message of type `number`, None if there is none in these bytes.
cdef object read_plain(int number, char* data, Py_ssize_t size):
    cdef object codec = codecs[number] if 0 <= number < len(codecs) else None
    return None if codec is None else (<StructCodec>codec).read(<const uint8_t*>data, size)


# Returns a payload as `decode` takes it, for as long as `data` is there: no message keeps a part of its payload.
cdef object payload_of(char* data, Py_ssize_t size):
    if size <= COPIED_BYTES_MAX:
        return PyBytes_FromStringAndSize(data, size)
    return PyMemoryView_FromMemory(data, size, PyBUF_READ)


@cython.final
cdef class Packer:
    """Makes the frames of one agent."""

    def __init__(self, uint16_t sender, Clock clock=None):
        """Make frames of `sender`, sent when `clock` says; without one, at once when they are decided on."""
        self.sender = sender
        self.clock = clock or Clock()
        self.frame = b""
        self.spare = bytearray()

    def __cinit__(self, *args):
        self.scratch = <uint8_t*>PyMem_Malloc(SCRATCH_BYTES)
        if self.scratch is NULL:
            raise MemoryError
        self.room = SCRATCH_BYTES

    def __dealloc__(self):
        PyMem_Free(self.scratch)

    cpdef bytes pack(
        self,
        message,
        uint32_t stream,
        uint32_t epoch,
        uint64_t seq,
        int64_t origin_ns,
        int64_t recv_ns,
        int64_t decided_ns,
        uint64_t corr,
        uint8_t flags=0,
        uint16_t ttl_ms=0,
    ):
        """Return the frame of `message`; the fields are those of `core.frame.Header`, `send_ns` is when the payload stands.

        Raises:
            KeyError: If the message has no type number.
            OverflowError: If a value does not fit its field.
        """
        cdef frame_header fields
        cdef bytearray spare = self.spare
        cdef int number = numbers[type(message)]
        cdef object codec = codecs[number]
        cdef Py_ssize_t size = 0 if codec is None else self.write(<StructCodec>codec, message)
        cdef bint plain = size > 0
        cdef const uint8_t* payload = self.scratch
        if not plain:
            encode_into(message, spare)
            payload, size = <uint8_t*>PyByteArray_AS_STRING(spare), PyByteArray_GET_SIZE(spare)
        fields.stream, fields.version, fields.flags, fields.type = stream, VERSION, flags, number
        fields.sender, fields.ttl_ms, fields.epoch, fields.seq = self.sender, ttl_ms, epoch, seq
        fields.origin_ns, fields.recv_ns, fields.decided_ns, fields.corr = origin_ns, recv_ns, decided_ns, corr
        fields.send_ns = self.send_ns = self.clock.now_ns(decided_ns)
        self.frame, self.plain = frame_bytes(&fields, payload, size), message if plain else None
        return self.frame

    cpdef recall(self, bytes frame, plain):
        """Take it that `frame`, which was packed before with the message `plain` (None if it is not), is sent now."""
        self.frame, self.plain = frame, plain

    cpdef message_of(self, bytes frame):
        """Return the message of the frame that was packed last, or recalled; None for others and if it is not plain."""
        return self.plain if frame is self.frame else None

    # Writes a plain message into the scratch, which grows with the messages; 0 or less if it is for msgspec.
    cdef Py_ssize_t write(self, StructCodec codec, message) except? -1:
        cdef Py_ssize_t size = codec.write(message, self.scratch, self.room)
        cdef uint8_t* grown
        while size == NO_ROOM and self.room < SCRATCH_BYTES_MAX:
            grown = <uint8_t*>PyMem_Realloc(self.scratch, 2 * self.room)
            if grown is NULL:
                raise MemoryError
            self.scratch = grown
            self.room *= 2
            size = codec.write(message, self.scratch, self.room)
        return size
