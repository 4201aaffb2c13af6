"""Spot's two units of time: milliseconds, and microseconds for who asks for them.

(binance-spot-api-docs, FAQ on microseconds: `timeUnit` in the address of a stream, header `X-MBX-TIME-UNIT` over REST.) A
market that is not recorded is written in microseconds, and cut for who has not asked; what was recorded stays as it is.
"""

import re
from typing import Any
from urllib.parse import parse_qs

from agents.paper.call import Call

HEADER, PARAMETER, MICROSECOND = "x-mbx-time-unit", "timeUnit", "MICROSECOND"
PER_MS = 1_000
_TIMES = frozenset(
    {"serverTime", "time", "updateTime", "transactTime", "workingTime", "openTime", "closeTime", "marketTime", "T"}
)
_IN_FRAMES = re.compile(rb'("[ET]":|"k":\{"t":)(\d{13})\d{3}\b')
"""What is a time in a frame of trades, depth and bars; the `t` of a trade is its id."""


def asked_in_micros(query: str) -> bool:
    """Return whether the address of a websocket asks for microseconds."""
    return parse_qs(query).get(PARAMETER, [""])[0].upper() == MICROSECOND


def in_millis(frame: bytes) -> bytes:
    """Return a frame that was written in microseconds in milliseconds."""
    return _IN_FRAMES.sub(rb"\1\2", frame)


def in_unit(call: Call, answer: Any) -> Any:
    """Return an answer, which is in milliseconds, in the unit that the call asks for."""
    if call.headers.get(HEADER, "").upper() != MICROSECOND:
        return answer
    if call.path.endswith("/klines"):
        return [[row[0] * PER_MS, *row[1:6], row[6] * PER_MS + PER_MS - 1, *row[7:]] for row in answer]
    return _in_micros(answer)


def _in_micros(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_micros(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each * PER_MS if name in _TIMES and isinstance(each, int) else _in_micros(each)
        for name, each in value.items()
    }
