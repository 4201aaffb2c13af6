"""Where an account's private stream is: at one address, or at one with a key that runs out unless it is asked for again.

Asking for the key again has two uses. It makes the key last; and it tells whether the stream that is open is still the
account's, which nothing else tells: a connection under a key that has ended stays open, and is silent.
"""

from collections.abc import Callable

from agents.execution.venue_calls import ReconcilePass, VenueCalls
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.units import MS

STREAM_KEY = "private:key"
"""Name of the timer for asking again."""
AGAIN_NS = 60_000 * MS
"""After how long to ask again for a key that was refused, while the stream is there."""


class StreamKey:
    """Asks for the key of one account's private stream, if it has one."""

    def __init__(self, account: TradingAccount, calls: VenueCalls, named: Callable[[str, int], None]) -> None:
        """Take who is told the address, and by which number it was asked for; "" says that it was not given."""
        self.wanted = account.stream_key_ns > 0
        self.url = account.private_url
        """Where the stream is, as far as it is known."""
        self._account = account
        self._calls = calls
        self._named = named

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def ask(self, number: int) -> None:
        """Ask for the key, now and every so often from then on; later if nothing may be sent now."""
        blocked = self._calls.is_blocked()
        again_ns = self._calls.blocked_until_ns if blocked else self._ctx.now_ns + self._account.stream_key_ns
        self._ctx.set_timer(STREAM_KEY, again_ns)
        if not blocked:
            self._calls.call(self._account.stream_key_call(), self._on_key, number)

    def _on_key(self, reply: VenueReply, number: int, _: ReconcilePass | None) -> None:
        url = ""
        if self._calls.proof(reply).result == CallResult.ACCEPTED:
            try:
                self.url = url = self._account.stream_url_of(reply)
            except VenueError:
                self._ctx.count(Counter.VENUE_REPLY_BAD)
        if not url:
            self._ctx.set_timer(STREAM_KEY, self._ctx.now_ns + AGAIN_NS)
        self._named(url, number)
