"""Payloads: a message to bytes and back, with one error for everything that bytes can do wrong.

msgspec raises more than its own errors on hostile input (RecursionError on nesting, UnicodeDecodeError on text), so every
payload that comes from outside goes through `decode`. A `Packer` writes a payload straight behind its header: one
encoding, one object for each frame.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.buffer cimport PyBUF_READ
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from core.frame cimport HEADER_SIZE, VERSION, Header, frame_header, header_write

import msgspec

from schemas.errors import FrameError
from schemas.messages import MESSAGE_TYPES as _TYPES
from schemas.messages import TYPE_NUMBERS as _NUMBERS

cdef int SCRATCH_BYTES = 1024
cdef Py_ssize_t COPIED_BYTES_MAX = 1024  # a view costs more than to copy so much

_ENCODER = msgspec.msgpack.Encoder()
encode = _ENCODER.encode
cdef object encode_into = _ENCODER.encode_into
cdef dict numbers = dict(_NUMBERS)
# The decoder's `decode` of each type, at the place of its number; None where there is no type.
cdef list decoders = [None] * (max(_TYPES) + 1)
for _number, _type in _TYPES.items():
    decoders[_number] = msgspec.msgpack.Decoder(_type).decode
cdef tuple REFUSED = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError, MemoryError)


def type_number(message):
    """Return the header's type number of `message`; a KeyError is a programmer's error."""
    return numbers[type(message)]


cpdef object decode(int number, payload):
    """Return the message of type `number` in `payload`.

    Raises:
        FrameError: If the type is not known or the payload is not a valid message of it.
    """
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


cdef object decode_payload(int number, char* data, Py_ssize_t size):
    return decode(number, payload_of(data, size))


# Returns a payload as `decode` takes it, for as long as `data` is there: no message keeps a part of its payload.
cdef object payload_of(char* data, Py_ssize_t size):
    if size <= COPIED_BYTES_MAX:
        return PyBytes_FromStringAndSize(data, size)
    return PyMemoryView_FromMemory(data, size, PyBUF_READ)


@cython.final
cdef class Packer:
    """Makes the frames of one agent."""

    def __init__(self, uint16_t sender):
        """Make frames of `sender`."""
        self.sender = sender
        self.scratch = bytearray(SCRATCH_BYTES)

    cpdef bytes pack(
        self,
        message,
        uint32_t stream,
        uint32_t epoch,
        uint64_t seq,
        int64_t origin_ns,
        int64_t recv_ns,
        int64_t send_ns,
        uint64_t corr,
        uint8_t flags=0,
        uint16_t ttl_ms=0,
    ):
        """Return the frame of `message`; the fields are those of `core.frame.Header`.

        Raises:
            KeyError: If the message has no type number.
            OverflowError: If a value does not fit its field.
        """
        cdef frame_header fields
        cdef bytearray scratch = self.scratch
        fields.stream, fields.version, fields.flags, fields.type = stream, VERSION, flags, numbers[type(message)]
        fields.sender, fields.ttl_ms, fields.epoch, fields.seq = self.sender, ttl_ms, epoch, seq
        fields.origin_ns, fields.send_ns, fields.corr, fields.recv_ns = origin_ns, send_ns, corr, recv_ns
        encode_into(message, scratch, HEADER_SIZE)
        header_write(<uint8_t*>PyByteArray_AS_STRING(scratch), &fields)
        return PyBytes_FromStringAndSize(PyByteArray_AS_STRING(scratch), PyByteArray_GET_SIZE(scratch))
