"""What every venue adapter speaks of a feed, and how it reads what a venue sends."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import msgspec

from agents.instruments import SCALE_E8, InstrumentInfo
from schemas.errors import DecimalError, VenueError
from schemas.messages import BookDelta, BookSnapshot, Kline, MarkPrice, Quote, Trade, VenueBar
from schemas.units import MS


class FeedKind(IntEnum):
    """What a venue feed carries; decides which stream its messages are published on."""

    TRADE = 1
    AGGREGATE_TRADE = 2
    DEPTH = 3
    TICKER = 4
    MARK = 5
    BAR = 6


class Channel(msgspec.Struct, frozen=True):
    """One feed of one instrument: the venue's name for it, and the stream that it is published on."""

    name: str
    kind: FeedKind
    info: InstrumentInfo
    stream: int
    connection: str
    weaker: int = 0
    """What the feed does not promise, flags of `schemas.streams.Weakness`."""
    interval_ms: int = 0
    """Of bars: how long each is."""


class StreamRequest(msgspec.Struct, frozen=True):
    """A message that is sent on a websocket and answered there: a login, or a subscription.

    The answer to it names `id`; `message` is JSON, completed by the signer where it is `signed`.
    """

    id: str
    message: Mapping[str, Any]
    signed: bool = False


class Heartbeat(msgspec.Struct, frozen=True):
    """How a venue is kept from closing a websocket: the text that is sent every so often, and what its answer holds.

    An answer is a short frame with `pong` in it, and is handed to nobody. A venue from which nothing at all came since the
    heartbeat before is gone. A venue that asks in its turn sends `asked` as a whole frame and wants `answer`.
    """

    ping: str
    pong: bytes
    interval_ms: int
    asked: bytes = b""
    answer: str = ""


class VenueLimit(msgspec.Struct, frozen=True):
    """How much the venue takes of an account in one window of its clock: request weight, or new orders.

    Each answer may tell in `header` (in title case) how much of it is used.
    """

    name: str
    window_ms: int
    limit: int
    header: str
    counts_orders: bool = False


Tick = Trade | BookDelta | BookSnapshot | Quote | MarkPrice | VenueBar
"""What one frame of a feed may say."""


def parse_e8(text: str) -> int:
    """Return a decimal of a venue, with or without a sign, times 10**8; an empty one is 0.

    Raises:
        DecimalError: If it is not a plain decimal of at most eight decimals.
    """
    if not text:
        return 0
    return -SCALE_E8.parse(text[1:]) if text[0] == "-" else SCALE_E8.parse(text)


def bar_of(kline: Kline, interval_ms: int, ts_recv_ns: int) -> VenueBar:
    """Return a bar of a stream with the values of a kline, which lasts so long."""
    values = msgspec.structs.astuple(kline)
    return VenueBar(min(kline.open_ns + interval_ms * MS, 2**63 - 1), ts_recv_ns, interval_ms, *values)


def refuse(found: object, what: str) -> VenueError:
    """Return the error for something that a venue sent and its documentation does not allow."""
    return VenueError(f"{what}: {found}")


DECODE_ERRORS = (msgspec.MsgspecError, DecimalError, VenueError, RecursionError, UnicodeDecodeError, OverflowError)
"""All that decoding hostile bytes can raise."""
