"""How much OKX lets an account ask: so many requests, or orders, of each kind in two seconds, orders by instrument.

(OKX v5 documentation, rate limits.) The limits are shared by REST and the private connection. Nothing tells a client what
is left of them.
"""

from collections import deque

from agents.paper.okx.answers import OkxRefusal
from schemas.units import SECOND

WINDOW_NS = 2 * SECOND


class OkxRateLimits:
    """What the one account has asked within the last two seconds."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._asked: dict[tuple[str, str], deque[int]] = {}

    def charge(self, kind: str, of: str, most: int, wall_ns: int, count: int = 1) -> None:
        """Count `count` of a kind and of what it is limited by; raises OkxRefusal, and counts none, if it is too much."""
        asked = self._asked.setdefault((kind, of), deque())
        while asked and asked[0] <= wall_ns - WINDOW_NS:
            asked.popleft()
        if len(asked) + count > most:
            raise OkxRefusal(50011, "Too Many Requests", 429)
        asked.extend([wall_ns] * count)
