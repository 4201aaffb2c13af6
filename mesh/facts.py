"""A message as plain values, for people and for JSON."""

from typing import Any

import msgspec

from core.decimals import unpack_levels
from schemas.messages import BookDelta, BookSnapshot, Message

SIDES = ("bids", "asks")
LEVEL_BYTES = 16


def facts(message: Message) -> dict[str, Any]:
    """Return a message's fields by name: book levels as [price_ticks, qty_lots], other bytes as hexadecimal digits."""
    fields = msgspec.structs.asdict(message)
    if isinstance(message, BookDelta | BookSnapshot) and all(len(fields[side]) % LEVEL_BYTES == 0 for side in SIDES):
        fields |= {side: unpack_levels(fields[side]) for side in SIDES}
    return {name: plain(value) for name, value in fields.items()}


def plain(value: Any) -> Any:
    """Return a field's value as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value


def short(value: Any, letters_max: int = 64) -> str:
    """Return a value for one line."""
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= letters_max else f"{text[:letters_max]}... ({len(text)})"
