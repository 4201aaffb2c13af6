"""The REST calls of one account that are out: who waits for each, and how long the venue asked not to send.

A pass of a reconciliation has several calls out at once and goes on when the last of them has ended. For the create of an
order it is the order itself that stands here, so that nothing has to be made for the one call that everything waits for.

This file is compiled (`venue_calls.pxd` has the C types).
"""

from collections.abc import Callable
from typing import Any

from agents.execution.order_table import Order
from agents.venues.port import TradingAccount
from agents.venues.reports import OrderReport, Verdict
from mesh.context import Context, VenueCall, VenueReply
from schemas.counters import Counter

WAITING = "the venue's rate limiter asked to wait"


class ReconcilePass:
    """One pass of a reconciliation: how many of its calls are out, and what it has found so far."""

    def __init__(self, now_ns: int) -> None:
        """Begin with nothing asked."""
        self.started_ns = now_ns
        self.outstanding = 0
        self.failed = ""
        """Why the pass proves nothing; empty while it may."""
        self.fills = 0
        self.phase = 0
        self.reports: list[OrderReport] = []
        """The venue's open orders."""
        self.balances_e8: dict[str, int] | None = None
        """The venue's balances, if they were asked for."""
        self.cursors: dict[int, str] = {}
        """Where to go on when all fills that the pass was told of are booked, by instrument."""

    def fail(self, verdict: Verdict) -> None:
        """Take note that an answer is missing."""
        self.failed = verdict.text or verdict.result.name


Handler = Callable[[VenueReply, Any, ReconcilePass | None], None]


class PendingCall:
    """A call that is out, and who waits for its end."""

    def __init__(self, handler: Handler, subject: Any, run: ReconcilePass | None) -> None:
        """Take what is told of the end, what the call is about, and the pass that it belongs to."""
        self.handler = handler
        self.subject = subject
        self.run = run


class VenueCalls:
    """Makes calls and hands their ends to whoever waits for them."""

    def __init__(self, account: TradingAccount) -> None:
        """Begin with nothing out; `ctx` is set before the first call."""
        self.ctx: Context
        self.blocked_until_ns = 0
        """The venue's rate limiter asked not to send before then."""
        self._account = account
        self._out: dict[int, PendingCall | Order] = {}

    def is_blocked(self) -> bool:
        """Return whether the venue's rate limiter asked to wait; only cancels are sent all the same."""
        return self.ctx.now_ns < self.blocked_until_ns

    def call(self, call: VenueCall, handler: Handler, subject: Any, run: ReconcilePass | None = None) -> None:
        """Make a REST call whose end goes to `handler(reply, subject, run)`."""
        self._out[self.ctx.call(call)] = PendingCall(handler, subject, run)
        if run is not None:
            run.outstanding += 1

    def create(self, call: VenueCall, order: Order) -> None:
        """Make the call that creates `order`; `ended` gives the order back with its reply."""
        self._out[self.ctx.call(call)] = order

    def ended(self, reply: VenueReply) -> PendingCall | Order:
        """Return who waits for the reply, and forget the call."""
        return self._out.pop(reply.call_id)

    def hand_over(self, reply: VenueReply, pending: PendingCall) -> ReconcilePass | None:
        """Tell of the end of a call; return the run that has no call out any more because of it."""
        run = pending.run
        pending.handler(reply, pending.subject, run)
        if run is None:
            return None
        run.outstanding -= 1
        return run if run.outstanding == 0 else None

    def verdict(self, reply: VenueReply) -> Verdict:
        """Return what the reply to a create, a cancel or a query proves."""
        verdict = self._account.order_verdict(reply)
        if verdict.retry_after_ns:
            self.note_rate_limit(verdict)
        return verdict

    def note_rate_limit(self, verdict: Verdict) -> None:
        """Wait as long as the venue's rate limiter asked for, if it did."""
        if verdict.retry_after_ns:
            self.ctx.count(Counter.VENUE_RATE_LIMITED)
            self.blocked_until_ns = max(self.blocked_until_ns, self.ctx.now_ns + verdict.retry_after_ns)
