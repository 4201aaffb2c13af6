"""What every message is made of: the base class, and the bounds of its fields."""

from typing import Annotated

import msgspec
from msgspec import Meta

E8 = 100_000_000

PriceTicks = Annotated[int, Meta(ge=0, le=2**62)]
QtyLots = Annotated[int, Meta(ge=0, le=2**62)]
Money = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SideValue = Annotated[int, Meta(ge=-1, le=1)]
StreamId = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Confidence = Annotated[float, Meta(ge=0.0, le=1.0)]
TradeId = Annotated[str, Meta(max_length=36)]
"""As the venue writes it: digits, or a UUID."""

ClientOrderId = Annotated[str, Meta(max_length=36)]
Text = Annotated[str, Meta(max_length=400)]

Cause = tuple[StreamId, Count, Count]
"""(stream, epoch, seq) of a message that a decision rests on."""


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all messages: immutable, encoded as an array, not tracked by the garbage collector."""
