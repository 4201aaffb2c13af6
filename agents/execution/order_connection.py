"""The connection that carries nothing but orders, where the venue has one: opened, replaced in time, left alone in a ban.

The shell hands creates and cancels to it while it is ready and to REST while it is not (`agents.venues.order_socket`), so
nothing waits for it and no order depends on it; what is known of it here is told to people.

Before the venue ends it, by its age or after it announced that, another one is opened and logged on beside it. Orders go on
over the first meanwhile, or over REST once its end is announced; when the second can take them it has them all, and the
first is closed when every order that is out on it has its answer (`agents.venues.order_lines`).
"""

from agents.execution.venue_calls import VenueCalls
from agents.venues.connection_life import ConnectionLife
from agents.venues.order_socket import ORDER_CONNECTIONS, ORDERS
from agents.venues.port import TradingAccount
from mesh.context import Context
from schemas.counters import Counter

ORDER_CONNECTION = "order connection"
"""Name of the timer."""


class OrderConnection:
    """Whether orders go over a websocket."""

    def __init__(self, account: TradingAccount, calls: VenueCalls, life: ConnectionLife, *, wanted: bool) -> None:
        """Take the account; without its being `wanted`, all orders go over REST."""
        self._url = account.order_url if wanted else ""
        self._calls = calls
        self._life = life
        self._open = False
        """Whether a connection is wanted: it is there, or comes again of itself, or another one takes over from it."""
        self._connection = ORDERS
        self._spare = ""
        """The one that takes over next, while there are two."""
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
            self._ctx.open_socket(self._connection, self._url)
        else:
            self._ctx.set_timer(ORDER_CONNECTION, self._calls.held_until_ns)

    def on_timer(self) -> None:
        """Open the connection after a ban, or another one before the venue ends it."""
        if self._open:
            self._replace()
        else:
            self.open()

    def on_socket(self, connection: str, up: bool, reason: str) -> None:
        """Take that calls can be handed to a connection, or cannot any more."""
        if connection == self._spare:
            if not up:
                self._wait_with_spare()
                return
            self._ctx.count(Counter.CONNECTIONS_REPLACED)
            self._connection, self._spare = self._spare, ""
        if self._ready and not up:
            self._ctx.count(Counter.ORDER_SOCKET_LOST)
        self._take(up, reason)
        if up and self._url and self._life.young_ns:
            self._ctx.set_timer(ORDER_CONNECTION, self._ctx.now_ns + self._life.young_ns)
        if not up and self._open and self._calls.is_held():
            self._give_up_spare()
            self._ctx.close_socket(self._connection)
            self.open()

    def on_announced(self, connection: str) -> None:
        """Have another connection take over from one that the venue ends; that takes no more orders."""
        self._ctx.count(Counter.CONNECTION_ENDS_ANNOUNCED)
        if connection == self._connection:
            self._take(False, "the venue ends the order socket")
            self._replace()
        elif connection == self._spare:
            self._give_up_spare()
            self._replace()

    @property
    def text(self) -> str:
        """Return which way orders go, for people."""
        return self._reason

    def _take(self, up: bool, reason: str) -> None:
        self._ready = up
        self._reason = "socket" if up else f"REST: {reason or 'the order socket is closed'}"

    def _replace(self) -> None:
        """Open another connection beside the one that is there; not while nothing at all may be sent."""
        if self._spare:
            return
        if self._calls.is_held():
            self._ctx.set_timer(ORDER_CONNECTION, self._calls.held_until_ns)
            return
        self._spare = next(name for name in ORDER_CONNECTIONS if name != self._connection)
        self._ctx.open_socket(self._spare, self._url)

    def _wait_with_spare(self) -> None:
        """Ask for no other connection before the end of a ban."""
        if self._calls.is_held():
            self._give_up_spare()
            self._replace()

    def _give_up_spare(self) -> None:
        if self._spare:
            self._ctx.close_socket(self._spare)
            self._spare = ""
