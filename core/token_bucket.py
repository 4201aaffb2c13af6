"""A token bucket in integers: how fast something may be done.

A token is 10**12 units, one unit of rate is a thousandth of a token per second, so that a rate times a time in
nanoseconds is exact.

This file is compiled (`token_bucket.pxd` has the C types).
"""

TOKEN = 10**12
COUNT_MAX = 2**62
"""More tokens, or thousandths of a token per second, are as good as no limit."""


class TokenBucket:
    """Lets `burst` orders through at once and `per_second` on average."""

    def __init__(self, per_second: float, burst: int) -> None:
        """Start empty at time 0; `fill` makes it full."""
        self._rate_milli = min(COUNT_MAX, max(1, round(per_second * 1_000)))
        self._room = min(COUNT_MAX, burst) * TOKEN
        self._level = 0
        self._at_ns = 0

    def fill(self, now_ns: int, share: int = 1) -> None:
        """Begin at `now_ns`, full if `share` is 1, empty if 0."""
        self._level = self._room * share
        self._at_ns = now_ns

    def level(self, now_ns: int) -> float:
        """Return how many orders may go now."""
        self._advance(now_ns)
        level = self._level
        return level / TOKEN

    def take(self, now_ns: int) -> bool:
        """Take the token of one order; False if there is none."""
        self._advance(now_ns)
        if self._level < TOKEN:
            return False
        self._level -= TOKEN
        return True

    def wait_ns(self, now_ns: int) -> int:
        """Return after how long an order may go, 0 if one may now."""
        self._advance(now_ns)
        missing = TOKEN - self._level
        return (missing + self._rate_milli - 1) // self._rate_milli if missing > 0 else 0

    def _advance(self, now_ns: int) -> None:
        # ns * milli-orders/s = 1e-12 orders
        passed_ns = now_ns - self._at_ns
        if passed_ns > 0:
            self._level = min(self._room, self._level + passed_ns * self._rate_milli)
            self._at_ns = now_ns
