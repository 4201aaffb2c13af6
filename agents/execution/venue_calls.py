"""The REST calls of one account that are out: who waits for each, what they take of the budget, and what keeps them back.

A pass of a reconciliation has several calls out at once and goes on when the last of them has ended. For the create of an
order it is the order itself that stands here, so that nothing has to be made for the one call that everything waits for.

Calls wait in two degrees. When the venue asks to wait (429) all do but cancels. When it has banned us, or its request
weight is used up, so that a cancel would be refused and count against us, cancels wait too: nothing is sent at all.

This file is compiled (`venue_calls.pxd` has the C types).
"""

from collections.abc import Callable
from typing import Any, Protocol

from agents.execution.budget import VenueBudget
from agents.execution.order_table import Order
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, OrderReport, TransferReport, Verdict
from mesh.context import Context, VenueCall, VenueReply
from schemas.counters import Counter
from schemas.units import MS

WAITING = "the venue's rate limiter asked to wait"
CANCEL_WEIGHT = 1
SLOW_NS = 2_000 * MS
"""An answer that took longer is a sign that the venue is in trouble."""

_ACCEPTED = CallResult.ACCEPTED


class Watch(Protocol):
    """Whoever judges by the venue's answers whether it can be traded with."""

    def judged(self, verdict: Verdict) -> Verdict:
        """Take an answer that was not what was wanted; return it, with what is known of its cause."""
        ...

    def slow(self, took_ns: int) -> None:
        """Take an answer that took that long."""
        ...


class Unwatched:
    """A watch that judges nothing."""

    def judged(self, verdict: Verdict) -> Verdict:
        """Return the verdict as it is."""
        return verdict

    def slow(self, took_ns: int) -> None:
        """Leave it at that."""


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
        self.transfers: list[TransferReport] = []
        """The deposits and withdrawals that the venue lists, if it was asked."""
        self.cursors: dict[int, str] = {}
        """Where to go on when all fills that the pass was told of are booked, by instrument."""

    def fail(self, verdict: Verdict) -> None:
        """Take note that an answer is missing."""
        self.failed = verdict.text or verdict.result.name


Handler = Callable[[VenueReply, Any, ReconcilePass | None], None]


class PendingCall:
    """A call that is out, and who waits for its end."""

    def __init__(self, handler: Handler, subject: Any, run: ReconcilePass | None, sent_ns: int, weight: int) -> None:
        """Take what is told of the end, what the call is about, the pass that it belongs to, and what was paid for it."""
        self.handler = handler
        self.subject = subject
        self.run = run
        self.sent_ns = sent_ns
        self.weight = weight
        self.counts = False
        """Whether it counts as a new order."""


class VenueCalls:
    """Makes calls and hands their ends to whoever waits for them."""

    def __init__(self, account: TradingAccount, reserve: float = 0.0) -> None:
        """Begin with nothing out; `ctx` is set before the first call, and `watch` by who judges the venue."""
        self.ctx: Context
        self.watch: Watch = Unwatched()
        self.budget = VenueBudget(account.limits, account.create_weight, reserve)
        self.blocked_until_ns = 0
        """Nothing but cancels is sent before then: the venue asked to wait, or `held_until_ns` says so."""
        self.held_until_ns = 0
        """Nothing at all is sent before then."""
        self._account = account
        self._out: dict[int, PendingCall | Order] = {}

    def is_blocked(self) -> bool:
        """Return whether calls wait; only cancels are sent all the same, and they not if `is_held`."""
        return self.ctx.now_ns < self.blocked_until_ns

    def is_held(self) -> bool:
        """Return whether even cancels wait."""
        return self.ctx.now_ns < self.held_until_ns

    def hold(self, wait_ns: int) -> None:
        """Send nothing for so long."""
        self.held_until_ns = max(self.held_until_ns, self.ctx.now_ns + wait_ns)
        self.blocked_until_ns = max(self.blocked_until_ns, self.held_until_ns)

    def call(self, call: VenueCall, handler: Handler, subject: Any, run: ReconcilePass | None = None) -> None:
        """Make a REST call whose end goes to `handler(reply, subject, run)`."""
        ctx, weight = self.ctx, self._account.weight_of(call)
        self.budget.take(ctx.now_ns, ctx.wall_ns, weight)
        self._out[ctx.call(call)] = PendingCall(handler, subject, run, ctx.now_ns, weight)
        if run is not None:
            run.outstanding += 1
        self._hold_if_used_up()

    def amend(self, call: VenueCall, handler: Handler, subject: Any) -> None:
        """Make the call that amends an order, which may count as a new one."""
        ctx, weight, counts = self.ctx, self._account.weight_of(call), self._account.amend_counts
        self.budget.take(ctx.now_ns, ctx.wall_ns, weight)
        if counts:
            self.budget.take_amend(ctx.now_ns, ctx.wall_ns)
        pending = PendingCall(handler, subject, None, ctx.now_ns, weight)
        pending.counts = counts
        self._out[ctx.call(call)] = pending
        self._hold_if_used_up()

    def has_order(self, closes: bool) -> bool:
        """Return whether the budget has room for a create; one that `closes` a position may use the reserve."""
        return self.budget.has_order(self.ctx.now_ns, self.ctx.wall_ns, closes)

    def created(self, call_id: int, order: Order) -> None:
        """Take note of the call that was made to create `order`; `ended` gives the order back with its reply."""
        self._out[call_id] = order
        self.budget.take_order(self.ctx.now_ns, self.ctx.wall_ns)

    def ended(self, reply: VenueReply) -> PendingCall | Order:
        """Return who waits for the reply, forget the call, and learn what the venue says of its limits."""
        waits = self._out.pop(reply.call_id)
        if isinstance(waits, Order):
            self.budget.order_answered()
            sent_ns = waits.sent_ns
        else:
            self.budget.answered(waits.weight)
            if waits.counts:
                self.budget.amend_answered()
            sent_ns = waits.sent_ns
        if reply.headers:
            self.budget.correct(self._account.limit_headers(reply), sent_ns)
            self._hold_if_used_up()
        if self.ctx.now_ns - sent_ns > SLOW_NS:
            self.watch.slow(self.ctx.now_ns - sent_ns)
        return waits

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
        return self._judged(self._account.order_verdict(reply))

    def proof(self, reply: VenueReply) -> Verdict:
        """Return what any other reply proves."""
        return self._judged(self._account.proof(reply))

    def _judged(self, verdict: Verdict) -> Verdict:
        """Wait as long as the venue's rate limiter asked for, if it did, and tell the watch of what went wrong."""
        if verdict.result is _ACCEPTED:
            return verdict
        if verdict.retry_after_ns:
            self.ctx.count(Counter.VENUE_RATE_LIMITED)
            self.blocked_until_ns = max(self.blocked_until_ns, self.ctx.now_ns + verdict.retry_after_ns)
            if verdict.banned:
                self.hold(verdict.retry_after_ns)
        return self.watch.judged(verdict)

    def _hold_if_used_up(self) -> None:
        """Send nothing until the window ends in which not even a cancel is left."""
        ctx = self.ctx
        wait_ns = self.budget.wait_ns(ctx.now_ns, ctx.wall_ns, CANCEL_WEIGHT, True)
        if wait_ns:
            self.hold(wait_ns)
