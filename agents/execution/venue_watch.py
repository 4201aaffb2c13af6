"""Whether the venue can be traded with: execution's circuit breaker on creates, and the ban.

Answers that prove nothing (timeouts, 5xx), calls that did not get there, answers that took too long and requests that were
refused for their time are failures; so are UNKNOWN orders, each of which is an answer that proved nothing. Too many of them
open the breaker, and a ban does at once. While it is not CLOSED nothing is created that opens a position. What is open
stays watched: passes, queries and cancels go on, and what closes a position does. A probe asks for the open orders and
never creates anything.

A ban is told in the log too, with its length: a later life waits for its end before it asks for anything. Breaker and ban
are `BreakerChanged` on the agent's own stream, under the names `create` and `ban`.
"""

from agents.execution.readiness import Readiness
from agents.execution.venue_calls import ReconcilePass, VenueCalls
from agents.execution.venue_time import VenueTime
from agents.state.breaker import BreakerState, CircuitBreaker
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult, Verdict
from mesh.context import Context, VenueReply
from schemas.config import BreakerConfig
from schemas.messages import BreakerChanged
from schemas.orders import Reason
from schemas.streams import AGENT_STREAM
from schemas.units import MS, SECOND

CREATE, BAN = "create", "ban"
BREAKER = "breaker"
"""Name of the timer, and of the bar."""
_FAILURES = (CallResult.UNKNOWN, CallResult.NOT_SENT)


class VenueWatch:
    """Implements `agents.execution.venue_calls.Watch`."""

    def __init__(
        self,
        account: TradingAccount,
        calls: VenueCalls,
        readiness: Readiness,
        time: VenueTime,
        config: BreakerConfig,
    ) -> None:
        """Take whom to tell; `bind` comes before all else."""
        self._account = account
        self._calls = calls
        self._readiness = readiness
        self._time = time
        self._breaker = CircuitBreaker(CREATE, config)
        self.banned_until_wall_ns = 0
        self.restored: BreakerChanged | None = None
        """The last change of an earlier life."""

    def bind(self, ctx: Context) -> None:
        """Take the agent's context."""
        self._ctx = ctx

    def restore(self, message: BreakerChanged) -> None:
        """Fold one event of the own log."""
        if message.breaker == CREATE:
            self.restored = message
        elif message.breaker == BAN:
            self.banned_until_wall_ns = message.ts_ns + message.wait_ns

    def start(self) -> None:
        """Take up what an earlier life left: a breaker that was open is open, and a ban lasts."""
        if self.restored is not None:
            self._breaker.restore(self.restored, self._ctx.now_ns)
        left_ns = self.banned_until_wall_ns - self._ctx.wall_ns
        if left_ns > 0:
            self._calls.hold(left_ns)
            self._breaker.trip(self._ctx.now_ns, self._ctx.wall_ns, self._readiness.text or "banned", left_ns)
        self._settle()

    def on_timer(self) -> None:
        """Let a probe go once the wait is over and calls may be made."""
        now_ns = self._ctx.now_ns
        if self._breaker.state is not BreakerState.OPEN:
            self._probe()
        elif self._calls.is_blocked():
            self._ctx.set_timer(BREAKER, self._calls.blocked_until_ns)
        else:
            self._note(self._breaker.on_time(now_ns, self._ctx.wall_ns))
            self._probe()

    def judged(self, verdict: Verdict) -> Verdict:
        """Count what went wrong; name the clock where the venue refused a request for its time."""
        if verdict.banned:
            self._on_ban(verdict)
        elif verdict.result in _FAILURES:
            self._fail(verdict.text or verdict.result.name)
        elif verdict.reason == Reason.VENUE_CLOCK:
            text = f"{verdict.text} (the venue's clock: {self._time.text})"
            self._fail(text)
            self._time.doubt()
            return Verdict(verdict.result, verdict.reason, text)
        return verdict

    def slow(self, took_ns: int) -> None:
        """Count an answer that took too long."""
        self._fail(f"an answer took {took_ns // MS} ms")

    @property
    def figures(self) -> dict[str, str]:
        """Return the state of the breaker by its name, with why and how long; the ban's if there is one."""
        left_ns = self.banned_until_wall_ns - self._ctx.wall_ns
        ban = {BAN: f"for another {left_ns // SECOND + 1} s"} if left_ns > 0 else {}
        return {CREATE: f"{self._breaker.state.name} {self._breaker.text}".rstrip(), **ban}

    def _on_ban(self, verdict: Verdict) -> None:
        now_ns, wall_ns, wait_ns = self._ctx.now_ns, self._ctx.wall_ns, verdict.retry_after_ns
        if wall_ns + wait_ns > self.banned_until_wall_ns:
            self.banned_until_wall_ns = wall_ns + wait_ns
            self._ctx.publish(AGENT_STREAM, BreakerChanged(BAN, int(BreakerState.OPEN), verdict.text, wall_ns, wait_ns))
        self._note(self._breaker.trip(now_ns, wall_ns, f"banned: {verdict.text}", wait_ns))

    def _fail(self, text: str) -> None:
        self._note(self._breaker.fail(self._ctx.now_ns, self._ctx.wall_ns, text))

    def _probe(self) -> None:
        if self._breaker.state is BreakerState.HALF_OPEN:
            self._calls.call(self._account.open_orders(), self._on_probe, None)

    def _on_probe(self, reply: VenueReply, _: None, run: ReconcilePass | None) -> None:
        """Go on with the next probe; one that failed has opened the breaker again when it was judged."""
        if self._calls.proof(reply).result is CallResult.ACCEPTED:
            self._note(self._breaker.succeed(self._ctx.wall_ns))
            self._probe()
        elif self._breaker.state is BreakerState.HALF_OPEN:
            self._fail("a probe was refused")

    def _note(self, change: BreakerChanged | None) -> None:
        """Publish a change, and have everyone act by it."""
        if change is not None:
            self._ctx.publish(AGENT_STREAM, change)
            self._settle()

    def _settle(self) -> None:
        if self._breaker.closed:
            self._ctx.cancel_timer(BREAKER)
            self._readiness.lift(BREAKER)
            return
        self._readiness.bar(BREAKER, Reason.BREAKER_OPEN, f"breaker {CREATE}: {self._breaker.text}")
        if self._breaker.state is BreakerState.OPEN:
            self._ctx.set_timer(BREAKER, self._breaker.retry_ns)
