"""The venue's clock as market data publishes it: asked for at start, until two answers agree, and each minute from then on.

Followers judge by it how late a message is (`agents.state.market_view`). It is compared with the clock of this process,
whose time of receipt each message carries, so it holds for followers on other hosts too.
"""

from agents.market_data.rest_calls import RestCalls
from agents.venues.market_port import MarketFeeds
from agents.venues.venue_clock import ClockEstimator
from mesh.context import CallOutcome, Context, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.messages import VenueClock
from schemas.units import MS

CLOCK = "clock"
"""Name of the timer."""
SOON_NS = 500 * MS
AGAIN_NS = 60_000 * MS
WAIT_NS = 1_000 * MS


class ClockPublisher:
    """Asks one venue for the time, and publishes what that says of its clock."""

    def __init__(self, feeds: MarketFeeds, calls: RestCalls, stream: int) -> None:
        """Publish on `stream`; nothing is asked before `begin`."""
        self._feeds = feeds
        self._calls = calls
        self.stream = stream
        self.last = VenueClock(0, 0, 0)
        """What was published last."""
        self._estimator = ClockEstimator()
        self._sent_ns = 0
        self._wait_ns = WAIT_NS

    def begin(self, ctx: Context) -> None:
        """Tell followers that nothing is known, whatever an earlier life told them, and ask."""
        self._ctx = ctx
        self._publish()
        self.ask()

    def ask(self) -> None:
        """Ask for the time, now or as soon as the venue may be asked; one that does not tell it is not asked."""
        call = self._feeds.time_call()
        if call is not None and self._calls.may_call(CLOCK):
            self._sent_ns = self._ctx.now_ns
            self._calls.make(call, self._on_reply)

    def figures(self) -> str:
        """Return offset and error in milliseconds, for people."""
        if not self._estimator.known:
            return "not known"
        if not self._estimator.followed:
            return "does not run as ours does"
        return f"{self.last.offset_ns / MS:+.1f} ms, at most {self.last.error_ns / MS:.1f} ms wrong"

    def _on_reply(self, reply: VenueReply) -> None:
        """Publish what an answer says; ask again, sooner if there was none or it contradicts the one before."""
        ctx = self._ctx
        try:
            if reply.outcome != CallOutcome.ANSWERED or reply.status != 200:
                raise VenueError(f"time: {reply.outcome.name} {reply.status} {reply.text}".rstrip())
            venue_ns = self._feeds.decode_time(reply.body)
        except VenueError:
            ctx.count(Counter.CLOCK_FAILED)
            ctx.set_timer(CLOCK, ctx.now_ns + self._wait_ns)
            self._wait_ns = min(2 * self._wait_ns, AGAIN_NS)
            return
        self._wait_ns = WAIT_NS
        if not self._estimator.take(venue_ns, self._sent_ns, ctx.now_ns, ctx.wall_ns):
            ctx.count(Counter.CLOCK_CONTRADICTED)
        unsettled = self._estimator.followed and not self._estimator.settled
        ctx.set_timer(CLOCK, ctx.now_ns + (SOON_NS if unsettled else AGAIN_NS))
        self._publish()

    def _publish(self) -> None:
        self.last = VenueClock(self._ctx.wall_ns, *self._estimator.estimate(self._ctx.now_ns))
        self._ctx.publish(self.stream, self.last)
