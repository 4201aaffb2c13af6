"""A mark price with the index beside it and the funding rate, which OKX tells in three channels of their own.

What was told last of each is put together. Funding rates have more decimals than are kept here (`rounded_e8`).
"""

import re

from agents.venues.base import parse_e8
from schemas.errors import DecimalError
from schemas.messages import MarkPrice

_DECIMAL = re.compile(r"(-?)([0-9]{1,10})(?:\.([0-9]{1,30}))?")


class OkxMarks:
    """What is known of one instrument's mark price."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.mark_e8 = 0
        self.index_e8 = 0
        self.funding_rate_e8 = 0
        self.next_funding_ns = 0

    def message(self, ts_event_ns: int, ts_recv_ns: int) -> MarkPrice:
        """Return all that is known."""
        return MarkPrice(
            ts_event_ns, ts_recv_ns, self.mark_e8, self.index_e8, self.funding_rate_e8, self.next_funding_ns
        )


def rounded_e8(text: str) -> int:
    """Return a decimal, with or without a minus, times 10**8 and rounded half away from zero; an empty one is 0.

    Raises:
        DecimalError: If it is no plain decimal, or one of more than ten digits before its point that must be rounded.
    """
    try:
        return parse_e8(text)
    except DecimalError:
        return _rounded(text)


def _rounded(text: str) -> int:
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise DecimalError(f"{text[:60]!r} is no plain decimal")
    digits = (found[3] or "").ljust(9, "0")
    value = int(found[2]) * 10**8 + int(digits[:8]) + (digits[8] >= "5")
    return -value if found[1] else value
