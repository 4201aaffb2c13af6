"""The dead man's switch of a venue that has one: it cancels an account's orders unless it is told again and again not to.

It is the last of three that cancel for an execution that is gone, after execution's own orderly stop and the reaper, and
the only one that works when nothing of this mesh reaches the venue any more. So its time is the longest: a restart within
it costs nothing. It is longer still where there is a switch for each of many instruments, and telling all of them so often
would take too much of what the venue allows. An orderly stop leaves it armed: orders that are left to rest then are
canceled by the venue when the time is over, unless execution is back; who wants them to rest sets the time to 0, which
never arms it.
"""

from collections.abc import Sequence

from agents.execution.venue_calls import ReconcilePass, VenueCalls
from agents.instruments import InstrumentInfo
from agents.venues.port import TradingAccount
from agents.venues.reports import CallResult
from mesh.context import Context, VenueReply
from schemas.counters import Counter
from schemas.units import MINUTE, MS

DEAD_MAN = "dead_man"
"""The timer that tells the venue again."""
TELLS = 3
"""How often the venue is told within the time: one that is lost must not trip it."""
WEIGHT_PARTS = 6
"""Telling the venue takes this part of its request weight at most."""


class DeadManSwitch:
    """Keeps the switch of one account armed for each of its instruments, if its venue has one and `timeout_ms` is not 0."""

    def __init__(
        self, account: TradingAccount, instruments: Sequence[InstrumentInfo], calls: VenueCalls, timeout_ms: int
    ) -> None:
        """Take the account; nothing is armed before `tell`."""
        self._account = account
        self._instruments = instruments[:1] if account.dead_man_of_account else instruments
        self._calls = calls
        self._timeout_ms = self._affordable(timeout_ms)
        self._armed_until_ns: dict[int, int] = {}
        self._trouble = "the venue was not told yet"
        self._ctx: Context

    def _affordable(self, timeout_ms: int) -> int:
        """Return the time, or the least for which the venue may be told as often as that needs."""
        account = self._account
        if not account.has_dead_man_switch or not timeout_ms:
            return timeout_ms
        weight = sum(account.weight_of(account.dead_man_switch(info, timeout_ms)) for info in self._instruments)
        return max(timeout_ms, TELLS * WEIGHT_PARTS * weight * (MINUTE // MS) // account.weight_per_minute_max)

    def bind(self, ctx: Context) -> None:
        """Take the context."""
        self._ctx = ctx

    def tell(self) -> None:
        """Tell the venue that execution lives, now and from now on."""
        if not self._account.has_dead_man_switch or not self._timeout_ms:
            return
        if not self._calls.is_blocked():
            for info in self._instruments:
                call = self._account.dead_man_switch(info, self._timeout_ms)
                self._calls.call(call, self._on_told, (info, self._ctx.now_ns))
        self._ctx.set_timer(DEAD_MAN, self._ctx.now_ns + self._timeout_ms * MS // TELLS)

    def state(self) -> str:
        """Return for people whether the venue would cancel, and after how long."""
        if not self._account.has_dead_man_switch:
            return "the venue has none"
        if not self._timeout_ms:
            return "off"
        now_ns = self._ctx.now_ns
        if all(self._armed_until_ns.get(info.id, 0) > now_ns for info in self._instruments):
            return f"armed {self._timeout_ms / 1000:g} s"
        return f"not armed: {self._trouble}"

    def _on_told(self, reply: VenueReply, told: tuple[InstrumentInfo, int], _: ReconcilePass | None) -> None:
        info, sent_ns = told
        verdict = self._calls.proof(reply)
        if verdict.result == CallResult.ACCEPTED:
            self._armed_until_ns[info.id] = sent_ns + self._timeout_ms * MS
        else:
            self._ctx.count(Counter.DEAD_MAN_NOT_TOLD)
            self._trouble = verdict.text or verdict.result.name
