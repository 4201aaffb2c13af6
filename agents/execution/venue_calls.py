"""The REST calls of one account that are out: who waits for each, and how long the venue asked not to send.

A pass of a reconciliation has several calls out at once and goes on when the last of them has ended.

This file is compiled (`venue_calls.pxd` has the C types).
"""

from collections.abc import Callable
from typing import Any

from agents.venues.binance.spot_account import SpotAccount
from agents.venues.reports import OrderReport, Verdict
from mesh.context import Context, VenueCall, VenueReply

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
        self.trade_ids: dict[int, int] = {}
        """Highest trade id that the pass was told of, by instrument."""

    def fail(self, verdict: Verdict) -> None:
        """Take note that an answer is missing."""
        self.failed = verdict.text or verdict.result.name


Handler = Callable[[VenueReply, Any, ReconcilePass | None], None]


class VenueCalls:
    """Makes calls and hands their ends to whoever waits for them."""

    def __init__(self, account: SpotAccount) -> None:
        """Begin with nothing out; `ctx` is set before the first call."""
        self.ctx: Context
        self.blocked_until_ns = 0
        """The venue's rate limiter asked not to send before then."""
        self._account = account
        self._out: dict[int, tuple[Handler, Any, ReconcilePass | None]] = {}

    def is_blocked(self) -> bool:
        """Return whether the venue's rate limiter asked to wait; only cancels are sent all the same."""
        return self.ctx.now_ns < self.blocked_until_ns

    def call(self, call: VenueCall, handler: Handler, subject: Any, run: ReconcilePass | None = None) -> None:
        """Make a REST call whose end goes to `handler(reply, subject, run)`."""
        self._out[self.ctx.call(call)] = (handler, subject, run)
        if run is not None:
            run.outstanding += 1

    def end(self, reply: VenueReply) -> ReconcilePass | None:
        """Hand a reply to whoever waits for it; return the run that has no call out any more because of it."""
        handler, subject, run = self._out.pop(reply.call_id)
        handler(reply, subject, run)
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
            self.ctx.count("venue_rate_limited")
            self.blocked_until_ns = max(self.blocked_until_ns, self.ctx.now_ns + verdict.retry_after_ns)
