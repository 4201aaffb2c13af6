"""A message as plain values, for people and for JSON."""

from typing import Any

import msgspec

from core.decimals import unpack_levels
from core.frame import unpack
from mesh.protocol.codec import decode_frame
from schemas.errors import FrameError
from schemas.messages import BookDelta, BookSnapshot, Message, SubmitOrder
from schemas.streams import stream_name

SIDES = ("bids", "asks")
LEVEL_BYTES = 16
LETTERS_MAX = 64
"""Of one value in a line; JSON shows all."""


def fields_of(message: Message) -> dict[str, Any]:
    """Return a message's fields by name: book levels as [price_ticks, qty_lots], other bytes as hexadecimal digits.

    A submission shows the decision in it by name too.
    """
    fields = msgspec.structs.asdict(message)
    if isinstance(message, BookDelta | BookSnapshot) and all(len(fields[side]) % LEVEL_BYTES == 0 for side in SIDES):
        fields |= {side: unpack_levels(fields[side]) for side in SIDES}
    elif isinstance(message, SubmitOrder):
        fields |= {"decision": _published(message.decision)}
    return {name: _plain(value) for name, value in fields.items()}


def short(value: Any) -> str:
    """Return a value for one line."""
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= LETTERS_MAX else f"{text[:LETTERS_MAX]}... ({len(text)})"


def _published(record: bytes) -> dict[str, Any] | bytes:
    """Return a record by names, where it stands first; its bytes if they are none."""
    try:
        header = unpack(record)
        message = decode_frame(header, record)
    except FrameError:
        return record
    place = {"sender": header.sender, "stream": stream_name(header.stream), "epoch": header.epoch, "seq": header.seq}
    return place | {"type": type(message).__name__} | fields_of(message)


def _plain(value: Any) -> Any:
    """Return a field's value as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
