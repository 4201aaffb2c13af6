"""How much Bybit lets an account ask in a second, and how an answer tells what is left of it.

(Bybit API v5 documentation, rate limit.) Creates, amends and cancels are counted apart and for each category, REST and
websocket together; queries of one kind together.
"""

from agents.paper.bybit.answers import BybitRefusal
from schemas.units import MS, SECOND

ORDERS_MAX = {"spot": 20, "linear": 10}
QUERIES_MAX = 50


class BybitRateLimits:
    """What the one account has asked within this second."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._asked: dict[tuple[str, str], tuple[int, int]] = {}
        self.headers: dict[str, str] = {}
        """What the answer to the request that was charged last tells."""

    def charge(self, kind: str, category: str, most: int, wall_ns: int) -> None:
        """Count one request of a kind; raises BybitRefusal if there are too many."""
        second = wall_ns // SECOND
        began, count = self._asked.get((kind, category), (second, 0))
        count = count + 1 if began == second else 1
        self._asked[kind, category] = second, count
        self.headers = {
            "X-Bapi-Limit": str(most),
            "X-Bapi-Limit-Status": str(max(0, most - count)),
            "X-Bapi-Limit-Reset-Timestamp": str((second + 1) * SECOND // MS if count > most else wall_ns // MS),
        }
        if count > most:
            raise BybitRefusal(10006, "Too many visits. Exceeded the API Rate Limit.")
