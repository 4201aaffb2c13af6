"""The REST calls that are out, and how long the venue asks this address not to call."""

from collections.abc import Callable

from agents.venues.market_port import MarketFeeds
from mesh.context import Context, VenueCall, VenueReply

OnReply = Callable[[VenueReply], None]


class RestCalls:
    """Hands the end of each call to who made it. A wait that one call is told of holds for all: it limits the address."""

    def __init__(self, feeds: MarketFeeds) -> None:
        """Begin with nothing out."""
        self._feeds = feeds
        self._out: dict[int, OnReply] = {}
        self.blocked_until_ns = 0

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def make(self, call: VenueCall, on_reply: OnReply) -> int:
        """Make a call, whose end `on_reply` takes; return its id."""
        call_id = self._ctx.call(call)
        self._out[call_id] = on_reply
        return call_id

    def may_call(self, timer: str) -> bool:
        """Return whether the venue may be called now; if not, set `timer` for when it may."""
        if self._ctx.now_ns >= self.blocked_until_ns:
            return True
        self._ctx.set_timer(timer, self.blocked_until_ns)
        return False

    def on_reply(self, reply: VenueReply) -> None:
        """Hand on the end of a call, after noting how long the venue asks to wait."""
        wait_ns = self._feeds.retry_after_ns(reply)
        if wait_ns:
            self.blocked_until_ns = max(self.blocked_until_ns, self._ctx.now_ns + wait_ns)
        self._out.pop(reply.call_id)(reply)
