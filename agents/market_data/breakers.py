"""A circuit breaker for each book: an instrument whose book fails again and again is left alone for a while.

What fails is the instrument and not the venue: a book that must be made anew, or one that is silent while the instrument's
other feeds are not. Enough of that within the window opens its breaker; then the book is not LIVE, whatever comes, and no
snapshot is asked for. When the wait is over it is made anew, and counts as proven once it was whole for `CLEAN_NS`. Other
instruments go on meanwhile. A socket that closes or a snapshot that is not to be had is the venue's failure, and waits in
its own way.
"""

from collections.abc import Iterable

from agents.market_data.feeds import SyncedBook
from agents.state.breaker import BreakerState, CircuitBreaker
from mesh.context import Context
from schemas.config import BreakerConfig
from schemas.messages import BreakerChanged
from schemas.streams import AGENT_STREAM
from schemas.units import MS

CLEAN_NS = 2_000 * MS
"""How long a book must be whole for that to be a probe that succeeded."""


class BookBreakers:
    """The breakers of some books; what they change is logged."""

    def __init__(self, config: BreakerConfig, books: Iterable[SyncedBook]) -> None:
        """Begin with all of them CLOSED."""
        self._of = {book.info.id: CircuitBreaker(book.info.symbol, config) for book in books}
        self._clean_from: dict[int, int] = {}
        """When the probe of a book began that is whole now, by instrument."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def closed(self, book: SyncedBook) -> bool:
        """Return whether the book may be published as LIVE."""
        return self._of[book.info.id].closed

    def waits(self, book: SyncedBook) -> bool:
        """Return whether the book is left alone for now."""
        return self._of[book.info.id].state is BreakerState.OPEN

    def text(self, book: SyncedBook) -> str:
        """Return why the book is held back, empty if it is not."""
        breaker = self._of[book.info.id]
        return "" if breaker.closed else f"breaker {breaker.state.name}: {breaker.text}"

    def holds(self, book: SyncedBook) -> bool:
        """Return whether a book that is whole is held back all the same; the time that it must stay so begins then."""
        breaker = self._of[book.info.id]
        if breaker.state is BreakerState.HALF_OPEN and book.info.id not in self._clean_from:
            self._clean_from[book.info.id] = self._ctx.now_ns
            self._ctx.set_timer(book.breaker_timer, self._ctx.now_ns + CLEAN_NS)
        return not breaker.closed

    def fail(self, book: SyncedBook, reason: str) -> None:
        """Count a failure."""
        breaker = self._of[book.info.id]
        self._clean_from.pop(book.info.id, None)
        self._publish(breaker.fail(self._ctx.now_ns, self._ctx.wall_ns, reason))
        if breaker.state is BreakerState.OPEN:
            self._ctx.set_timer(book.breaker_timer, breaker.retry_ns)

    def on_time(self, book: SyncedBook) -> bool:
        """Let a probe go, which is told by True; or count one that succeeded, or begin its time anew."""
        breaker = self._of[book.info.id]
        if breaker.state is BreakerState.OPEN:
            change = breaker.on_time(self._ctx.now_ns, self._ctx.wall_ns)
            self._publish(change)
            return change is not None
        began_ns = self._clean_from.get(book.info.id)
        if began_ns is not None and book.sync.synced and self._ctx.now_ns - began_ns >= CLEAN_NS:
            del self._clean_from[book.info.id]
            self._publish(breaker.succeed(self._ctx.wall_ns))
            self.holds(book)
        return False

    def interrupt(self, book: SyncedBook) -> None:
        """Have the time that a book must be whole begin anew: its socket closed, which is no failure of its own."""
        self._clean_from.pop(book.info.id, None)

    def figures(self) -> dict[str, str]:
        """Return the breakers that are not CLOSED, by symbol, with what opened them."""
        return {each.name: f"{each.state.name}: {each.text}" for each in self._of.values() if not each.closed}

    def _publish(self, change: BreakerChanged | None) -> None:
        if change is not None:
            self._ctx.publish(AGENT_STREAM, change)
