"""The REST calls that are out, and how long the venue asks this address not to call.

What asks for something that is missing, trades or bars, asks for it again after an answer without it, `TRIES_MAX` times in
all and ever more slowly.
"""

from collections.abc import Callable
from typing import TypeVar

from agents.venues.market_port import MarketFeeds
from mesh.context import CallOutcome, Context, VenueCall, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.units import MS

TRIES_MAX = 5
WAIT_NS = 1_000 * MS

OnReply = Callable[[VenueReply], None]
Found = TypeVar("Found")


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

    def ask_again(self, timer: str, tries: int) -> None:
        """Set `timer` for the next try, after so many in vain."""
        self._ctx.set_timer(timer, self._ctx.now_ns + (WAIT_NS << (tries - 1)))

    def found_in(self, reply: VenueReply, decode: Callable[[bytes], list[Found]]) -> list[Found]:
        """Return what an answer holds, as `decode` reads it; nothing if there is none, or one that cannot be read."""
        if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
            return []
        try:
            return decode(reply.body)
        except VenueError:
            self._ctx.count(Counter.VENUE_REPLY_BAD)
            return []

    def on_reply(self, reply: VenueReply) -> None:
        """Hand on the end of a call, after noting how long the venue asks to wait."""
        wait_ns = self._feeds.retry_after_ns(reply)
        if wait_ns:
            self.blocked_until_ns = max(self.blocked_until_ns, self._ctx.now_ns + wait_ns)
        self._out.pop(reply.call_id)(reply)
