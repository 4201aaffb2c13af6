"""Payloads: a message to bytes and back, with one error for everything that bytes can do wrong.

msgspec raises more than its own errors on hostile input (RecursionError on nesting, UnicodeDecodeError on text), so every
payload that comes from outside goes through `decode`.
"""

import msgspec

from schemas.errors import FrameError
from schemas.messages import MESSAGE_TYPES, TYPE_NUMBERS, Message

_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[int, msgspec.msgpack.Decoder[Message]] = {
    number: msgspec.msgpack.Decoder(cls) for number, cls in MESSAGE_TYPES.items()
}

encode = _ENCODER.encode


def type_number(message: Message) -> int:
    """Return the header's type number of `message`; a KeyError is a programmer's error."""
    return TYPE_NUMBERS[type(message)]


def decode(number: int, payload: bytes | memoryview) -> Message:
    """Return the message of type `number` in `payload`.

    Raises:
        FrameError: If the type is not known or the payload is not a valid message of it.
    """
    decoder = _DECODERS.get(number)
    if decoder is None:
        raise FrameError(f"message type {number} is not known (allowed: {sorted(_DECODERS)})")
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError, MemoryError) as error:
        name = MESSAGE_TYPES[number].__name__
        raise FrameError(f"{len(payload)} bytes are not a {name}: {type(error).__name__}: {error}") from error
