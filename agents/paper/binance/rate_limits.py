"""Rate limits: request weight a minute, and orders in two spans, counted in fixed windows as Binance does.

Numbers are those of Binance's exchangeInfo (spot of 2025; USDT-M of 2026, whose pool is that of COIN-M too). Every
reply tells what was used; too much is refused with 429, code -1003 (weight) or -1015 (orders) and `Retry-After`. Whoever
goes on being refused for weight is banned (418) for two minutes, and twice as long the next time, at most three days; what
is asked during a ban is refused, and begins it anew. How often a client must be refused for that the venue does not say
(rest-api.md, IP limits); here it is often.
"""

import msgspec

from agents.paper.binance.refusals import Refusal
from schemas.units import DAY, MINUTE, MS, SECOND


class RateLimit(msgspec.Struct, frozen=True):
    """One limit as exchangeInfo states it."""

    rateLimitType: str
    interval: str
    intervalNum: int
    limit: int

    @property
    def span(self) -> str:
        """Return how the names of headers tell the window."""
        return f"{self.intervalNum}{self.interval[0]}"

    @property
    def window_ns(self) -> int:
        """Return the length of the window."""
        seconds = {"SECOND": 1, "MINUTE": 60, "DAY": 86_400}[self.interval]
        return seconds * self.intervalNum * SECOND


WEIGHT = RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 6_000)
ORDERS_10S = RateLimit("ORDERS", "SECOND", 10, 100)
ORDERS_1D = RateLimit("ORDERS", "DAY", 1, 200_000)
BAN_AFTER = 20
BAN_NS, BAN_NS_MAX = 2 * MINUTE, 3 * DAY
SPOT_LIMITS = (WEIGHT, ORDERS_10S, ORDERS_1D)
USDM_LIMITS = (
    RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 2_400),
    RateLimit("ORDERS", "SECOND", 10, 300),
    RateLimit("ORDERS", "MINUTE", 1, 1_200),
)


class Window:
    """A count that starts again with each window of wall time."""

    def __init__(self, limit: RateLimit) -> None:
        """Count against `limit`."""
        self.limit = limit
        self.used = 0
        self.stated = msgspec.structs.asdict(limit)
        """The limit, as an answer states it."""
        self._window = 0
        self._window_ns = limit.window_ns

    def add(self, count: int, wall_ns: int) -> bool:
        """Count; return False if the limit is exceeded."""
        self.roll(wall_ns)
        self.used += count
        return self.used <= self.limit.limit

    def roll(self, wall_ns: int) -> None:
        """Begin again if the window has ended."""
        window = wall_ns // self._window_ns
        if window != self._window:
            self._window, self.used = window, 0

    def retry_after_s(self, wall_ns: int) -> int:
        """Return the whole seconds until the window ends, at least 1."""
        return max(1, -(-(self.limit.window_ns - wall_ns % self.limit.window_ns) // SECOND))


class RateLimiter:
    """The windows of the one client address and the one account."""

    def __init__(self, limits: tuple[RateLimit, RateLimit, RateLimit] = SPOT_LIMITS) -> None:
        """Begin with nothing used of `limits`: that of the weight, and two of orders."""
        weight, *orders = limits
        self._weight = Window(weight)
        self._orders = tuple(map(Window, orders))
        self._refused = 0
        self._ban_ns = 0
        self._next_ban_ns = BAN_NS
        self._banned_until_ns = 0
        self.asked_while_banned = 0
        """Requests that came during a ban, and made it longer."""

    def ban(self, wall_ns: int, length_ns: int) -> None:
        """Ban the client for so long."""
        self._ban_ns = length_ns
        self._banned_until_ns = wall_ns + length_ns

    def check_ban(self, wall_ns: int) -> None:
        """Refuse whatever a client asks that is banned, and begin the ban anew."""
        if wall_ns >= self._banned_until_ns:
            return
        self.asked_while_banned += 1
        self._banned_until_ns = wall_ns + self._ban_ns
        raise self._ban_refusal(wall_ns)

    def _ban_refusal(self, wall_ns: int) -> Refusal:
        text = f"Way too much request weight used; IP banned until {self._banned_until_ns // MS}."
        return Refusal(-1003, text, 418, -(-(self._banned_until_ns - wall_ns) // SECOND))

    def charge(self, weight: int, wall_ns: int) -> None:
        """Count the weight of a request; raises Refusal if there is too much of it."""
        self.check_ban(wall_ns)
        if not self._weight.add(weight, wall_ns):
            self._refused += 1
            if self._refused > BAN_AFTER:
                self._refused = 0
                self.ban(wall_ns, self._next_ban_ns)
                self._next_ban_ns = min(2 * self._next_ban_ns, BAN_NS_MAX)
                raise self._ban_refusal(wall_ns)
            text = f"Too much request weight used; current limit is {self._weight.limit.limit} request weight per 1 MINUTE."
            raise Refusal(-1003, text, 429, self._weight.retry_after_s(wall_ns))
        self._refused = 0

    def charge_order(self, wall_ns: int) -> None:
        """Count one new order; raises Refusal if there are too many."""
        for window in self._orders:
            if not window.add(1, wall_ns):
                limit = window.limit
                span = f"{limit.intervalNum} {limit.interval}"
                text = f"Too many new orders; current limit is {limit.limit} orders per {span}."
                raise Refusal(-1015, text, 429, window.retry_after_s(wall_ns))

    def headers(self, wall_ns: int, orders: bool) -> dict[str, str]:
        """Return the headers that tell what is used; order counts only on order requests."""
        self._weight.roll(wall_ns)
        used = {"X-MBX-USED-WEIGHT": str(self._weight.used), "X-MBX-USED-WEIGHT-1M": str(self._weight.used)}
        if orders:
            for window in self._orders:
                window.roll(wall_ns)
                used[f"X-MBX-ORDER-COUNT-{window.limit.span}"] = str(window.used)
        return used

    def table(self, wall_ns: int, *, orders: bool = False) -> list[dict[str, object]]:
        """Return the `rateLimits` of a websocket API answer; order counts only on order requests."""
        windows = (*self._orders, self._weight) if orders else (self._weight,)
        for window in windows:
            window.roll(wall_ns)
        return [{**window.stated, "count": window.used} for window in windows]
