"""The venue's clock, as far as the reaper needs it: a signed call carries the venue's time, and one that is off is refused.

It is asked for with each look at the account while all is well, and at once when the venue refuses a call for its time.
"""

from agents.reaper.account_calls import AccountCalls
from agents.venues.reports import CallResult
from agents.venues.venue_clock import ClockEstimator
from mesh.context import VenueReply
from schemas.counters import Counter
from schemas.errors import VenueError


class AccountClock:
    """Asks the venue for its time, and tells it to whoever signs."""

    def __init__(self, calls: AccountCalls) -> None:
        """Take whom to ask; `ask` may be called at any time."""
        self._calls = calls
        self._estimator = ClockEstimator()
        self._sent_ns = 0
        self._is_out = False

    def ask(self) -> None:
        """Ask, unless an answer is waited for or the venue asked not to be called."""
        if not self._is_out and not self._calls.wait_ns():
            self._is_out = True
            self._sent_ns = self._calls.ctx.now_ns
            self._calls.call(self._calls.account.time_call(), self._on_answer)

    def _on_answer(self, reply: VenueReply) -> None:
        self._is_out = False
        ctx = self._calls.ctx
        verdict = self._calls.account.proof(reply)
        self._calls.note(verdict)
        if verdict.result != CallResult.ACCEPTED:
            return
        try:
            venue_ns = self._calls.account.venue_time_ns(reply.body)
        except VenueError:
            ctx.count(Counter.VENUE_REPLY_BAD)
            return
        self._estimator.take(venue_ns, self._sent_ns, ctx.now_ns, ctx.wall_ns)
        offset_ns, _error_ns = self._estimator.estimate(ctx.now_ns)
        ctx.set_venue_clock(offset_ns)
