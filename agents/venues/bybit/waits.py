"""How long Bybit asks not to be called.

Too many requests of an address are answered with status 403 by the venue's gate, and all calls must end for ten minutes.
Too many of an account have the code 10006, and a header says when there is room again, by the clock of the answer.

Source: Bybit API v5 documentation, rate limit, and error codes.
"""

import msgspec
from msgspec import field

from agents.venues.base import DECODE_ERRORS
from mesh.context import VenueReply
from schemas.units import MINUTE, MS, SECOND

GATE_CLOSED = 403
GATE_CLOSED_NS = 10 * MINUTE
TOO_MANY = frozenset({10006, 10018, 10403, 10429})
"""Codes of limiters: of the account, of the address, and of the websocket for orders."""
WAIT_NS = SECOND
"""Where the venue does not say how long: its limits are counted by the second."""
WAIT_NS_MAX = 60 * SECOND
RESET_HEADER = "X-Bapi-Limit-Reset-Timestamp"
TIME_HEADER = "Timenow"
"""When the answer was written; answers on the websocket for orders tell it here only."""


class LimitAnswer(msgspec.Struct):
    """The part of an answer that says of a limit."""

    code: int = field(name="retCode", default=0)
    time_ms: int = field(name="time", default=0)


_DECODER = msgspec.json.Decoder(LimitAnswer)


def retry_after_ns(reply: VenueReply) -> int:
    """Return how long the venue asks not to call, 0 if it does not ask for it."""
    if reply.status == GATE_CLOSED:
        return GATE_CLOSED_NS
    if not reply.body:
        return 0
    try:
        found = _DECODER.decode(reply.body)
    except DECODE_ERRORS:
        return WAIT_NS if reply.status == 429 else 0
    if found.code not in TOO_MANY and reply.status != 429:
        return 0
    reset = reply.headers.get(RESET_HEADER, "")
    now = str(found.time_ms) if found.time_ms else reply.headers.get(TIME_HEADER, "")
    if not (is_number(reset) and is_number(now)):
        return WAIT_NS
    return min(max((int(reset) - int(now)) * MS, MS), WAIT_NS_MAX)


def is_number(text: str) -> bool:
    """Return whether a header is a plain number, and no longer than a time can be."""
    return text.isascii() and text.isdigit() and len(text) < 20
