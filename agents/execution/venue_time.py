"""The venue's clock as execution needs it: asked for often, told to whoever signs, and doubted when it must be.

A signed request carries the venue's time (`Context.set_venue_clock`), so it is taken however far our clock is off, within
the receive window that goes with it. But ages, days and the log are by our clock: one that differs by more than the
configured bound, or by nobody knows how much, is told in the status, and keeps back what would open a position. Known is
what an answer of the last minute says; the estimate, and what contradicting answers mean, is `agents.venues.venue_clock`.
"""

from agents.execution.readiness import Readiness
from agents.execution.venue_calls import ReconcilePass, VenueCalls
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult
from agents.venues.venue_clock import ClockEstimator
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError
from schemas.orders import Reason
from schemas.units import MS, SECOND

VENUE_CLOCK = "venue clock"
"""Name of the timer, and of the bar."""
SAMPLE_NS = 20 * SECOND
AGAIN_NS = SECOND
"""When to ask again while the clock is not known well: no answer came, or it contradicts the one before."""
UNKNOWN_NS = 60 * SECOND
"""How long what the last answer said counts as known."""


class VenueTime:
    """Asks the venue for the time of one account."""

    def __init__(self, account: TradingAccount, calls: VenueCalls, readiness: Readiness, offset_ms_max: int) -> None:
        """Take whom to ask, and whom to tell; `bind` comes before all else."""
        self._account = account
        self._calls = calls
        self._readiness = readiness
        self._offset_ns_max = offset_ms_max * MS
        self._estimator = ClockEstimator()
        self._known_ns = 0
        self._sent_ns = 0
        self._out = False

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def start(self) -> None:
        """Ask for the first time; until an answer should have come the clock counts as known."""
        self._known_ns = self._ctx.now_ns
        self.on_timer()

    def on_timer(self) -> None:
        """Ask again, and judge by what is known."""
        ctx = self._ctx
        ctx.set_timer(VENUE_CLOCK, ctx.now_ns + SAMPLE_NS)
        self._judge()
        if self._out:
            return
        if self._calls.is_blocked():
            ctx.set_timer(VENUE_CLOCK, self._calls.blocked_until_ns)
            return
        self._out = True
        self._sent_ns = ctx.now_ns
        self._calls.call(self._account.time_call(), self._on_answer, None)

    def doubt(self) -> None:
        """Ask at once: the venue refused a request for its time."""
        self._ctx.set_timer(VENUE_CLOCK, self._ctx.now_ns)

    @property
    def text(self) -> str:
        """Return what is known of the venue's clock, for people."""
        if not self._estimator.known:
            return "not known"
        offset_ns, error_ns = self._estimator.estimate(self._ctx.now_ns)
        if not self._estimator.followed:
            return "does not run as ours does"
        return f"{offset_ns / MS:+.1f} ms from ours, give or take {error_ns / MS:.1f} ms"

    def _on_answer(self, reply: VenueReply, _: None, run: ReconcilePass | None) -> None:
        ctx = self._ctx
        self._out = False
        agrees = False
        if self._calls.proof(reply).result is CallResult.ACCEPTED:
            try:
                venue_ns = self._account.venue_time_ns(reply.body)
            except VenueError:
                ctx.count(Counter.VENUE_REPLY_BAD)
            else:
                agrees = self._estimator.take(venue_ns, self._sent_ns, ctx.now_ns, ctx.wall_ns)
                self._known_ns = ctx.now_ns
                offset_ns, _error_ns = self._estimator.estimate(ctx.now_ns)
                self._calls.budget.offset_ns = offset_ns
                ctx.set_venue_clock(offset_ns)
        if not agrees:
            ctx.set_timer(VENUE_CLOCK, ctx.now_ns + AGAIN_NS)
        self._judge()

    def _judge(self) -> None:
        wrong = self._wrong()
        if wrong:
            self._readiness.bar(VENUE_CLOCK, Reason.VENUE_CLOCK, wrong)
        else:
            self._readiness.lift(VENUE_CLOCK)

    def _wrong(self) -> str:
        """Return why nothing is to be opened by this clock, empty if it may."""
        silent_ns = self._ctx.now_ns - self._known_ns
        if silent_ns > UNKNOWN_NS:
            return f"the venue has not told its time for {silent_ns // SECOND} s"
        if not self._estimator.known:
            return ""
        offset_ns, error_ns = self._estimator.estimate(self._ctx.now_ns)
        if not self._estimator.followed or max(abs(offset_ns), error_ns) > self._offset_ns_max:
            return f"the venue's clock is {self.text}; allowed are {self._offset_ns_max // MS} ms"
        return ""
