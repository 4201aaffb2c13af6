"""The connection that carries nothing but orders, where the venue has one: opened, and not asked for during a ban.

The shell hands creates and cancels to it while it is ready and to REST while it is not (`agents.venues.order_socket`), so
nothing waits for it and no order depends on it; what is known of it here is told to people.
"""

from agents.execution.venue_calls import VenueCalls
from agents.venues.order_socket import ORDERS
from agents.venues.port import TradingAccount
from mesh.context import Context
from schemas.counters import Counter

ORDER_CONNECTION = "order connection"
"""Name of the timer."""


class OrderConnection:
    """Whether orders go over a websocket."""

    def __init__(self, account: TradingAccount, calls: VenueCalls, *, wanted: bool) -> None:
        """Take the account; without its being `wanted`, all orders go over REST."""
        self._url = account.order_url if wanted else ""
        self._calls = calls
        self._open = False
        self._ready = False
        self._reason = "REST" if not wanted else "REST: the order socket is not open yet"

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def open(self) -> None:
        """Have the connection opened, and opened again whenever it closes; not while nothing at all may be sent."""
        if not self._url:
            return
        self._open = not self._calls.is_held()
        if self._open:
            self._ctx.open_socket(ORDERS, self._url)
        else:
            self._ctx.set_timer(ORDER_CONNECTION, self._calls.held_until_ns)

    def on_socket(self, up: bool, reason: str) -> None:
        """Take that calls can be handed over, or cannot any more."""
        if self._ready and not up:
            self._ctx.count(Counter.ORDER_SOCKET_LOST)
        self._ready = up
        self._reason = "socket" if up else f"REST: {reason or 'the order socket is closed'}"
        if not up and self._open and self._calls.is_held():
            self._ctx.close_socket(ORDERS)
            self.open()

    @property
    def text(self) -> str:
        """Return which way orders go, for people."""
        return self._reason
